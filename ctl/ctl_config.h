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

enum ctl_config_keys { CTL_CONFIG_KEYLESS, CTL_CONFIG_WITH_KEYS };

/* Loads the file of ctl; keyless: as it stands before the first key was made. Every fault goes to
 * standard error. CTL_DONE or CTL_FAILED. */
int ctl_config_load(const struct ctl *ctl, enum ctl_config_keys keys, struct ctl_config *out) SD_MUSTCHECK;
void ctl_config_fini(struct ctl_config *c);

#endif
