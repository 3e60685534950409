/* SPDX-License-Identifier: MIT
 * event_copy - the copy of a tenant's audit record in the store, that all nodes can show. */
#ifndef SD_EVENT_COPY_H
#define SD_EVENT_COPY_H

#include "audit_msg.h"
#include "request.h"

/* After the record was sent to the auditor (it has its id). Without a tenant there is no copy. No
 * answer is waited for, a lost copy changes nothing. */
void event_copy_put(struct request *r, const struct audit_record *record);

#endif
