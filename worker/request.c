/* SPDX-License-Identifier: MIT
 * request - the order in which a request is checked, and how it waits and goes on.
 * Owns:      the pool of exchanges; the life of a request
 * Runs in:   worker
 * Fails by:  an answer; every path ends in request_end()
 * Never:     do an endpoint's work; wait
 */
#include "base.h"
#include "request.h"

#include "authn.h"
#include "clock.h"
#include "die.h"
#include "err.h"
#include "http_field.h"
#include "key_wait.h"
#include "refusal.h"
#include "respond.h"
#include "shm_board.h"
#include "starved.h"
#include "user_caller.h"

#define ARENA_MAX (512u << 10)
#define BODY_MAX (2u << 20)
#define BODY_KEEP (64u << 10) /* a pooled exchange's body buffer is freed above this */
#define POOL_MAX 256

static void exchange_free(struct exchange *x)
{
	http_parser_free(&x->parser);
	sd_arena_fini(&x->request.arena);
	sd_buf_fini(&x->request.body);
	free(x);
}

static bool fits(const struct exchange *x, const struct http_limits *now)
{
	return x->limits.header_bytes == now->header_bytes &&
	       x->limits.body_bytes == now->body_bytes &&
	       x->limits.header_fields == now->header_fields;
}

struct exchange *exchange_get(struct worker *w)
{
	struct exchange *x;
	while ((x = w->idle_exchanges)) {
		w->idle_exchanges = x->next;
		w->idle_exchange_count--;
		if (fits(x, &w->http_limits))
			return x;
		exchange_free(x); /* a reload has changed the limits since */
	}
	x = calloc(1, sizeof(*x));
	if (!x || http_parser_new(&x->parser, &w->http_limits) != SD_OK) {
		free(x);
		return NULL;
	}
	x->limits = w->http_limits;
	sd_arena_init(&x->request.arena, ARENA_MAX);
	sd_buf_init(&x->request.body, BODY_MAX);
	return x;
}

void exchange_put(struct worker *w, struct exchange *x)
{
	if (w->idle_exchange_count >= POOL_MAX || !fits(x, &w->http_limits)) {
		exchange_free(x);
		return;
	}
	http_parser_reset(x->parser);
	if (x->request.body.cap > BODY_KEEP)
		sd_buf_fini(&x->request.body);
	x->next = w->idle_exchanges;
	w->idle_exchanges = x;
	w->idle_exchange_count++;
}

/* --- the common steps, in the order of the contract ------------------------------------------ */

static uint32_t listener_bit(const struct request *r)
{
	switch (r->conn->listener->role) {
	case LISTENER_API:
		return ON_API;
	case LISTENER_GATEWAY:
		return ON_GATEWAY;
	case LISTENER_ADMIN:
		return ON_ADMIN;
	case LISTENER_NONE:
		break;
	}
	return 0;
}

/* Refused before any route is looked for: TRACE would echo, which nothing here ever does; "*" is the
 * server as a whole. STEP_NEXT: none of these. */
static enum step refuse_method(struct request *r)
{
	const struct http_msg *m = r->msg;
	if (m->method == HTTP_OTHER && sd_slice_is(m->method_text, "TRACE"))
		return respond_problem(r, PROBLEM_METHOD_UNKNOWN, NULL, NULL);
	if (!sd_slice_is(m->path, "*"))
		return STEP_NEXT;
	respond_header(r, "Allow", SD_SLICE("GET, HEAD, POST, PUT, PATCH, DELETE"));
	return respond_problem(r, PROBLEM_METHOD_NOT_ALLOWED, NULL, NULL);
}

/* A body without a length is a framing fault: what follows could be read as a request. */
static enum step require_length(struct request *r)
{
	bool needs = r->route->body == BODY_JSON || r->route->body == BODY_PATCH;
	if (!needs || r->msg->has_length)
		return STEP_NEXT;
	r->conn->close_after = true;
	r->conn->clean_end = false;
	return respond_problem(r, PROBLEM_LENGTH_REQUIRED, NULL, NULL);
}

