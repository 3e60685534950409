/* SPDX-License-Identifier: MIT
 * launcher_users - what `sessiond-master --users` tells the launcher of the operator's file, on
 * standard output. */
#ifndef SD_LAUNCHER_USERS_H
#define SD_LAUNCHER_USERS_H

#include "base.h"

struct launcher_users { /* whom each role becomes: a name or a decimal uid */
	uint32_t magic, version; /* of heritage.h */
	char master[72], signer[72], worker[72], auditor[72], fetcher[72];
	uint32_t sandbox;    /* enum sd_sandbox_mode */
	uint32_t require;    /* SD_SANDBOX_* */
	char redis_dir[416]; /* of our own redis-server; "" = store.mode is another */
};

#endif
