/* SPDX-License-Identifier: MIT
 * redis_link - one connection to Redis on our loop. What a loop turn sends leaves in one write at
 * its end; replies are matched in order; each request ends by its deadline, its place in the
 * order stays. Any surprise of the protocol closes the connection: a reply is never given to a
 * request that did not ask for it. */
#ifndef SD_REDIS_LINK_H
#define SD_REDIS_LINK_H

#include "loop.h"
#include "slice.h"

#define REDIS_LINK_MAX_PENDING 8192

struct redisReply;
struct redis_link;

/* Embedded in its owner until fn has run. */
struct redis_req {
	/* reply: the callee's now (freeReplyObject); NULL: no answer, late tells a deadline from a
	 * lost connection. Runs from the loop; may send, may free the link. */
	void (*fn)(struct redis_req *req, struct redisReply *reply, bool late);
	uint32_t index; /* the owner's, for requests in an array */
};

struct redis_link_conf {
	struct sd_loop *loop;
	size_t max_reply; /* bytes of one unfinished reply */
	int64_t stall_ns; /* closes when the oldest reply is owed for so long; 0 = never */
	void *arg;
	/* The connection is gone, all requests have been told; the owner frees the link. why is
	 * constant. */
	void (*closed)(void *arg, const char *why);
	/* Subscriptions: all replies come here (the callee's), requests have none of their own.
	 * NULL: a reply that no request asked for closes the connection. */
	void (*push)(void *arg, struct redisReply *reply);
	/* Optional: a request was answered or hit its deadline. */
	void (*result)(void *arg, bool answered);
	/* Behind each command goes a PING with a number of its own. A reply is given out once that
	 * number has come back: whatever is lost, doubled or swapped on the way closes the
	 * connection instead. Not with push. */
	bool tagged;
};

/* fd: connected, non-blocking; the link's now, also on failure. */
int redis_link_new(const struct redis_link_conf *conf, int fd,
		   struct redis_link **out) SD_MUSTCHECK;
/* Tells all requests (fn with NULL), does not call closed. NULL is fine. */
void redis_link_free(struct redis_link **link);

/* Queues one formatted command (bytes are copied). req NULL: the answer is dropped.
 * SD_ERR_FULL or SD_ERR_CLOSED: nothing was queued, fn will not run. */
int redis_link_send(struct redis_link *link, struct sd_slice command, struct redis_req *req,
		    int64_t deadline_ns) SD_MUSTCHECK;
/* Formats and queues; argc <= 1024. */
struct redis_args;
int redis_link_send_args(struct redis_link *link, const struct redis_args *args,
			 struct redis_req *req, int64_t deadline_ns) SD_MUSTCHECK;
size_t redis_link_pending(const struct redis_link *link);

/* A command's words; they are borrowed until it is formatted. */
struct redis_args {
	int n, max;
	const char **p;
	size_t *len;
};
void redis_args_add(struct redis_args *args, struct sd_slice word);
void redis_args_str(struct redis_args *args, const char *word);
/* The wire form, malloc'd; SD_ERR_MEMORY. */
int redis_args_format(const struct redis_args *args, char **out, size_t *n_out) SD_MUSTCHECK;

#endif
