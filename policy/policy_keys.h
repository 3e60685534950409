/* SPDX-License-Identifier: MIT
 * policy_keys - imports the public sidecars of a tenant's signing keys. Master and tools only. */
#ifndef SD_POLICY_KEYS_H
#define SD_POLICY_KEYS_H

#include "policy_fault.h"
#include "policy_tenant_conf.h"

/* Fills t->keys from KEYS_DIR/TENANT/KID.json (texts in arena). A tenant without a key that is
 * active at now_s is a fault that says how to make one. */
void policy_keys_import(struct tenant_conf *t, const char *keys_dir, int64_t now_s,
			struct sd_arena *arena, struct policy_faults *faults);

#endif
