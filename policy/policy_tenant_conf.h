/* SPDX-License-Identifier: MIT
 * policy_tenant_conf - the typed form of one tenant file and of its public keys. Texts and lists
 * live in the configuration's arena. Inside policy/, and for the tools. */
#ifndef SD_POLICY_TENANT_CONF_H
#define SD_POLICY_TENANT_CONF_H

#include "jose_alg.h"
#include "policy_config.h"

struct conf_strings {
	size_t count;
	struct sd_slice *v;
	struct policy_pos *pos;
};

struct conf_counts {
	size_t count;
	struct conf_count {
		struct sd_slice name;
		uint64_t max;
	} *v;
};

struct conf_hashes {
	size_t count;
	uint8_t (*v)[32];
	struct policy_pos *pos;
};

struct conf_roles {
	size_t count;
	struct conf_role {
		struct sd_slice name;
		uint32_t permissions;
	} *v;
};

struct conf_levels {
	size_t count;
	struct conf_level {
		char name[72], step_up[132];
		uint32_t idle_s, absolute_s, max_per_user; /* 0 = not given */
		struct policy_pos pos;
	} *v;
};

struct conf_oidc {             /* issuer "" = not by OIDC */
	char issuer[256], audience[128], party[128], claim[128];
	char jwks_file[CONF_PATH], jwks_url[904], ca_file[CONF_PATH];
	struct sd_slice jwks;  /* the file's text, checked */
	struct sd_slice ca;    /* ca_file's */
	struct conf_roles roles;
};

struct conf_client {
	char id[CONF_NAME];
	struct conf_oidc oidc;
	struct conf_hashes hashes;
	uint32_t permissions, unused;
	struct policy_pos pos;
};

struct conf_clients {
	size_t count;
	struct conf_client *v;
};

struct conf_key { /* a public sidecar, imported */
	struct sd_slice kid, spki, jwk; /* jwk: its JSON as the JWKS shows it */
	enum jose_alg alg;
	int64_t publish_s, activate_s, retire_s, remove_s; /* INT64_MAX = open */
};

struct tenant_conf {
	char file[CONF_PATH];
	char name[64], issuer[256];
	char cookie_name[72], cookie_path[256], cookie_domain[256], login_url[1024];
	struct conf_strings hosts, audiences, sharing_clients;
	struct conf_counts device_limits, client_limits;
	struct conf_levels levels;
	struct conf_clients clients;
	uint32_t signing_bits, overlap_s;
	struct policy_tenant p; /* the numbers, as the image has them; its texts and lists are unused */
	struct policy_pos pos[CONF_MAX_ROWS];
	size_t key_count;
	struct conf_key *keys; /* sorted by kid */
};

#endif
