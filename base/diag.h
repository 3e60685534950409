/* SPDX-License-Identifier: MIT
 * diag - a bounded human explanation that travels up beside an error code. */
#ifndef SD_DIAG_H
#define SD_DIAG_H

#include "base.h"

struct sd_diag {
	char text[512];
};

/* Writes the explanation (truncates; diag may be NULL) and returns err, so that
 * `return sd_diag_set(diag, SD_ERR_INVALID, "...")` is one line. Never put a secret in. */
int sd_diag_set(struct sd_diag *diag, int err, const char *fmt, ...) SD_PRINTF(3, 4);

/* Puts "prefix: " before what is there. */
void sd_diag_prefix(struct sd_diag *diag, const char *fmt, ...) SD_PRINTF(2, 3);

#endif
