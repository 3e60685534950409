/* SPDX-License-Identifier: MIT
 * preview_body - a tenant's policy document as JSON, as far as it can touch live sessions, on top of
 * the policy in force. */
#ifndef SD_PREVIEW_BODY_H
#define SD_PREVIEW_BODY_H

#include "request.h"

struct preview_policy {
	uint32_t idle_s, absolute_s, remember_idle_s, remember_absolute_s, touch_interval_s;
	uint32_t max_per_user;
	uint32_t bind_ip, bind_user_agent, bind_device; /* enum policy_binding */
	uint32_t bind_ip_v4, bind_ip_v6;
	struct sd_slice removed; /* lines of client, blank, a time after all: clients that it has not */
	struct sd_slice types;   /* max_per_device_type: lines of name, blank, number */
	struct sd_slice levels; /* devices.trust, as policy_tenant's levels_text */
};

/* What is in force. */
struct preview_policy preview_policy_of(struct request *r);
/* The document in r's body, over *p. STEP_NEXT, or STEP_DONE with a 400 answered. */
enum step preview_body_read(struct request *r, struct preview_policy *p) SD_MUSTCHECK;

#endif