static enum step step_route(struct request *r)
{
	char allow[64];
	if (refuse_method(r) == STEP_DONE)
		return STEP_DONE;
	if (http_path_split(r->msg->path, &r->arena, &r->path) != SD_OK)
		return respond_problem(r, PROBLEM_REQUEST_MALFORMED, "the path is malformed", NULL);
	switch (route_find(&r->path, r->msg->method, listener_bit(r), &r->route, &r->params,
			   allow)) {
	case ROUTE_FOUND:
		return require_length(r);
	case ROUTE_WRONG_METHOD: {
		struct sd_slice kept = sd_arena_copy(&r->arena, sd_slice_str(allow));
		if (kept.p)
			respond_header(r, "Allow", kept);
		return respond_problem(r, PROBLEM_METHOD_NOT_ALLOWED, NULL, NULL);
	}
	case ROUTE_UNKNOWN:
		break;
	}
	return respond_problem(r, PROBLEM_ROUTE_UNKNOWN, NULL, NULL);
}

static bool tenant_name_ok(struct sd_slice s)
{
	if (s.n < 1 || s.n > 63)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '-'))
			return false;
	return true;
}

static enum step step_tenant_syntax(struct request *r)
{
	struct sd_slice header;
	if (r->route->scope == GLOBAL)
		return STEP_NEXT;
	enum http_found found = http_field_get(r->msg, "x-tenant-id", &header);
	if (found == HTTP_FOUND_MANY)
		return respond_problem(r, PROBLEM_HEADER_INVALID,
				       "X-Tenant-ID is sent more than once", NULL);
	if (found == HTTP_FOUND_ONE && !tenant_name_ok(header))
		return respond_problem(r, PROBLEM_TENANT_MALFORMED,
				       "X-Tenant-ID must be 1 to 63 of a-z, 0-9 and '-'", NULL);
	if (r->params.tenant.p && !tenant_name_ok(r->params.tenant))
		return respond_problem(r, PROBLEM_TENANT_MALFORMED, NULL, NULL);
	if (found == HTTP_FOUND_ONE && r->params.tenant.p && !sd_slice_eq(header, r->params.tenant))
		return respond_problem(r, PROBLEM_TENANT_MISMATCH, NULL, NULL);
	if (found == HTTP_FOUND_ONE)
		r->params.tenant = header;
	return STEP_NEXT;
}

static enum step step_caller(struct request *r)
{
	if (r->route->scope != TENANT)
		return STEP_NEXT;
	key_wait_renew(r);
	enum problem p = authn_caller(r);
	if (p != PROBLEM_NONE)
		return respond_problem(r, p, "send one credential, once", NULL);
	if (r->caller.known)
		return STEP_NEXT;
	return key_wait(r) == STEP_PARKED ? STEP_PARKED
					  : refusal_unauthenticated(r, r->caller.why_not);
}

static bool by_user(const struct request *r)
{
	return r->route->scope == USER || r->route->scope == USER_EXPIRED;
}

static enum step step_user(struct request *r)
{
	return by_user(r) ? user_caller_step(r) : STEP_NEXT;
}

static enum step step_user_store(struct request *r)
{
	return by_user(r) ? user_caller_store_step(r) : STEP_NEXT;
}

/* An unknown tenant and a foreign one look alike. */
static enum step step_tenant(struct request *r)
{
	if (r->route->scope == GLOBAL)
		return STEP_NEXT;
	if (!r->params.tenant.p && r->caller.many)
		return respond_problem(r, PROBLEM_TENANT_REQUIRED, NULL, NULL);
	uint32_t index = r->params.tenant.p
			     ? policy_view_tenant_find(&r->gen->view, r->params.tenant)
			     : r->caller.client_tenant;
	if (r->route->scope != TENANT_PUBLIC && index != r->caller.client_tenant)
		index = POLICY_NONE;
	if (index == POLICY_NONE)
		return respond_problem(r, PROBLEM_TENANT_UNKNOWN, NULL, NULL);
	r->tenant_index = index;
	r->tenant = policy_view_tenant(&r->gen->view, index);
	return STEP_NEXT;
}

static enum step step_permission(struct request *r)
{
	uint32_t missing = r->route->permission & ~r->caller.permissions;
	if (missing == 0)
		return STEP_NEXT;
	return refusal_permission(r, permission_name((unsigned)__builtin_ctz(missing)));
}

static enum step step_media(struct request *r)
{
	struct sd_slice type, coding;
	if (r->route->body == BODY_NONE || (r->route->body == BODY_MAYBE && r->msg->body.n == 0))
		return STEP_NEXT;
	enum http_found found = http_field_get(r->msg, "content-type", &type);
	if (found == HTTP_FOUND_MANY)
		return respond_problem(r, PROBLEM_HEADER_INVALID,
				       "Content-Type is sent more than once", NULL);
	bool fits = found == HTTP_FOUND_ONE &&
		    (http_field_media_is(type, "application/json") ||
		     (r->route->body == BODY_PATCH &&
		      http_field_media_is(type, "application/merge-patch+json")));
	if (!fits ||
	    http_field_get(r->msg, "content-encoding", &coding) != HTTP_FOUND_NONE)
		return respond_problem(r, PROBLEM_MEDIA_TYPE, NULL, NULL);
	return STEP_NEXT;
}

