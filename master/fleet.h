/* SPDX-License-Identifier: MIT
 * fleet - the children: which are wanted, which are alive, what each one holds. */
#ifndef SD_FLEET_H
#define SD_FLEET_H

#include "boards.h"
#include "chan.h"
#include "segments.h"
#include "throttle.h"

struct master;

enum child_state {
	CHILD_NONE = 0,
	CHILD_HELD,    /* its replacement waits for the throttle */
	CHILD_BOOTING, /* asked for; until HM_READY (redis: until it has a pid) */
	CHILD_READY,
	CHILD_LEAVING, /* told to drain or killed */
};

#define FLEET_REDIS 0
#define FLEET_AUDITOR 1
#define FLEET_FETCHER 2
#define FLEET_GEO 3 /* lives as long as it reads the file of countries */
#define FLEET_SIGNER 4 /* two: the one in force, and its successor during a reload */
#define FLEET_SIGNERS 2
#define FLEET_WORKER (FLEET_SIGNER + FLEET_SIGNERS)
#define FLEET_MAX (FLEET_WORKER + HERITAGE_MAX_WORKERS)

struct child {
	struct master *m;
	enum role role;
	uint32_t index;
	enum child_state state;
	bool wanted;             /* replaced when it dies */
	bool was_ready;          /* in this life */
	bool kill_early;         /* killed before its pid was known */
	int32_t pid;             /* 0 = not known (yet) */
	uint32_t life;           /* rises with each start */
	struct chan chan;
	struct board board;
	struct throttle throttle;
	struct sd_timer timer;   /* HELD: start; BOOTING: too late; LEAVING: kill */
	int64_t started_ns;
	uint64_t restarts;
	uint64_t generation;     /* policy it works with */
	const struct policy_segment *policy; /* what the next start is given */
	struct sd_sandbox_report sandbox;
	const char *reason;      /* why the master ended it; NULL = it did not */
	char told[256];          /* HM_FAILED */
};

enum fleet_stage { FLEET_OFF = 0, FLEET_WAIT_AUDITOR, FLEET_WAIT_SIGNER, FLEET_WAIT_WORKERS, FLEET_COMPLETE };

struct fleet {
	struct child child[FLEET_MAX];
	uint32_t workers;
	uint32_t signer;         /* 0 or 1: the one in force */
	enum fleet_stage stage;
};

static inline struct child *fleet_auditor(struct fleet *f)
{
	return &f->child[FLEET_AUDITOR];
}
static inline struct child *fleet_fetcher(struct fleet *f)
{
	return &f->child[FLEET_FETCHER];
}
static inline struct child *fleet_geo(struct fleet *f)
{
	return &f->child[FLEET_GEO];
}
static inline struct child *fleet_signer(struct fleet *f)
{
	return &f->child[FLEET_SIGNER + f->signer];
}
static inline struct child *fleet_spare_signer(struct fleet *f)
{
	return &f->child[FLEET_SIGNER + (1 - f->signer)];
}
static inline struct child *fleet_worker(struct fleet *f, uint32_t i)
{
	return &f->child[FLEET_WORKER + i];
}

#define NOFILE_SPARE 256 /* of a worker, beside its connections; of the other roles, all */

/* fleet.c */
void fleet_start(struct master *m);
void fleet_child_want(struct child *c, const struct policy_segment *policy);
void fleet_child_ready(struct child *c);
void fleet_child_ended(struct child *c, int status);
/* 1 s: late heartbeats, stuck processes. */
void fleet_watch(struct master *m);
/* Ready workers; all wanted children of a role ready? */
uint32_t fleet_ready_workers(const struct fleet *f);
/* SIGTERM-like end: no replacement; HM_DRAIN (redis: SIGTERM), killed after wait_ms. */
void fleet_child_retire(struct child *c, int64_t wait_ms);
/* SIGKILL now; it is replaced if wanted. reason is a constant. */
void fleet_child_kill(struct child *c, const char *reason);
bool fleet_role_gone(const struct fleet *f, enum role role);

/* spawn.c: the launcher's side of a child's life. */
int spawn_open(struct master *m) SD_MUSTCHECK;
void spawn_child(struct child *c);
void spawn_signal(struct child *c, int number);

/* handover.c: everything a child is given, in order; sockets between children. */
int handover_child(struct child *c) SD_MUSTCHECK;
/* A fresh socket between provider (signer, auditor) and the worker. */
void handover_connect(struct child *provider, struct child *worker);
void handover_connect_all(struct child *provider);
void handover_table(struct master *m);
void handover_audit_file(struct master *m);
/* Sends; a child that cannot be told is killed. */
void handover_send(struct child *c, enum hm_type type, const void *body, size_t n, int fd);
/* What a child says. */
void handover_on_msg(struct chan *ch, const struct hm_msg *msg, int fd);

#endif
