/* SPDX-License-Identifier: MIT
 * ctl_sessions - the sessions of a running node, and what a changed policy would do to them. */
#ifndef SD_CTL_SESSIONS_H
#define SD_CTL_SESSIONS_H

#include "ctl.h"

/* argv holds what stands behind "sessions":
 *	list TENANT [--user U] [--device D] [--client C] [--ip A] [--status active|ended]
 *	            [--limit N] [--cursor C | --all]
 *	show TENANT ID		explain TENANT ID
 *	revoke TENANT (ID | --user U)
 * and for all --key-file FILE, and --url URL where it is not the first API listener of the
 * configuration (-c). Exit code 0, 1, 2, 3. */
ctl_group_fn ctl_sessions;
/* preview TENANT: the file of the configuration (-c) against the running node. */
ctl_group_fn ctl_sessions_preview;

#endif
