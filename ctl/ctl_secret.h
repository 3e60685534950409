/* SPDX-License-Identifier: MIT
 * ctl_secret - `sessionctl secret new`: the master secret. */
#ifndef SD_CTL_SECRET_H
#define SD_CTL_SECRET_H

#include "ctl_conf.h"

/* argv holds what stands behind "secret": new. Writes 32 random bytes to master_key_file (0600,
 * the signer's when run as root); an existing file is never overwritten. Exit code 0, 1, 2. */
int ctl_secret(const struct ctl_conf *conf, int argc, char **argv) SD_MUSTCHECK;

#endif
