/* SPDX-License-Identifier: MIT
 * policy_unbuilt - settings that this version understands but cannot honour. Inside policy/. */
#ifndef SD_POLICY_UNBUILT_H
#define SD_POLICY_UNBUILT_H

#include "policy_schema.h"

/* The sentence for the operator, or NULL when the value can be honoured. */
const char *policy_unbuilt_why(const struct policy_row *row, const struct yaml_node *value);

#endif
