/* SPDX-License-Identifier: MIT
 * ctl - what every command group of sessionctl is given, and its exit codes. */
#ifndef SD_CTL_H
#define SD_CTL_H

#include "base.h"

#define CTL_DONE 0
#define CTL_FAILED 1
#define CTL_USAGE 2
#define CTL_NOT_RUNNING 3

#define CTL_DEFAULT_CONFIG "/etc/sessiond/sessiond.yaml"

struct ctl {
	const char *config; /* -c, or the default */
	const char *socket; /* -s; NULL: in the state_dir of the configuration */
	bool json;
};

/* One command group; argv holds what stands behind its name. The reason of a failure is on
 * standard error. Returns an exit code. */
typedef int ctl_group_fn(const struct ctl *ctl, int argc, char **argv);

ctl_group_fn ctl_status, ctl_reload, ctl_metrics; /* ctl_status.c */
ctl_group_fn ctl_doctor;                          /* ctl_doctor.c */

#endif
