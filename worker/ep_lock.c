/* SPDX-License-Identifier: MIT
 * ep_lock - POST and DELETE /sessions/{id}/lock: a lease on a session's data, with a fence.
 * Owns:      the form of lock tokens
 * Runs in:   worker
 * Fails by:  400, 404, 409 session-ended, 423; 503
 * Never:     keep a lock's token: the store holds its hash
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "b64url.h"
#include "body.h"
#include "err.h"
#include "precondition.h"
#include "respond.h"
#include "secret.h"
#include "session_rules.h"
#include "store_data.h"

#define TTL_MAX_S 300
#define TOKEN_BYTES 32
#define TOKEN_PREFIX "sdl_"
#define TOKEN_SIZE (sizeof(TOKEN_PREFIX) + B64URL_LEN(TOKEN_BYTES))

static const struct body_field fields[] = {{"ttl_in", BODY_INT, true, 0}};

struct lock {
	struct store_lock in;
	struct sd_slice presented; /* the holder's token */
	char token[TOKEN_SIZE];
};

static struct lock *begin(struct request *r)
{
	struct lock *l = sd_arena_alloc(&r->arena, sizeof(*l));
	r->state = l;
	if (!l) {
		(void)respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
		return NULL;
	}
	if (sid_parse(r->params.id, &l->in.sid) != SD_OK) {
		(void)respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
		return NULL;
	}
	return l;
}

static int make_token(struct lock *l)
{
	uint8_t random[TOKEN_BYTES];
	size_t n = sizeof(TOKEN_PREFIX) - 1;
	int e = sd_random(random, sizeof(random));
	memcpy(l->token, TOKEN_PREFIX, n);
	n += b64url_encode(random, sizeof(random), l->token + n);
	l->token[n] = '\0';
	sd_wipe(random, sizeof(random));
	return e == SD_OK ? precondition_lock_hash(sd_slice(l->token, n), l->in.hash) : e;
}

static enum step parse_take(struct request *r)
{
	struct body_value v;
	struct lock *l = begin(r);
	if (!l || body_read(r, fields, 1, &v) == STEP_DONE)
		return STEP_DONE;
	if (v.num < 1 || v.num > TTL_MAX_S)
		return body_invalid(r, "ttl_in", "must be 1 to 300");
	l->in.ttl_ms = v.num * 1000;
	if (make_token(l) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "no random bytes", NULL);
	return precondition_lock(r, &l->in.presented, &l->presented);
}

static enum step parse_give(struct request *r)
{
	struct lock *l = begin(r);
	if (!l)
		return STEP_DONE;
	return precondition_lock(r, &l->in.presented, &l->presented);
}

static enum step ask(struct request *r)
{
	struct lock *l = r->state;
	l->in.tenant = policy_view_str(&r->gen->view, r->tenant->name);
	l->in.clocks = session_clocks_now(request_policy(r));
	store_lock(r->w->store, &l->in, request_store_call(r));
	return STEP_PARKED;
}

/* STEP_NEXT: it is done. */
static enum step asked(struct request *r)
{
	switch (r->call.status) {
	case STORE_OK:
		return STEP_NEXT;
	case STORE_ABSENT:
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	case STORE_ENDED:
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	case STORE_LOCKED:
		return respond_problem(r, PROBLEM_SESSION_LOCKED, NULL, NULL);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_LIMIT:
	case STORE_EXPIRED: case STORE_REUSED: case STORE_MISMATCH: case STORE_SUCCESSOR:
	case STORE_KEY: case STORE_CONFLICT: case STORE_RESTRICTED:
		break;
	}
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

static bool audit(struct request *r, enum audit_event event, const char *key, const char *value)
{
	const struct lock *l = r->state;
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&l->in.sid, sid);
	struct audit_note note = {.event = event,
				  .outcome = AUDIT_OK,
				  .user = r->call.session.user,
				  .session = sd_slice_str(sid),
				  .key = key,
				  .value = sd_slice_str(value)};
	return audit_event_send(r, &note);
}

static enum step taken(struct request *r)
{
	const struct lock *l = r->state;
	const struct store_kept *kept = &r->call.kept;
	char fence[24];
	(void)snprintf(fence, sizeof(fence), "%lld", (long long)kept->fence);
	if (!audit(r, AUDIT_LOCK_TAKEN, "fence", fence))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	sd_buf_str(&r->body, "{\"lock_token\":");
	sd_buf_json_str(&r->body, kept->renewed ? l->presented : sd_slice_str(l->token));
	sd_buf_printf(&r->body, ",\"fence\":%s,\"expires_at\":", fence);
	sd_buf_i64(&r->body, kept->lock_until_ms / 1000);
	sd_buf_char(&r->body, '}');
	return respond_json(r, 201);
}

static enum step given(struct request *r)
{
	if (r->call.kept.renewed && !audit(r, AUDIT_SESSION_UPDATED, "lock", "released"))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	return respond_empty(r, 204);
}

const request_step ep_lock_steps[] = {parse_take, audit_slot_step, ask, asked, taken, NULL};
const request_step ep_unlock_steps[] = {parse_give, audit_slot_step, ask, asked, given, NULL};
