/* SPDX-License-Identifier: MIT
 * ctl_client - `sessionctl client`: an API key for an application, made here and shown once. */
#ifndef SD_CTL_CLIENT_H
#define SD_CTL_CLIENT_H

#include "ctl.h"

/* argv holds what stands behind "client":
 *	new TENANT ID --permissions LIST     LIST: sessions:create,sessions:validate
 * Prints the key (nothing stores it) and the entry for the tenant's file; with --json
 * {"key","key_hash"}. Needs no configuration, changes no file. Exit code 0, 1, 2. */
ctl_group_fn ctl_client;

#endif
