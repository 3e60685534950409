/* SPDX-License-Identifier: MIT
 * worker - the context of one worker process: what it was handed and what it remembers. One
 * instance, made in worker_main.c, passed down; no globals. */
#ifndef SD_WORKER_H
#define SD_WORKER_H

#include "activity.h"
#include "audit_client.h"
#include "generation.h"
#include "geo_table.h"
#include "heritage.h"
#include "http_limits.h"
#include "late.h"
#include "listener.h"
#include "loop.h"
#include "ratelimit.h"
#include "remember.h"
#include "shm_layout.h"
#include "store.h"

#define WORKER_MAX_LISTENERS 8

struct conn;
struct events;
struct exchange;
struct request;

struct worker {
	struct sd_loop *loop;
	struct hm_boot boot;
	struct sd_sandbox_report sandbox;
	int channel;
	struct sd_io channel_io;
	struct sd_timer beat;

	const struct shm_control *control;
	const struct shm_revocations *table;
	size_t table_size;
	struct geo_view countries; /* none without geo.database_file */
	struct shm_stats *stats;

	struct generation *generation;      /* in force; requests pin it */
	struct generation *coming;          /* its tenant keys are on their way */
	struct signer_link *spare_signer;   /* handed over, not yet used by a generation */

	struct listener listener[WORKER_MAX_LISTENERS];
	uint32_t listeners;
	struct conn *conns;
	uint32_t connections, max_connections;
	struct http_limits http_limits;
	struct exchange *idle_exchanges;    /* pool */
	uint32_t idle_exchange_count;

	struct store *store;
	struct audit_client audit;
	struct remember *tokens;            /* verified signatures */
	struct remember *sessions;          /* records read from the store */
	struct remember *callers;           /* verified tokens of other issuers, see known_caller.c */
	struct activity *activity;          /* when each session was seen */
	struct late *late;                  /* uses that the store is still to be told of */
	struct ratelimit *rates;

	struct request *waiting_applied;    /* see applied.h */
	struct sd_timer applied_timer;
	struct {                            /* see key_wait.h */
		struct request *first;
		uint32_t count;
		struct sd_timer timer;
		struct {
			uint64_t issuer;
			int64_t until_ns;
		} vain[8];
	} key_wait;
	struct events *event_streams;       /* see ep_events.c */
	struct request *waiting_metrics;    /* see ep_metrics.c */
	uint32_t in_flight;
	int64_t key_unknown_ns;             /* known_caller.c: the master was told last */
	struct {                            /* see source_tell.h */
		struct sd_timer timer;
		int64_t last_ns;
		uint64_t lost;
	} source_tell;
	int64_t refusals_s;                 /* refusal.c: which second, */
	uint32_t refusals;                  /* and how many records of it */
	uint64_t refusals_untold;           /* refusals since the last record of one that have none */
	int64_t unreadable_said_ns;         /* sealed.c: the last line about it; 0: none yet */
	uint64_t unreadable_untold;         /* and how many there were since */
	uint32_t sign_ids;
	uint64_t request_seed, request_count; /* of the request ids that we make */

	struct sign_call keys_call;         /* adopt.c: tenant keys of the coming generation */
	struct sd_timer keys_retry;
	uint64_t keys_generation;
	bool keys_asked;
	char store_prefix[40];
	struct {
		uint32_t index;
		int fd;
	} early_store[16];                  /* came before the store was made */
	uint32_t early_stores;
	/* bit per connection whose loss could not be told yet */
	uint32_t lost_stores;
	uint32_t beats_alone; /* without signer or auditor */
	int64_t drain_until_ns;

	bool locked_in;
	bool ready_sent;
	int64_t serve_by_ns; /* from then on also without a slot of the auditor's */
	struct sd_timer serve_later;
	bool draining;
};

#endif
