/* SPDX-License-Identifier: MIT
 * redis_sub_node - inside redis_sub: this node's lease, the registry as seen, asks and answers. For
 * redis_sub*.c alone. */
#ifndef SD_REDIS_SUB_NODE_H
#define SD_REDIS_SUB_NODE_H

#include "redis_link.h"
#include "redis_log.h"
#include "redis_sub.h"

#define SUB_ASKS 256	     /* of the newest asks that are read and kept */
#define SUB_ASK_MS 15000     /* older ones are over */
#define SUB_ASK_POLL_NS (5 * SD_NS_PER_MS) /* polls because of asks are so far apart at least */
#define SUB_ACKS_KEPT_MS "30000"

struct sub_ask {
	char nonce[NODE_NONCE_MAX + 1]; /* "" = free */
	uint8_t partition;
	bool answered;
	struct redis_log_pos pos;
	uint64_t at_ms; /* of the stream's id */
	int64_t read_ns; /* when we knew of it: a poll sent later says what it asks */
};

struct sub_node {
	struct redis_req renew, own, rows, asks, leave;
	bool renewing, owning, listing, asking; /* a reply is owed */
	bool ask_again, leaving;
	bool due, renewed; /* renewed: with the poll under way */
	bool held;	   /* the poll under way has read our row: */
	struct node_row row;
	enum health_reason refused;
	int64_t clock_ms, clock_ns; /* the store's clock at a boot time; 0 = not known */
	int64_t renewed_ns, staleness_ms;
	int64_t proven_ms; /* the store's clock of the last poll that counted; 0 = none */
	unsigned open;	   /* asks not answered */
	struct sub_ask ask[SUB_ASKS];
	unsigned rows_n;
	struct node_row seen[REDIS_SUB_NODES_MAX];
};

/* redis_sub_node.c */
/* Before a poll, in the same write: renews the lease when it is time, reads our row and the asks. */
void sub_node_poll(struct redis_sub *s);
/* After a poll that found nothing wrong, with its store time: was our lease held? If not, it is
 * asked for, and the poll does not count. */
bool sub_node_check(struct redis_sub *s, int64_t store_ms) SD_MUSTCHECK;
/* redis_sub_ask.c */
void sub_ask_read(struct redis_sub *s);
/* Something was applied or proven: answers the asks that waited for it. */
void sub_ask_answer(struct redis_sub *s);
void sub_ask_forget(struct redis_sub *s);

#endif
