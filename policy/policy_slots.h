/* SPDX-License-Identifier: MIT
 * policy_slots - the writing side of the slot numbers that policy_config.h lets look up: the old
 * number of a name, or the next free one. SD_ERR_FULL, SD_ERR_MEMORY. Inside policy/. */
#ifndef SD_POLICY_SLOTS_H
#define SD_POLICY_SLOTS_H

#include "policy_config.h"

int policy_slots_assign_tenant(struct policy_slots *s, struct sd_slice tenant, uint32_t *out)
    SD_MUSTCHECK;
int policy_slots_assign_client(struct policy_slots *s, struct sd_slice tenant,
			       struct sd_slice client, uint32_t *out) SD_MUSTCHECK;
int policy_slots_assign_key(struct policy_slots *s, struct sd_slice tenant, struct sd_slice kid,
			    uint32_t *out) SD_MUSTCHECK;

#endif
