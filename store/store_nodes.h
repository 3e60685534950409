/* SPDX-License-Identifier: MIT
 * store_nodes - which nodes there are and which of them have applied a position of the log: asked
 * of the store by a worker, answered there by the masters. */
#ifndef SD_STORE_NODES_H
#define SD_STORE_NODES_H

#include "node_row.h"
#include "redis_link.h"
#include "store.h"

#define STORE_NODES_MAX 64

struct store_node {
	char name[NODE_NAME_MAX + 1]; /* "?" for a row that we cannot read: it never applies */
	bool applied;
};

/* One question, asked again and again; embedded in the request. */
struct store_nodes {
	/* Set by the caller; runs from the loop, once for each look that was sent. */
	void (*done)(struct store_nodes *q);
	char self[NODE_ID_LEN + 1]; /* the asking node: it has applied */
	uint8_t partition;
	char pos[44];             /* "ms-seq" */
	enum store_status status; /* OK, UNAVAILABLE, CORRUPT */
	/* As of the last look that ended with OK: */
	bool settled;   /* old enough, whole, and we stand in it ourselves */
	uint32_t count; /* live nodes, by name */
	struct store_node node[STORE_NODES_MAX];
	/* the store's own */
	char nonce[NODE_NONCE_MAX + 1];
	unsigned waiting;
	struct redis_req req_time, req_rows, req_acks;
	struct redisReply *time, *rows, *acks;
};

/* Reads registry and answers in one pipeline; ask: leaves a (new) ask first and wakes the masters.
 * SD_ERR_CLOSED: nothing was sent, done() does not run. */
int store_nodes_look(struct store *s, struct store_nodes *q, bool ask) SD_MUSTCHECK;
/* All live nodes have applied, and there is no other. */
bool store_nodes_all(const struct store_nodes *q);

#endif
