/* SPDX-License-Identifier: MIT
 * launcher_users - what `sessiond-master --users` tells the launcher, on standard output. */
#ifndef SD_LAUNCHER_USERS_H
#define SD_LAUNCHER_USERS_H

#include "base.h"

struct launcher_users { /* whom each role becomes: a name or a decimal uid */
	uint32_t magic, version; /* of heritage.h */
	char master[72], signer[72], worker[72], auditor[72];
};

#endif
