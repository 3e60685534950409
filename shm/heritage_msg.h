/* SPDX-License-Identifier: MIT
 * heritage_msg - the bodies of the messages on a role's channel; heritage.h says which message has
 * which, and heritage.c checks their sizes. Fixed layouts: no pointer, no padding that matters. */
#ifndef SD_HERITAGE_MSG_H
#define SD_HERITAGE_MSG_H

#include "sandbox.h"

struct hm_spawn {
	uint32_t role;
	uint32_t index;
};

struct hm_child {
	int32_t pid;
	int32_t status;
	uint32_t role;
	uint32_t index;
};

struct hm_boot {
	uint32_t role;
	uint32_t index;
	uint32_t workers;
	uint32_t sandbox_mode;    /* enum sd_sandbox_mode */
	uint32_t sandbox_require; /* SD_SANDBOX_* */
	uint32_t nofile;
	uint32_t log_level;
	uint32_t log_format;
	char node[72];
	char keys_dir[400];        /* signer: where it reads private keys, before its lock-down */
	char master_key_file[400]; /* signer; previous ones stand in the policy's server record */
};

struct hm_generation {
	uint64_t number;
};

enum listener_role { LISTENER_NONE = 0, LISTENER_API, LISTENER_GATEWAY, LISTENER_ADMIN };

struct hm_listener {
	uint32_t index;
	uint32_t role;    /* enum listener_role */
	uint32_t is_unix; /* no address of the peer, no TCP options */
	uint32_t pad;
};

struct hm_store {
	uint32_t index; /* 0 .. connections_per_worker-1 */
	uint32_t shard; /* 0; the node's number in Cluster mode */
};

struct hm_peer {
	uint32_t role;
	uint32_t index;
};

struct hm_secret {
	uint16_t n;
	uint8_t bytes[256];
};

#define HM_URL_MAX 904
#define HM_FETCHED_MOST (96u << 10) /* bytes of a set on its way to the master */

struct hm_fetch {
	char url[HM_URL_MAX];
};

struct hm_fetched {
	uint32_t good;      /* 1, or `why` says what was wrong */
	uint32_t max_age_s; /* the server's word; 0 = none */
	uint32_t size;      /* of all parts */
	uint32_t pad;
	char why[200];
};

struct hm_key_unknown { /* a caller's token names a key that its issuer's set does not have */
	uint64_t generation;
	uint32_t caller;    /* index of policy_image.callers */
	uint32_t pad;
};

#define HM_FAILURES_MOST 60
struct hm_failures { /* validations that a worker refused, by source: a keyed hash of tenant and address */
	uint32_t count, pad;
	struct hm_source {
		uint64_t tag;
		uint32_t minute; /* Unix time / 60 */
		uint32_t failures;
	} source[HM_FAILURES_MOST];
};

struct hm_ready {
	uint64_t generation;
	struct sd_sandbox_report sandbox;
};

#endif
