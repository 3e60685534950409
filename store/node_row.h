/* SPDX-License-Identifier: MIT
 * node_row - a node's lease in the registry, and an ask for acknowledgement, as text. Pure. */
#ifndef SD_NODE_ROW_H
#define SD_NODE_ROW_H

#include "siphash.h"
#include "slice.h"

#define NODE_ID_LEN 16
#define NODE_NAME_MAX 71
#define NODE_VERSION_MAX 23
#define NODE_ROW_MAX 256
#define NODE_NONCE_MAX 48
#define NODE_ASK_MAX 128
#define NODE_LEASE_MS 5000
#define NODE_RENEW_MS 1000
/* A registry that began so recently may lack live nodes that have not come back to it yet. */
#define NODE_SETTLE_MS 2000
/* The registry's field that says when it began; no id looks like it. */
#define NODE_BEGAN "began"

struct node_row {
	char id[NODE_ID_LEN + 1]; /* of one life of one master: names may be shared, ids are not */
	char name[NODE_NAME_MAX + 1];
	char version[NODE_VERSION_MAX + 1];
	int64_t lease_ms;     /* its end, on the store's clock */
	int64_t staleness_ms; /* the longest it may trust what it has proven */
	int64_t proven_ms;    /* all committed before this was applied, as of the renewal; 0 = none */
};

/* On the wake channel: there is a new ask. */
#define NODE_ASK_MESSAGE "ask"

/* Who a node is: the same in its master and its workers, another one after each start. */
void node_row_id(struct sd_siphash_key seed, char out[NODE_ID_LEN + 1]);
void node_row_format(const struct node_row *row, char out[NODE_ROW_MAX]);
/* SD_ERR_INVALID: not a row of ours; *out is zero. */
int node_row_parse(struct sd_slice text, struct node_row *out) SD_MUSTCHECK;
/* May it still trust what it knows? Until its lease and its longest staleness are over. */
bool node_row_is_live(const struct node_row *row, int64_t store_now_ms);

/* "pp:ms-seq:nonce". pos is the text of a position. */
void node_ask_format(uint8_t partition, struct sd_slice pos, const char *nonce,
		     char out[NODE_ASK_MAX]);
/* Slices of text; the position's text is not looked at. SD_ERR_INVALID. */
int node_ask_parse(struct sd_slice text, uint8_t *partition_out, struct sd_slice *pos_out,
		   struct sd_slice *nonce_out) SD_MUSTCHECK;

#endif
