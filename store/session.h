/* SPDX-License-Identifier: MIT
 * session - the record of one session as the store keeps it (a Redis hash, record version 1), and
 * its codec. Pure: no I/O. Field names of the hash stand in session.c and store/scripts alone. */
#ifndef SD_SESSION_H
#define SD_SESSION_H

#include "handle.h"
#include "labels.h"

#define SESSION_RECORD_VERSION 1

enum session_status { SESSION_GONE = 0, SESSION_ENDED, SESSION_ACTIVE };
enum session_mode { SESSION_MODE_TOKEN = 1, SESSION_MODE_COOKIE = 2, SESSION_MODE_BOTH = 3 };

struct session {
	struct sid sid;
	enum session_status status; /* as recorded: clocks are judged by session_rules */
	enum end_reason end_reason;
	enum session_mode mode;
	bool remember_me;
	uint32_t generation;        /* of the refresh token; the session token has its own */
	uint32_t session_generation;
	uint32_t version;           /* ETag: rises with each change of data */
	int64_t created_ms, seen_ms, ended_ms;
	int64_t auth_time_s;
	int64_t idle_s, absolute_s; /* durations as the policy was at creation */
	int64_t refresh_expires_s;  /* the current refresh token's end */
	int64_t until_s;            /* latest exp of any access token issued */
	uint64_t request_count;
	struct sd_slice user, client, scope, acr;
	struct sd_slice audience;   /* JSON array text, "[]" when none */
	struct sd_slice amr;        /* JSON array text or empty */
	struct sd_slice claims;     /* JSON object text or empty */
	struct sd_slice ip, user_agent;
	struct sd_slice device_id, device_name, device_type, device_fingerprint, device_trust;
	struct sd_slice binding;    /* where it was made, hashed: worker/binding.c; empty when not bound */
	struct sd_slice data;       /* sealed; empty when none */
	uint8_t session_hash[32];   /* handle_hash() of the session token; zero when none */
	int64_t session_issued_s;   /* when that one came into use; 0 = at creation */
	uint8_t next_hash[32];      /* of the one that is to follow it; zero when none was given out */
	uint8_t old_hash[32];       /* of the one before, in use until old_since_ms */
	int64_t old_since_ms;
	bool has_parent;            /* it was shared from that one, and ends with it */
	struct sid parent;
};

/* From n name/value pairs of a HGETALL (pairs[2*i] name, pairs[2*i+1] value). Strict: unknown record
 * version, missing or malformed fields give SD_ERR_INVALID (the caller says CORRUPT). Slices
 * point into the pairs. */
int session_decode(const struct sid *sid, const struct sd_slice *pairs, size_t n, struct session *out)
    SD_MUSTCHECK;

/* The names of all fields that session_decode() reads, but data, binding and the token's hash: what lists
 * ask for. Returns how many; max must be enough (sd_bug). */
size_t session_list_fields(const char **names, size_t max);

#endif
