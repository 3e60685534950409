/* SPDX-License-Identifier: MIT
 * worker_sandbox - the worker's table of system calls: one row and one reason each. */
#ifndef SD_WORKER_SANDBOX_H
#define SD_WORKER_SANDBOX_H

#include "heritage.h"

#define WORKER_SANDBOX_ROWS 64

struct worker_sandbox {
	struct sd_sandbox_spec spec;
	struct sd_sys_rule rules[WORKER_SANDBOX_ROWS];
};

void worker_sandbox_spec(const struct hm_boot *boot, struct worker_sandbox *out);

#endif
