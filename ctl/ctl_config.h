/* SPDX-License-Identifier: MIT
 * ctl_config - the configuration for commands that need it: loaded, faults told. */
#ifndef SD_CTL_CONFIG_H
#define SD_CTL_CONFIG_H

#include "ctl.h"
#include "ctl_conf.h"
#include "policy_config.h"

struct ctl_config {
	struct ctl_conf conf;         /* for the file commands; points into config */
	struct policy_config *config;
};

/* The server file alone; with the tenants, as they stand before the first key; all of it. */
enum ctl_config_depth { CTL_CONFIG_SERVER, CTL_CONFIG_KEYLESS, CTL_CONFIG_ALL };

/* Every fault goes to standard error. CTL_DONE or CTL_FAILED. */
int ctl_config_load(const struct ctl *ctl, enum ctl_config_depth depth, struct ctl_config *out) SD_MUSTCHECK;
void ctl_config_fini(struct ctl_config *c);

#endif
