/* SPDX-License-Identifier: MIT
 * nodes_wait - "?wait=nodes": an answer that waits until every registered live node has applied
 * what this request appended, or until its deadline. */
#ifndef SD_NODES_WAIT_H
#define SD_NODES_WAIT_H

#include "request.h"

struct nodes_wait;

/* The query: nothing (*out NULL), or wait=nodes with timeout_in=1..10; DONE: refused. */
enum step nodes_wait_query(struct request *r, struct nodes_wait **out);
/* After applied_wait(): asks, PARKED until it is known or the deadline is over. r->call has the
 * entry; without a call there is nothing to apply. */
enum step nodes_wait_begin(struct request *r, struct nodes_wait *nw);
/* ',"nodes":[...]' and ',"pending":[...]' when some are. The status to answer with: 200 or 202. */
uint16_t nodes_wait_json(const struct nodes_wait *nw, struct sd_buf *out);

#endif
