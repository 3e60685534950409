/* SPDX-License-Identifier: MIT
 * ctl_keys - `sessionctl keys`: signing keys as files, made, listed, rotated, retired. */
#ifndef SD_CTL_KEYS_H
#define SD_CTL_KEYS_H

#include "ctl_conf.h"

/* argv holds what stands behind "keys":
 *	new TENANT [--algorithm ALG]             the first key is active at once, a further one as
 *rotate list TENANT rotate TENANT|--due [--at now|TIME]      published now, active in 10 minutes or
 *at TIME retire TENANT KID                        refused for the only key that signs TIME is Unix
 *seconds or 2026-11-21T14:00:00Z. Due is a tenant without a key that signs or will, with another
 *algorithm or size than configured, or whose newest key is active for 90 days. Exit code: 0 done, 1
 *failed (reason on standard error), 2 usage. */
int ctl_keys(const struct ctl_conf *conf, int argc, char **argv) SD_MUSTCHECK;

#endif
