/* SPDX-License-Identifier: MIT
 * redis_sub - the master's side of the store: subscription, revocation log, proofs of freshness.
 * Subscribe, read every log from the start, then fresh; wake-ups read one partition at once; polls
 * read all. A poll counts only under the conditions of design.md section 4; else position 0 again.
 * It knows nothing of the table: it reports entries and proofs upward. */
#ifndef SD_REDIS_SUB_H
#define SD_REDIS_SUB_H

#include "node_row.h"
#include "redis_dial.h"
#include "session.h"
#include "shm_health.h"

enum log_kind { LOG_NONE = 0, LOG_SESSION_END, LOG_CHANGE /* remembered copies are stale */, LOG_TENANT, LOG_CLIENT, LOG_KEY };

struct log_entry {
	uint8_t partition;
	uint64_t pos;            /* shm_log_pos() */
	int64_t at_ms;           /* the store's clock at commit (of the stream id) */
	enum log_kind kind;
	struct sd_slice tenant, user, id; /* id: client id or kid */
	struct sid sid;
	enum end_reason reason;
	int64_t until_s, before_s;
	int64_t absolute_s;      /* LOG_SESSION_END: when the session would have ended anyway */
};

struct redis_sub_events {
	void *arg;
	void (*entry)(void *arg, const struct log_entry *e);
	/* Knowledge of the store is void (new server, new log identity, gap): forget what was remembered;
	 * a complete read follows. first is true for the first one after start. */
	void (*reset)(void *arg, bool first);
	/* Optional. Another server may answer from now on, until the next proof. */
	void (*unsure)(void *arg);
	/* Optional. All logs were read completely: may this count? False: a poll will ask again. */
	bool (*settled)(void *arg);
	/* All that was committed before sent_at_ns (boot clock) has been reported through entry(). */
	void (*proof)(void *arg, int64_t sent_at_ns);
	/* One partition was read up to here after a wake-up or poll. */
	void (*applied)(void *arg, uint8_t partition, uint64_t pos);
	/* The store's wall clock at a boot time: offset and floor. */
	void (*clock)(void *arg, int64_t store_wall_ms, int64_t boot_ns);
	void (*state)(void *arg, enum health_status status, enum health_reason reason);
	/* redis_sub_leave() is over. */
	void (*left)(void *arg);
};

/* This node in the registry: a lease renewed with the polls; a poll counts only while it is held. */
struct redis_sub_node {
	const char *id, *name, *version; /* outlive the subscriber; id NULL: no registry (tests) */
	int64_t (*staleness_ms)(void *arg); /* the longest that this node trusts a proof; asked often */
	void *arg;
};

struct redis_sub_conf {
	struct sd_loop *loop;
	struct redis_addr addr;
	const char *prefix;
	int64_t poll_interval_ns, timeout_ns;
	struct redis_sub_events events;
	struct redis_sub_node node;
	bool managed; /* our own server: persistence is ours to have set up */
};

struct redis_sub;
/* Connects by itself, again and again with back-off (50 ms .. 1 s, jitter). */
int redis_sub_new(const struct redis_sub_conf *conf, struct redis_sub **out) SD_MUSTCHECK;
void redis_sub_free(struct redis_sub **sub);
/* A formatted command by the connection that reads the log; req ends by the timeout, or with the
 * connection. SD_ERR_CLOSED, SD_ERR_FULL: nothing was sent. */
struct redis_req;
int redis_sub_send(struct redis_sub *sub, struct sd_slice command,
		   struct redis_req *req) SD_MUSTCHECK;
/* A poll at once. */
void redis_sub_poll(struct redis_sub *sub);
bool redis_sub_is_fresh(const struct redis_sub *sub);
/* Nothing here trusts a proof any more: gives up the lease; no polls from now on. events.left runs
 * once, at most timeout_ns later, maybe inside the call. */
void redis_sub_leave(struct redis_sub *sub);
#define REDIS_SUB_NODES_MAX 64
/* The registry as of the last renewal; rows are the subscriber's until the loop turns. */
unsigned redis_sub_nodes(const struct redis_sub *sub, const struct node_row **rows_out);
/* The store's clock as the last poll saw it, moved on by our own; 0 = not known. */
int64_t redis_sub_store_ms(const struct redis_sub *sub, int64_t boot_ns);

#endif
