/* SPDX-License-Identifier: MIT
 * ctl_policy - `sessionctl policy`: look at a configuration before it is in force. */
#ifndef SD_CTL_POLICY_H
#define SD_CTL_POLICY_H

#include "ctl.h"

/* argv holds what stands behind "policy":
 *	check                   every fault and note; what sessiond -t does
 *	diff OTHER              what changes from the configuration (-c) to the file OTHER, and which
 *	                        of it waits for a restart
 *	explain [TENANT] KEY    the value in force, where it comes from, what may stand there
 * With --json: {"ok","faults","notes"}, {"changed","ignored"}, {"key","value","origin",...}.
 * Exit code 0, 1, 2. */
ctl_group_fn ctl_policy;

#endif
