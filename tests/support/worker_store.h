/* SPDX-License-Identifier: MIT
 * worker_store - worker_rig with a real Redis behind its store, real clocks, and a signer that
 * signs whatever it is asked for; the test is the master: it alone makes the node obey. */
#ifndef SD_WORKER_STORE_H
#define SD_WORKER_STORE_H

#include "worker_rig.h"

#include "real_redis.h"

struct worker_store {
	struct worker_rig rig;
	struct real_redis redis;
	char heard[65536];
	size_t have;
	bool refuse_to_sign;
};

/* 77 when there is no redis-server. Group setup: *state is the server and the rig. */
int worker_store_setup(void **state);
int worker_store_teardown(void **state);
/* Between tests: an empty server, a worker that remembers nothing, all proven. */
int worker_store_fresh(void **state);

/* Begins a request of brand-a's mobile (API key A) on a connection of its own. */
int worker_store_begin(struct worker_store *s, const char *line, const char *body);
/* Turns the loop a while; true when the answer has come (status, else 0, in *status_out). */
bool worker_store_wait(struct worker_store *s, int client, int turns, int *status_out);
/* Both: the status. Fails when no answer comes. */
int worker_store_ask(struct worker_store *s, const char *line, const char *body);
/* A text member of the last answer; static memory. */
const char *worker_store_member(const struct worker_store *s, const char *name);
bool worker_store_code(const struct worker_store *s, const char *code);

#endif
