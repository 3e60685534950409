/* SPDX-License-Identifier: MIT
 * signer_sandbox - what the signer may ask of the kernel once it serves. */
#ifndef SD_SIGNER_SANDBOX_H
#define SD_SIGNER_SANDBOX_H

#include "heritage.h"

#define SIGNER_SANDBOX_ROWS 40

struct signer_sandbox {
	struct sd_sys_rule rules[SIGNER_SANDBOX_ROWS]; /* the table, and a row that names our pid */
	struct sd_sandbox_spec spec;                    /* points into rules */
};

void signer_sandbox_spec(const struct hm_boot *boot, struct signer_sandbox *out);

#endif
