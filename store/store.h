/* SPDX-License-Identifier: MIT
 * store - a worker's client of Redis, asynchronous, one round trip for each call (store_ask.h):
 * commands of one loop turn leave in one write, replies come back in order, every call ends by its
 * deadline. hiredis is the codec only. Nothing here blocks, opens or connects: connections are
 * handed in. */
#ifndef SD_STORE_H
#define SD_STORE_H

#include "loop.h"
#include "session.h"
#include "shm_layout.h"

struct redisReply;
struct store;
enum store_status {
	STORE_UNAVAILABLE = 0, /* no connection, deadline over, LOADING ...: may or may not have happened */
	STORE_CORRUPT,         /* the reply or record breaks its rules */
	STORE_LATE,            /* the script refused: its deadline had passed; nothing changed */
	STORE_ABSENT,          /* no such session, or code */
	STORE_LIMIT,           /* create: the policy rejects one more; nothing changed */
	STORE_ENDED,           /* the session had ended before (session.end_reason) */
	STORE_EXPIRED,         /* a clock had run out; the session is ended now (end_reason says which clock) */
	STORE_REUSED,          /* refresh: a token rotated away; the session is ended now. create: a code that was used */
	STORE_MISMATCH,        /* the presented secret never was this session's */
	STORE_SUCCESSOR,       /* refresh within the grace: `successor` is the sealed one made before */
	STORE_KEY,             /* another data key of the user stands: kept.key; nothing changed */
	STORE_CONFLICT,        /* the data is not what it was when it was read; nothing changed */
	STORE_LOCKED,          /* another holds the lock; nothing changed */
	STORE_RESTRICTED,      /* the user is restricted; nothing changed */
	STORE_OK
};

#define STORE_MAX_ROWS 500
/* One call; embedded in the request. All in it is valid inside done() and after it until
 * store_call_release(), called exactly once after done() ran (also for errors). */
struct store_call {
	void (*done)(struct store_call *call); /* set by the caller; runs from the loop, never inside the call */
	enum store_status status;
	int64_t now_ms;            /* the store's clock when the script ran */
	struct session session;    /* read, refresh, end: the record */
	int64_t iat_s, exp_s, absolute_at_s, idle_at_s, refresh_expires_s; /* create, refresh */
	struct sd_slice successor; /* refresh */
	uint32_t ended, partition; /* by this call; where */
	uint64_t log_pos, applied_before; /* shm_log_pos() of its last entry, 0 = none; had here when it was sent */
	uint64_t resets_before;    /* shm_fresh_resets() when it was sent */
	char log_id[44];           /* "ms-seq" of it; "" = none */
	uint32_t evicted_count;    /* create, quota; who ended for end_user and its like; more than 64 are only counted */
	struct sid evicted[64];
	uint32_t also_count;       /* create: replaced, run out; more than 16 are only counted */
	struct store_also { struct sid sid; enum end_reason reason; } also[16];
	uint32_t child_count;      /* ended with their parents; more than 32 are only counted */
	struct sid children[32];
	uint32_t row_count;
	struct session *rows;      /* list_user; rows are without data, freed by release */
	int64_t next_score_ms;     /* list_user: continue below this (-1 = end), at next_sid among equals */
	struct sid next_sid;
	int64_t tenant_before_s, client_before_s, key_before_s; /* read: rules of the tenant record; 0 = none */
	struct store_kept {        /* store_data.h; create with STORE_KEY */
		struct sd_slice key;  /* the user's data key, wrapped; "" = none */
		struct sd_slice data; /* the user's own, sealed; "" = none */
		uint32_t version;
		int64_t updated_ms, fence, lock_until_ms;
		bool renewed, has_sid; /* renewed, create: the device was not known before */
		bool new_place;        /* create: nor was the network */
	} kept;
	struct store_privacy {     /* store_privacy.h */
		uint32_t records, left, devices;
		bool had_key, had_shared, changed;
		int64_t restricted_ms;
	} privacy;
	struct store_call *next; /* this and what follows: the store's own */
	struct redisReply *reply, *reply2;
	struct store_op *op;
};

struct store_conf {
	struct sd_loop *loop;
	const struct shm_control *control; /* store_offset_ms for script deadlines */
	const char *prefix;                /* "sd1:" */
	uint32_t connections;
	int64_t timeout_ns;
	void *arg;
	void (*lost)(void *arg, uint32_t index); /* a connection died: ask the master for another */
	/* A touch of which nobody knows whether the store heard. May be NULL; may run inside the call. */
	void (*touch_lost)(void *arg, const struct sid *sid);
	struct shm_stats *stats;           /* may be NULL (tests) */
	bool replica;                      /* an end counts when a replica has it; else UNAVAILABLE */
};

int store_new(const struct store_conf *conf, struct store **out) SD_MUSTCHECK;
/* Fails all calls under way with UNAVAILABLE first. */
void store_free(struct store **s);
void store_needs_replica(struct store *s, bool replica); /* from the next call on */
/* fd: connected, authenticated, non-blocking; the store owns it now. */
int store_connection(struct store *s, uint32_t index, int fd) SD_MUSTCHECK;
bool store_is_up(const struct store *s); /* at least one connection, and the breaker closed */
void store_call_release(struct store_call *call);

#endif
