/* SPDX-License-Identifier: MIT
 * auditor_sandbox - what the auditor may ask of the kernel once it serves. */
#ifndef SD_AUDITOR_SANDBOX_H
#define SD_AUDITOR_SANDBOX_H

#include "heritage.h"

#define AUDITOR_SANDBOX_ROWS 40

struct auditor_sandbox {
	struct sd_sys_rule rules[AUDITOR_SANDBOX_ROWS]; /* the table, and a row that names our pid */
	struct sd_sandbox_spec spec;                    /* points into rules */
};

void auditor_sandbox_spec(const struct hm_boot *boot, struct auditor_sandbox *out);

#endif
