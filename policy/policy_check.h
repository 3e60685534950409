/* SPDX-License-Identifier: MIT
 * policy_check - rules between values: within the server file, within a tenant, between tenants.
 * All faults and notes, with the place of a value that would have to change. Master and tools. */
#ifndef SD_POLICY_CHECK_H
#define SD_POLICY_CHECK_H

#include "policy_fault.h"
#include "policy_tenant_conf.h"

void policy_check_server(const struct server_conf *s, struct policy_faults *faults);
void policy_check_tenant(const struct server_conf *s, const struct tenant_conf *t,
			 struct policy_faults *faults);
/* policy_cross.c: hosts, key hashes and totals of all tenants together. */
void policy_cross_check(const struct policy_config *c, struct policy_faults *faults);

#endif
