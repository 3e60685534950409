/* SPDX-License-Identifier: MIT
 * geo_sandbox - the system calls of the process that reads the operator's file of countries. */
#ifndef SD_GEO_SANDBOX_H
#define SD_GEO_SANDBOX_H

#include "heritage.h"

#define GEO_SANDBOX_ROWS 40

struct geo_sandbox {
	struct sd_sandbox_spec spec;
	struct sd_sys_rule rules[GEO_SANDBOX_ROWS];
};

void geo_sandbox_spec(const struct hm_boot *boot, struct geo_sandbox *out);

#endif