enum step request_enter(struct request *r)
{
	uint32_t workers = r->gen->view.image->server.workers;
	if (r->entered)
		return STEP_NEXT;
	if (!ratelimit_enter(r->w->rates, r->tenant->slot, r->tenant->in_flight, workers)) {
		board_count(r->w->stats, METRIC_RATE_LIMITED, r->tenant->slot, 0, 0, 1);
		return respond_problem(r, PROBLEM_TENANT_BUSY, NULL, NULL);
	}
	r->entered = true;
	return STEP_NEXT;
}

static enum step step_admit(struct request *r)
{
	if (!r->tenant)
		return STEP_NEXT;
	uint32_t workers = r->gen->view.image->server.workers;
	if (request_enter(r) == STEP_DONE)
		return STEP_DONE;
	if (r->route->permission == PERM(SESSIONS_CREATE) &&
	    !ratelimit_create(r->w->rates, r->tenant->slot, r->tenant->create_per_second, workers,
			      r->now_ms)) {
		board_count(r->w->stats, METRIC_RATE_LIMITED, r->tenant->slot, 0, 0, 1);
		return respond_problem(r, PROBLEM_RATE_LIMITED, "too many creations a second in this tenant", NULL);
	}
	return STEP_NEXT;
}

static const request_step common_steps[] = {
    step_route, step_tenant_syntax, step_caller, step_user, step_user_store,
    step_tenant, step_permission, step_admit, step_media,
};
/* These need no body: they decide whether "100 Continue" is sent. */
static const request_step head_steps[] = {
    step_route, step_tenant_syntax, step_caller, step_tenant, step_permission,
};
#define HEAD_STEPS_OF_USERS 2 /* a user's token may have to wait for the store */

/* --- life ------------------------------------------------------------------------------------- */

/* What a caller says that is no traceparent is passed over: W3C Trace Context 4.3. */
static void read_trace(struct request *r)
{
	struct sd_slice sent, trace, parent;
	if (r->msg && http_field_get(r->msg, "traceparent", &sent) == HTTP_FOUND_ONE &&
	    http_field_traceparent(sent, &trace, &parent))
		r->trace = trace;
}

/* The caller's, else the id of his trace, else one of ours. */
static void make_request_id(struct request *r)
{
	struct sd_slice sent;
	if (r->msg && http_field_get(r->msg, "x-request-id", &sent) == HTTP_FOUND_ONE &&
	    http_field_request_id_ok(sent)) {
		r->request_id = sent;
		return;
	}
	if (r->trace.n) {
		r->request_id = r->trace;
		return;
	}
	struct sd_siphash_key key = {r->w->request_seed, r->w->boot.index};
	uint64_t count = r->w->request_count++;
	uint64_t id = sd_siphash(key, &count, sizeof(count));
	for (int i = 0; i < 16; i++, id <<= 4) /* snprintf would cost as much as the hash */
		r->request_id_text[i] = "0123456789abcdef"[id >> 60];
	r->request_id = sd_slice(r->request_id_text, 16);
}

static void request_open(struct request *r, struct conn *c, const struct http_msg *msg)
{
	struct worker *w = c->worker;
	sd_starved_reset();
	memset(&r->w, 0, offsetof(struct request, call) - offsetof(struct request, w));
	sd_buf_reset(&r->body);
	r->w = w;
	r->conn = c;
	r->msg = msg;
	r->gen = generation_ref(w->generation);
	r->now_ns = sd_clock_boot_ns();
	r->now_ms = SD_MAX(sd_loop_wall_ms(w->loop),
			   atomic_load_explicit(&w->control->wall_floor_ms, memory_order_relaxed));
	read_trace(r);
	make_request_id(r);
	c->clean_end = true;
	w->in_flight++;
}

static void request_count(struct request *r)
{
	uint16_t route =
	    (uint16_t)(route_index(r->route) << 4 | (r->msg ? (unsigned)r->msg->method : 0u));
	uint32_t slot = r->tenant ? r->tenant->slot : SHM_SLOT_NONE;
	board_count(r->w->stats, METRIC_HTTP_REQUESTS, slot, route, r->status, 1);
	board_observe(r->w->stats, HISTOGRAM_HTTP_DURATION,
		      (uint64_t)(sd_clock_boot_ns() - r->now_ns) / 1000);
}

