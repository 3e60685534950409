/* SPDX-License-Identifier: MIT
 * quota_release - the place of a session that has ended, in the count of its tenant and client, is free
 * again. The log tells of every end, whoever made it. */
#ifndef SD_QUOTA_RELEASE_H
#define SD_QUOTA_RELEASE_H

#include "redis_sub.h"

struct master;

/* Of an end out of the log; nothing where the tenant has no such limit. Idempotent: each master of
 * each node may do it, and do it again when it reads the log again. */
void quota_release(struct master *m, const struct log_entry *e);

#endif
