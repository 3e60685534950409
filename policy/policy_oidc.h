/* SPDX-License-Identifier: MIT
 * policy_oidc - clients that call with the token of another issuer: their settings checked, that
 * issuer's keys into the image. Master and tools only. */
#ifndef SD_POLICY_OIDC_H
#define SD_POLICY_OIDC_H

#include "policy_fault.h"
#include "policy_layout.h"

#define POLICY_URLS_MAX 64            /* different jwks_url in all tenants */
#define POLICY_JWKS_MAX (256u << 10) /* bytes of a set, from wherever */

/* What the settings of client i need of each other. */
void policy_oidc_check(const struct tenant_conf *t, size_t i, struct policy_faults *faults);
/* Reads and checks the clients' jwks_file. */
void policy_oidc_import(struct tenant_conf *t, struct sd_arena *arena, struct policy_faults *faults);
/* Two clients of any tenants that the same token would name. */
void policy_oidc_cross(const struct policy_config *c, struct policy_faults *faults);

/* Every client that calls with the token of an issuer whose keys are fetched. */
void policy_oidc_each_url(const struct policy_config *c,
			  void (*fn)(void *arg, const char *url, struct sd_slice ca), void *arg);

/* The row of a client, with its keys; nothing when it does not call by OIDC. */
int policy_oidc_add(struct policy_layout *l, uint32_t tenant, const struct conf_client *c,
		    uint32_t client) SD_MUSTCHECK;
/* All rows in their order. */
int policy_oidc_finish(struct policy_layout *l) SD_MUSTCHECK;

#endif
