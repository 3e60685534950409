/* SPDX-License-Identifier: MIT
 * security_tell - tells the store what this node's workers refused (security_tally.h). */
#ifndef SD_SECURITY_TELL_H
#define SD_SECURITY_TELL_H

#include "redis_link.h"
#include "security_tally.h"

struct master;

struct security_tell {
	struct master *m;
	struct redis_req req;
	bool busy;  /* a reply is owed */
	bool known; /* the server has the script, as far as we know */
	struct security_tally tally;
};

/* SD_ERR_MEMORY */
int security_tell_open(struct master *m) SD_MUSTCHECK;
/* Once a second. */
void security_tell_tick(struct master *m);

#endif