static void request_end(struct request *r)
{
	struct worker *w = r->w;
	sd_bug_if(r->status == 0);
	request_count(r);
	if (r->slot)
		audit_slot_return(&w->audit);
	if (r->entered)
		ratelimit_leave(w->rates, r->tenant->slot);
	if (r->call_open)
		store_call_release(&r->call);
	generation_unref(&r->gen);
	sd_arena_reset(&r->arena);
	sd_buf_reset(&r->body); /* tokens: no longer here than they are needed */
	w->in_flight--;
}

static request_step step_at(const struct request *r, uint32_t i)
{
	if (i < SD_ARRAY_LEN(common_steps))
		return common_steps[i];
	return ((const request_step *)r->route->steps)[i - SD_ARRAY_LEN(common_steps)];
}

/* True when the request has been answered. */
static bool request_run(struct request *r)
{
	for (;;) {
		request_step step = step_at(r, r->step);
		sd_bug_if(step == NULL); /* a list must end in an answer */
		switch (step(r)) {
		case STEP_NEXT:
			r->step++;
			continue;
		case STEP_PARKED:
			r->parked = true;
			r->step++;
			return false;
		case STEP_DONE:
			request_end(r);
			return true;
		}
	}
}

bool request_begin(struct request *r, struct conn *c, const struct http_msg *msg)
{
	request_open(r, c, msg);
	return request_run(r);
}

void request_resume(struct request *r)
{
	struct conn *c = r->conn;
	sd_bug_if(!r->parked);
	r->parked = false;
	sd_starved_reset();
	if (request_run(r))
		conn_answered(c);
}

void request_fail(struct request *r, enum problem p, const char *detail)
{
	struct conn *c = r->conn;
	sd_bug_if(!r->parked);
	r->parked = false;
	r->header_count = 0; /* nothing of the answer that it would have been */
	(void)respond_problem(r, p, detail, NULL);
	request_end(r);
	conn_answered(c);
}

bool request_welcome(struct exchange *x, struct conn *c, const struct http_msg *msg)
{
	struct request *r = &x->request;
	request_open(r, c, msg);
	c->close_after = true; /* so a refusal says: the body that was announced may come or not */
	r->head_only = true;
	for (uint32_t i = 0; i < SD_ARRAY_LEN(head_steps); i++) {
		if (i == HEAD_STEPS_OF_USERS && by_user(r))
			break;
		enum step step = head_steps[i](r);
		if (step == STEP_PARKED)
			break;
		if (step == STEP_NEXT)
			continue;
		c->clean_end = false;
		request_end(r);
		return false;
	}
	c->close_after = false;
	generation_unref(&r->gen);
	sd_arena_reset(&r->arena);
	r->w->in_flight--;
	return true;
}

static enum problem problem_of_status(uint16_t status)
{
	switch (status) {
	case 408:
		return PROBLEM_REQUEST_TIMEOUT;
	case 413:
		return PROBLEM_BODY_TOO_LARGE;
	case 414:
		return PROBLEM_TARGET_TOO_LONG;
	case 417:
		return PROBLEM_EXPECTATION_FAILED;
	case 431:
		return PROBLEM_HEADER_TOO_LARGE;
	case 505:
		return PROBLEM_VERSION_UNSUPPORTED;
	default:
		return PROBLEM_REQUEST_MALFORMED;
	}
}

void request_refuse(struct exchange *x, struct conn *c, uint16_t status, const char *why)
{
	struct request *r = &x->request;
	enum problem p = problem_of_status(status);
	if (status == 501)
		p = strstr(why, "coding") ? PROBLEM_TRANSFER_CODING_UNKNOWN
					  : PROBLEM_METHOD_UNKNOWN;
	request_open(r, c, NULL);
	c->close_after = true;
	c->clean_end = false;
	r->no_body = http_parse_method(x->parser) == HTTP_HEAD;
	(void)respond_problem(r, p, why, NULL);
	request_end(r);
}

static void on_store_done(struct store_call *call)
{
	request_resume(SD_CONTAINER_OF(call, struct request, call));
}

struct store_call *request_store_call(struct request *r)
{
	if (r->call_open)
		store_call_release(&r->call);
	memset(&r->call, 0, sizeof(r->call));
	r->call.done = on_store_done;
	r->call_open = true;
	return &r->call;
}
