/* SPDX-License-Identifier: MIT
 * request - one request on its way through the step table: each step returns NEXT, PARKED (it
 * comes back through request_resume) or DONE (an answer was written). A request pins its policy
 * generation and holds one arena; nothing parked points into shared memory but the generation. */
#ifndef SD_REQUEST_H
#define SD_REQUEST_H

#include "arena.h"
#include "conn.h"
#include "http_parse.h"
#include "http_target.h"
#include "json_in.h"
#include "labels.h"
#include "problem.h"
#include "route.h"
#include "session_rules.h"
#include "store_ask.h"
#include "worker.h"

enum step { STEP_DONE = 0, STEP_NEXT, STEP_PARKED };
typedef enum step (*request_step)(struct request *r);

struct caller {
	bool known;
	bool user;                    /* not a client: `id` is the user's, sid the session he calls with */
	uint32_t client;              /* index within the tenant's clients */
	uint32_t client_tenant;       /* index of the tenant it belongs to */
	bool many;                    /* the credential belongs to several: the request must name one */
	uint32_t permissions;
	struct sd_slice id;           /* client id */
	struct sid sid;
	const char *why_not;          /* not known: for the record alone */
	uint64_t key_issuer;          /* not known: his issuer may have made that key just now; 0 = no */
};

struct header {
	const char *name;
	struct sd_slice value;
};

struct request {
	struct sd_arena arena;        /* these two outlive a request */
	struct sd_buf body;           /* of the answer */
	/* zeroed for each request from here ... */
	struct worker *w;
	struct conn *conn;
	const struct http_msg *msg;
	struct generation *gen;
	const struct policy_tenant *tenant;
	uint32_t tenant_index;
	struct caller caller;
	const struct route *route;
	struct http_path path;
	struct route_params params;
	struct sd_slice request_id;
	char request_id_text[24];
	struct sd_slice trace;        /* id of the trace that the caller is in (traceparent); n = 0: none */
	int64_t now_ns;               /* boot clock at the start */
	int64_t now_ms;               /* max(wall clock, floor) */
	uint16_t status;              /* answered with; 0 = not yet */
	bool slot;                    /* an audit slot is held */
	bool entered;                 /* counted in the tenant's bulkhead */
	bool call_open;               /* release it at the end */
	bool parked;
	bool head_only;               /* the body has not come: nothing may wait */
	bool no_body;                 /* of the answer: it has no msg, but was a HEAD */
	uint32_t step;
	void *state;                  /* the endpoint's, in the arena */
	uint32_t header_count;
	struct header headers[6];     /* of the answer, beside those of every answer */
	struct request *next_waiting; /* applied.c, ep_metrics.c, key_wait.c */
	uint8_t wait_partition;
	uint64_t wait_pos, wait_resets;
	int64_t wait_since_ns, wait_until_ns; /* boot clock */
	uint32_t metrics_tag;
	/* ... to here */
	struct store_call call;
	struct sign_call sign;
};

/* A parser and a request, pooled by the worker. */
struct exchange {
	struct exchange *next;
	struct http_limits limits; /* that the parser was made with */
	struct http_parser *parser;
	struct request request;
};

struct exchange *exchange_get(struct worker *w);
void exchange_put(struct worker *w, struct exchange *x);

/* Starts on a complete message; the answer may be in conn->out when it returns (true), or come
 * later through conn_answered() (false). */
bool request_begin(struct request *r, struct conn *c, const struct http_msg *msg) SD_MUSTCHECK;
/* A parked request goes on with its next step. */
void request_resume(struct request *r);
/* Instead: it ends here, with this problem. */
void request_fail(struct request *r, enum problem p, const char *detail);
/* Header complete, the client waits for "100 Continue": false when it was refused instead (the
 * answer is in conn->out and the connection closes). */
bool request_welcome(struct exchange *x, struct conn *c, const struct http_msg *msg) SD_MUSTCHECK;
/* An answer to what could not be parsed. */
void request_refuse(struct exchange *x, struct conn *c, uint16_t status, const char *why);

/* A place among the tenant's requests in flight, once: STEP_NEXT, or 429 answered. */
enum step request_enter(struct request *r);

/* Readies the request's one store call; its done() resumes the request. */
struct store_call *request_store_call(struct request *r);

/* The tenant's, of the generation that the request began with. */
static inline struct session_policy request_policy(const struct request *r)
{
	return (struct session_policy){&r->gen->view, r->tenant};
}

static inline int64_t request_now_s(const struct request *r)
{
	return r->now_ms / 1000;
}

#endif
