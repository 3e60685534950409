/* SPDX-License-Identifier: MIT
 * ep_refresh - POST /sessions/refresh and /sessions/{id}/refresh: one successor per refresh token.
 * Owns:      the making and sealing of successors
 * Runs in:   worker
 * Fails by:  401 refresh-invalid, refresh-expired, refresh-reused (the session ends); 503
 * Never:     decide which token is current: the script does, atomically
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "issue.h"
#include "respond.h"
#include "seal.h"
#include "secret.h"
#include "session_rules.h"
#include "shm_fresh.h"
#include "standing.h"

static const struct body_field fields[] = {{"refresh_token", BODY_TOKEN, true, 16384}};

struct refresh {
	struct store_refresh in;
	struct issue issue;
	enum store_status status;
	struct standing standing;
};

/* The successor is kept sealed under a key that only the predecessor's holder can derive. */
static int successor_key(const struct handle *presented, uint8_t key[32])
{
	return handle_derive(presented->random, sizeof(presented->random), "sessiond successor 1",
			     sd_slice(presented->sid.b, HANDLE_SID_BYTES), key);
}

static struct sd_slice sid_slice(const struct handle *h)
{
	return sd_slice(h->sid.b, HANDLE_SID_BYTES);
}

static int make_successor(struct request *r, struct refresh *f)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	uint8_t key[32];
	struct handle next;
	struct sd_buf sealed;
	sd_buf_init(&sealed, 256);
	int e =
	    handle_new(HANDLE_REFRESH, &f->in.presented.sid, f->in.presented.generation + 1, &next);
	handle_hash(&next, f->in.new_hash);
	if (e == SD_OK)
		e = handle_text(&next, keys->mac[0], f->issue.refresh_token);
	if (e == SD_OK)
		e = successor_key(&f->in.presented, key);
	if (e == SD_OK)
		e = seal_close(key, sid_slice(&next), sd_slice_str(f->issue.refresh_token),
			       &sealed);
	f->in.successor = sd_arena_copy(&r->arena, sd_buf_slice(&sealed));
	if (e == SD_OK && !f->in.successor.p)
		e = SD_ERR_MEMORY;
	sd_buf_wipe_fini(&sealed);
	sd_wipe(key, sizeof(key));
	sd_wipe(&next, sizeof(next));
	return e;
}

static int open_successor(struct refresh *f, struct sd_slice sealed)
{
	uint8_t key[32];
	struct sd_buf plain;
	sd_buf_init(&plain, 256);
	int e = successor_key(&f->in.presented, key);
	if (e == SD_OK)
		e = seal_open(key, sid_slice(&f->in.presented), sealed, &plain);
	if (e == SD_OK)
		e = sd_slice_copy(sd_buf_slice(&plain), f->issue.refresh_token,
				  sizeof(f->issue.refresh_token));
	sd_buf_wipe_fini(&plain);
	sd_wipe(key, sizeof(key));
	return e;
}

static enum step refuse(struct request *r, struct refresh *f, enum problem p,
			enum audit_event event)
{
	char sid[HANDLE_SID_LEN + 1];
	bool known = f->status == STORE_REUSED || f->status == STORE_EXPIRED;
	sid_text(&f->in.presented.sid, sid);
	struct audit_note note = {.event = event,
				  .outcome = AUDIT_REFUSED,
				  .user = known ? r->call.session.user : sd_slice("", 0),
				  .session = sd_slice_str(sid),
				  .reason = sd_slice_str(problem_code(p))};
	audit_event_refused(r, &note);
	return respond_problem(r, p, NULL, NULL);
}

