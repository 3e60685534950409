/* SPDX-License-Identifier: MIT
 * ctl_explain - one key of a loaded configuration: value, origin, and what the schema says. */
#ifndef SD_CTL_EXPLAIN_H
#define SD_CTL_EXPLAIN_H

#include "ctl.h"
#include "policy_config.h"

/* tenant NULL: a key of sessiond.yaml. An unknown tenant or key is told, with a suggestion.
 * Exit code. */
int ctl_explain(const struct ctl *ctl, const struct policy_config *config, const char *tenant,
		const char *key) SD_MUSTCHECK;

#endif
