/* SPDX-License-Identifier: MIT
 * event_copy_master - the copy in the store of an audit record that the master made for a tenant. */
#ifndef SD_EVENT_COPY_MASTER_H
#define SD_EVENT_COPY_MASTER_H

#include "audit_msg.h"

struct master;

/* No answer is waited for; nothing for a tenant that is configured no more. */
void event_copy_master(struct master *m, const struct audit_record *record);

#endif