static enum step parse(struct request *r)
{
	struct body_value val;
	struct sid wanted;
	struct refresh *f = sd_arena_alloc(&r->arena, sizeof(*f));
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	r->state = f;
	if (!f)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (r->params.id.p && sid_parse(r->params.id, &wanted) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (body_read(r, fields, 1, &val) == STEP_DONE)
		return STEP_DONE;
	if (handle_parse(val.str, HANDLE_REFRESH, keys->mac, keys->sets, &f->in.presented) !=
	    HANDLE_OK)
		return respond_problem(r, PROBLEM_REFRESH_INVALID, NULL, NULL);
	if (r->params.id.p && memcmp(wanted.b, f->in.presented.sid.b, HANDLE_SID_BYTES) != 0)
		return respond_problem(r, PROBLEM_REFRESH_INVALID, NULL, NULL);
	return STEP_NEXT;
}

static enum step rotate(struct request *r)
{
	struct refresh *f = r->state;
	const struct policy_tenant *t = r->tenant;
	uint32_t random = 0;
	if (make_successor(r, f) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	if (sd_random(&random, sizeof(random)) != SD_OK)
		random = 0;
	/* An older copy of the store may know nothing of the session's end. */
	if (!shm_fresh_store_known(r->w->control))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	f->in.tenant = policy_view_str(&r->gen->view, t->name);
	f->in.grace_ms = t->refresh_grace_ms;
	f->in.refresh_ttl_s = t->refresh_ttl_s;
	f->in.access_ttl_s = session_access_ttl_s(t, random);
	f->in.idle_s = t->idle_s;
	f->in.absolute_s = t->absolute_s;
	f->in.remember_idle_s = t->remember_idle_s;
	f->in.remember_absolute_s = t->remember_absolute_s;
	f->in.retain_s = t->retain_sessions_s;
	f->in.touch_interval_s = t->touch_interval_s;
	f->in.levels = policy_view_str(&r->gen->view, t->levels_text);
	f->in.seen_ms = activity_seen_ms(r->w->activity, &f->in.presented.sid);
	store_refresh(r->w->store, &f->in, request_store_call(r));
	return STEP_PARKED;
}

/* The clock or the reuse ended the session in the script: two records, then the refusal. */
static enum step ended_by_it(struct request *r, struct refresh *f)
{
	const struct session *s = &r->call.session;
	bool reused = f->status == STORE_REUSED;
	enum end_reason reason = reused ? END_REUSE : s->end_reason;
	if (ending_recorded(r, &f->in.presented.sid, s->user, reason, true) == STEP_DONE)
		return STEP_DONE;
	return r->call.log_pos ? applied_wait(r) : STEP_NEXT;
}

static enum step rotated(struct request *r)
{
	struct refresh *f = r->state;
	f->status = r->call.status;
	if ((f->status == STORE_OK || f->status == STORE_SUCCESSOR) && !shm_fresh_store_known(r->w->control))
		f->status = STORE_UNAVAILABLE; /* repeated within the grace it gives the same successor */
	switch (f->status) {
	case STORE_OK:
	case STORE_SUCCESSOR:
		return STEP_NEXT;
	case STORE_REUSED:
	case STORE_EXPIRED:
		return ended_by_it(r, f);
	case STORE_ABSENT: case STORE_ENDED: case STORE_MISMATCH:
		return refuse(r, f, PROBLEM_REFRESH_INVALID, AUDIT_TOKEN_REFUSED);
	case STORE_UNAVAILABLE: case STORE_CORRUPT: case STORE_LATE: case STORE_LIMIT:
	case STORE_KEY: case STORE_CONFLICT: case STORE_LOCKED: case STORE_RESTRICTED:
		break;
	}
	if (r->call.ended) /* done, but no replica has it */
		(void)!ending_audit(r, &f->in.presented.sid, r->call.session.user,
				    r->call.session.end_reason, true);
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

static bool copy_record(struct request *r, struct refresh *f)
{
	const struct session *s = &r->call.session;
	struct issue *i = &f->issue;
	const struct sd_slice from[] = {
	    s->user, s->client, s->device_id, s->scope, s->acr, s->amr, s->claims, s->audience};
	struct sd_slice *to[] = {
	    &i->user, &i->client, &i->device_id, &i->scope, &i->acr, &i->amr, &i->claims, &i->audience};
	for (size_t k = 0; k < SD_ARRAY_LEN(from); k++) {
		*to[k] = sd_arena_copy(&r->arena, from[k].p ? from[k] : sd_slice("", 0));
		if (!to[k]->p)
			return false;
	}
	i->sid = f->in.presented.sid;
	i->mode = SESSION_MODE_TOKEN;
	i->remember_me = s->remember_me;
	i->auth_time_s = s->auth_time_s;
	i->iat_s = r->call.iat_s;
	i->exp_s = r->call.exp_s;
	i->now_s = r->call.now_ms / 1000;
	i->created_s = s->created_ms / 1000;
	i->absolute_at_s = r->call.absolute_at_s;
	i->refresh_expires_s = r->call.refresh_expires_s;
	return true;
}

static enum step record(struct request *r)
{
	struct refresh *f = r->state;
	char sid[HANDLE_SID_LEN + 1];
	if (f->status == STORE_REUSED)
		return refuse(r, f, PROBLEM_REFRESH_REUSED, AUDIT_REFRESH_REUSED);
	if (f->status == STORE_EXPIRED)
		return refuse(r, f, PROBLEM_REFRESH_EXPIRED, AUDIT_TOKEN_REFUSED);
	if (!copy_record(r, f) ||
	    (f->status == STORE_SUCCESSOR && open_successor(f, r->call.successor) != SD_OK))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the record cannot be used",
				       NULL);
	sid_text(&f->in.presented.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_REFRESHED,
				  .outcome = AUDIT_OK,
				  .user = f->issue.user,
				  .session = sd_slice_str(sid),
				  .key = "successor",
				  .value = f->status == STORE_SUCCESSOR ? SD_SLICE("repeated")
									: SD_SLICE("new")};
	if (!audit_event_send(r, &note))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	return STEP_NEXT;
}

/* A rule by time ends sessions created before it; the refresh script cannot see it. */
static enum step rules(struct request *r)
{
	struct refresh *f = r->state;
	f->standing = (struct standing){.sid = f->issue.sid,
					.created_s = f->issue.created_s,
					.user = f->issue.user,
					.client = f->issue.client};
	return standing_check(r, &f->standing);
}

static enum step ruled(struct request *r)
{
	struct refresh *f = r->state;
	if (!standing_told(r, &f->standing))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!f->standing.gone && !f->standing.refused && !issue_has_audience(r, &f->issue))
		return respond_problem(r, PROBLEM_REFRESH_INVALID, "the policy has none of its audiences", NULL);
	if (!f->standing.gone && !f->standing.refused)
		return issue_sign(r, &f->issue);
	if (!f->standing.gone)
		ending_detached(r, &f->issue.sid, f->issue.user, f->standing.refused);
	return respond_problem(r, PROBLEM_REFRESH_INVALID, NULL, NULL);
}

static enum step answer(struct request *r)
{
	struct refresh *f = r->state;
	/* the caller repeats: within the grace it gets the same successor */
	if (!issue_signed(r, &f->issue))
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, NULL, NULL);
	issue_render(r, &f->issue);
	sd_buf_str(&r->body, "}");
	return respond_json(r, 200);
}

const request_step ep_refresh_steps[] = {
    parse, audit_slot_step, rotate, rotated, record, rules, ruled, answer, NULL,
};
