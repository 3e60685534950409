/* SPDX-License-Identifier: MIT
 * event_copy_master - the copy in the store of an audit record that the master made for a tenant. */
#ifndef SD_EVENT_COPY_MASTER_H
#define SD_EVENT_COPY_MASTER_H

#include "audit_msg.h"
#include "redis_link.h"

struct master;

struct event_copy_master {
	struct redis_req req; /* of all that are under way: what is told by it is the same for each */
	bool known;           /* the server has the script, as far as we know */
};

/* No answer is waited for; nothing for a tenant that is configured no more. */
void event_copy_master(struct master *m, const struct audit_record *record);

#endif
