/* SPDX-License-Identifier: MIT
 * ctl_tenant - `sessionctl tenant`: tenant files. */
#ifndef SD_CTL_TENANT_H
#define SD_CTL_TENANT_H

#include "ctl.h"

/* argv holds what stands behind "tenant":
 *	new NAME --issuer URL    writes tenants.d/NAME.yaml (never over another); all else is default
 *	list                     name, issuer, algorithm, clients
 *	show NAME                every effective value with its origin
 * Keys need not exist yet. Exit code 0, 1, 2. */
ctl_group_fn ctl_tenant;

#endif
