/* SPDX-License-Identifier: MIT
 * policy_rules - the rules by time that are in force for a tenant and its clients, as the control segment
 * has them: "what began before this second is over". */
#ifndef SD_POLICY_RULES_H
#define SD_POLICY_RULES_H

#include "buf.h"
#include "policy_view.h"
#include "shm_layout.h"

/* Appends a line for each: the client (nothing: the tenant's own), a blank, before (Unix s). */
void policy_rules_text(const struct policy_view *v, const struct policy_tenant *t,
		       const struct shm_control *control, struct sd_buf *out);
/* Another number when one has come or become later; 0 = there is none. */
uint64_t policy_rules_mark(const struct policy_view *v, const struct policy_tenant *t,
			   const struct shm_control *control) SD_MUSTCHECK;

#endif
