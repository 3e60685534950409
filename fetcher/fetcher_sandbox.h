/* SPDX-License-Identifier: MIT
 * fetcher_sandbox - the fetcher's system calls and files. */
#ifndef SD_FETCHER_SANDBOX_H
#define SD_FETCHER_SANDBOX_H

#include "heritage.h"

#define FETCHER_SANDBOX_ROWS 64

struct fetcher_sandbox {
	struct sd_sandbox_spec spec;
	struct sd_sys_rule rules[FETCHER_SANDBOX_ROWS];
};

void fetcher_sandbox_spec(const struct hm_boot *boot, struct fetcher_sandbox *out);

#endif
