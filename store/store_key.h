/* SPDX-License-Identifier: MIT
 * store_key - the one place where names of keys and channels are made. Each key carries its
 * partition as hash tag, so that one script's keys live on one node of a cluster. */
#ifndef SD_STORE_KEY_H
#define SD_STORE_KEY_H

#include "handle.h"

#define STORE_PREFIX_MAX 40
#define STORE_KEY_MAX 192
#define STORE_TENANT_MAX 63

struct store_key {
	char s[STORE_KEY_MAX];
};

/* 1..40 of [A-Za-z0-9:_-]; SD_ERR_INVALID. All functions below want a prefix that passed. */
int store_key_check_prefix(const char *prefix) SD_MUSTCHECK;

/* Partition as two lower-case hex digits. */
void store_key_partition(uint8_t partition, char out[3]);
/* The partition of PREFIX{pp}:log, or of two hex digits alone; SD_ERR_INVALID. */
int store_key_log_parse(const char *prefix, struct sd_slice key, uint8_t *out) SD_MUSTCHECK;
int store_key_partition_parse(struct sd_slice text, uint8_t *out) SD_MUSTCHECK;

void store_key_log(struct store_key *k, const char *prefix, uint8_t partition);
void store_key_log_id(struct store_key *k, const char *prefix, uint8_t partition);
void store_key_deadlines(struct store_key *k, const char *prefix, uint8_t partition);
/* Which master sweeps the partition. */
void store_key_sweep(struct store_key *k, const char *prefix, uint8_t partition);
/* tenant: 1..63 of [a-z0-9-], as the policy has it. */
void store_key_tenant_index(struct store_key *k, const char *prefix, uint8_t partition,
			    struct sd_slice tenant);
/* What was counted: now; with ":HOUR" behind it, in that hour. */
void store_key_tally(struct store_key *k, const char *prefix, uint8_t partition,
		     struct sd_slice tenant);
/* What a session's id is appended to, and the whole. */
void store_key_session_base(struct store_key *k, const char *prefix, uint8_t partition,
			    struct sd_slice tenant);
void store_key_session(struct store_key *k, const char *prefix, struct sd_slice tenant,
		       const struct sid *sid);
/* What a user's hash is appended to: all sessions known; active ones alone; the data key. */
void store_key_user_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant);
void store_key_active_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant);
void store_key_data_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant);
/* ... and what the user's sessions share. */
void store_key_shared_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant);
/* ... and his devices; with ":d" behind the hash what is kept of each, sealed. */
void store_key_device_base(struct store_key *k, const char *prefix, uint8_t partition,
			   struct sd_slice tenant);
/* What the hash of an Idempotency-Key is appended to. */
void store_key_idem_base(struct store_key *k, const char *prefix, uint8_t partition,
			 struct sd_slice tenant);
/* First 16 bytes of SHA-256(tenant 0 user) in hex; SD_ERR_CRYPTO. */
int store_key_user_hash(struct sd_slice tenant, struct sd_slice user, char out[33]) SD_MUSTCHECK;
/* In the partition of (tenant, ""). */
void store_key_tenant_record(struct store_key *k, const char *prefix, struct sd_slice tenant);
/* What the names of the tenant's places (quota) begin with; the same partition. */
void store_key_quota_base(struct store_key *k, const char *prefix, struct sd_slice tenant);
/* The tenant's copy of its audit records (stream); the same partition. */
void store_key_events(struct store_key *k, const char *prefix, struct sd_slice tenant);
uint8_t store_key_tenant_partition(struct sd_slice tenant);
/* Of all nodes together, under the one tag {nodes}: the registry of leases (hash: id -> row), the
 * asks for acknowledgement (stream), the answers to one of them (hash: id -> 1). */
void store_key_nodes(struct store_key *k, const char *prefix);
void store_key_asks(struct store_key *k, const char *prefix);
void store_key_acks(struct store_key *k, const char *prefix, struct sd_slice nonce);
/* Not of a partition. */
void store_key_wake(struct store_key *k, const char *prefix);

#endif
