/* SPDX-License-Identifier: MIT
 * policy_sample - two tenants with a bit of everything, loaded and built. Follows policy_rig.h. */
#ifndef SD_TEST_POLICY_SAMPLE_H
#define SD_TEST_POLICY_SAMPLE_H

#include "policy_rig.h"

#define SAMPLE_HASH_3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"

static const struct policy_config *sample(struct policy_rig *r)
{
	rig_tenant("b", "hosts: [z.example, m.example]\ntokens: {audience: [api]}\nclients:\n"
			"  - {id: web, key_hashes: [\"" RIG_HASH_2
			"\"], permissions: [sessions:create]}\n"
			"  - {id: app, key_hashes: [\"" RIG_HASH_1 "\"], permissions: [admin]}\n");
	rig_tenant("a", "hosts: [n.example]\ndevices: {trust: {low: {idle_timeout: 5m, step_up: mfa}}}\nclients:\n"
			"  - {id: ops, key_hashes: [\"" SAMPLE_HASH_3
			"\"], permissions: [sessions:read]}\n");
	return rig_good(
	    r, "trusted_proxies: [10.0.0.0/8]\nsecrets: {previous_key_files: [old.key]}\n");
}

#endif
