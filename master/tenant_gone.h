/* SPDX-License-Identifier: MIT
 * tenant_gone - a tenant whose file was removed: its sessions end there, so that the file, given back,
 * revives none. */
#ifndef SD_TENANT_GONE_H
#define SD_TENANT_GONE_H

#include "policy_view.h"
#include "redis_link.h"

struct master;
struct tenant_gone_rule;

struct tenant_gone {
	struct master *m;
	struct redis_req req;
	bool busy; /* a reply is owed, about the first */
	struct tenant_gone_rule *first; /* of which the store is still to be told */
};

/* No worker serves `old` any more. This node obeys at once; the store is told, and by it the others. */
void tenant_gone_since(struct master *m, const struct policy_view *old, const struct policy_view *now);
/* Once a second. */
void tenant_gone_tick(struct master *m);

#endif
