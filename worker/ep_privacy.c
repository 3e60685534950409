/* SPDX-License-Identifier: MIT
 * ep_privacy - POST /users/{user_id}/erase and /restrict.
 * Owns:      the bodies of these, the form of a receipt
 * Runs in:   worker
 * Fails by:  400; 404 for a malformed user id; 503: ask again, what is done stays done
 * Never:     write who was erased into the trail; answer while this node still honours what it ended
 */
#include "base.h"
#include "ep.h"

#include "applied.h"
#include "audit_event.h"
#include "body.h"
#include "ending.h"
#include "err.h"
#include "pseudonym.h"
#include "respond.h"
#include "secret.h"
#include "shm_board.h"
#include "store_privacy.h"
#include "trail_erase.h"

#define AT_ONCE 200 /* records that one script strips */

/* --- erase ------------------------------------------------------------------------------------ */

struct erasure {
	struct store_erase in;
	uint32_t sessions, records, left, devices;
	bool had_key, had_shared;
	char receipt[33];
	struct trail_erase trail;
};

static enum step erase_parse(struct request *r)
{
	static const char hex[] = "0123456789abcdef";
	struct erasure *e = sd_arena_alloc(&r->arena, sizeof(*e));
	uint8_t random[16];
	r->state = e;
	if (!e)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_path_user(r) == STEP_DONE || body_nothing(r) == STEP_DONE)
		return STEP_DONE;
	if (sd_random(random, sizeof(random)) != SD_OK)
		return respond_problem(r, PROBLEM_SIGNER_UNAVAILABLE, "no random bytes", NULL);
	for (size_t i = 0; i < sizeof(random); i++) {
		e->receipt[2 * i] = hex[random[i] >> 4];
		e->receipt[2 * i + 1] = hex[random[i] & 15];
	}
	e->in = (struct store_erase){.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				     .user = r->params.user,
				     .retain_s = r->tenant->retain_sessions_s,
				     .limit = AT_ONCE};
	return STEP_NEXT;
}

static enum step erase_ask(struct request *r)
{
	struct erasure *e = r->state;
	store_erase(r->w->store, &e->in, request_store_call(r));
	return STEP_PARKED;
}

/* The user as a pseudonym: who asks for one by name can be told, who reads the trail cannot. */
static bool erase_audit_ends(struct request *r)
{
	char user[PSEUDONYM_LEN + 1];
	return pseudonym_make(r, PSEUDONYM_USER, 0, r->params.user, user) == SD_OK &&
	       ending_audit_user(r, sd_slice_str(user), END_ERASED);
}

static bool erase_audit(struct request *r, const struct erasure *e, enum audit_outcome outcome)
{
	char user[PSEUDONYM_LEN + 1];
	if (pseudonym_make(r, PSEUDONYM_USER, 0, r->params.user, user) != SD_OK)
		return false;
	struct audit_note note = {.event = AUDIT_USER_ERASED,
				  .outcome = outcome,
				  .user = sd_slice_str(user),
				  .key = "receipt_id",
				  .value = sd_slice_str(e->receipt)};
	return audit_event_send(r, &note);
}

static enum step erase_asked(struct request *r)
{
	struct erasure *e = r->state;
	const struct store_privacy *p = &r->call.privacy;
	bool first = e->records + e->sessions == 0;
	e->sessions += r->call.ended;
	if (!erase_audit_ends(r))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (r->call.status != STORE_OK) { /* also: done, but no replica has it */
		if (e->sessions + e->records)
			(void)!erase_audit(r, e, AUDIT_FAILED);
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	}
	e->records += p->records;
	e->left = p->left;
	e->devices += p->devices;
	e->had_key |= p->had_key;
	e->had_shared |= p->had_shared;
	return first || r->call.ended ? applied_wait(r) : STEP_NEXT;
}

static enum step erase_more(struct request *r)
{
	struct erasure *e = r->state;
	if (e->left)
		r->step -= 3; /* to erase_ask() */
	return STEP_NEXT;
}

static enum step erase_trail(struct request *r)
{
	struct erasure *e = r->state;
	return trail_erase_begin(r, &e->trail, e->in.user, e->receipt);
}

static enum step erase_trail_ask(struct request *r)
{
	return trail_erase_ask(r, &((struct erasure *)r->state)->trail);
}

static enum step erase_trail_asked(struct request *r)
{
	struct erasure *e = r->state;
	enum step step = trail_erase_asked(r, &e->trail);
	if (step == STEP_DONE)
		(void)!erase_audit(r, e, AUDIT_FAILED);
	return step;
}

static enum step erase_answer(struct request *r)
{
	const struct erasure *e = r->state;
	struct sd_buf *b = &r->body;
	if (!erase_audit(r, e, AUDIT_OK))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	sd_buf_str(b, "{\"receipt_id\":");
	sd_buf_json_str(b, sd_slice_str(e->receipt));
	sd_buf_str(b, ",\"tenant_id\":");
	sd_buf_json_str(b, e->in.tenant);
	sd_buf_str(b, ",\"erased_at\":");
	sd_buf_i64(b, r->call.now_ms / 1000);
	sd_buf_printf(b, ",\"sessions\":%u,\"records\":%u,\"devices\":%u,\"data_key\":%s,\"shared_data\":%s,\"audit_copies\":%u}",
		      e->sessions, e->records, e->devices, e->had_key ? "true" : "false",
		      e->had_shared ? "true" : "false", e->trail.records);
	return respond_json(r, 200);
}

/* --- restrict --------------------------------------------------------------------------------- */

/* Without a word: restricted. */
static const struct body_field fields[] = {{"restricted", BODY_BOOL, false, 0}};

static enum step restrict_parse(struct request *r)
{
	struct store_restrict *in = sd_arena_alloc(&r->arena, sizeof(*in));
	struct body_value v = {0};
	r->state = in;
	if (!in)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_path_user(r) == STEP_DONE ||
	    (r->msg->body.n && body_read(r, fields, SD_ARRAY_LEN(fields), &v) == STEP_DONE))
		return STEP_DONE;
	*in = (struct store_restrict){.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				      .user = r->params.user,
				      .how = v.given && !v.flag ? STORE_LIFT : STORE_RESTRICT,
				      .retain_s = r->tenant->retain_sessions_s};
	return STEP_NEXT;
}

static enum step restrict_ask(struct request *r)
{
	store_restrict(r->w->store, r->state, request_store_call(r));
	return STEP_PARKED;
}

static enum step restrict_asked(struct request *r)
{
	const struct store_restrict *in = r->state;
	char count[12];
	(void)snprintf(count, sizeof(count), "%u", r->call.ended);
	bool done = r->call.status == STORE_OK;
	struct audit_note note = {.event = AUDIT_USER_RESTRICTED,
				  .outcome = done ? AUDIT_OK : AUDIT_FAILED,
				  .user = in->user,
				  .reason = in->how == STORE_RESTRICT ? SD_SLICE("restricted")
								      : SD_SLICE("lifted"),
				  .key = "sessions",
				  .value = sd_slice_str(count)};
	bool ok = !(done || r->call.ended) || audit_event_send(r, &note);
	ok = ending_audit_user(r, in->user, END_ADMIN) && ok;
	if (!ok)
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (!done) /* also: done, but no replica has it */
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	return in->how == STORE_RESTRICT ? applied_wait(r) : STEP_NEXT;
}

static enum step restrict_answer(struct request *r)
{
	const struct store_restrict *in = r->state;
	struct sd_buf *b = &r->body;
	sd_buf_str(b, "{\"user_id\":");
	sd_buf_json_str(b, in->user);
	sd_buf_str(b, ",\"tenant_id\":");
	sd_buf_json_str(b, in->tenant);
	if (r->call.privacy.restricted_ms) {
		sd_buf_str(b, ",\"restricted\":true,\"restricted_at\":");
		sd_buf_i64(b, r->call.privacy.restricted_ms / 1000);
	} else {
		sd_buf_str(b, ",\"restricted\":false");
	}
	sd_buf_printf(b, ",\"sessions\":%u}", r->call.ended);
	return respond_json(r, 200);
}

const request_step ep_erase_steps[] = {erase_parse, audit_slot_step, erase_ask, erase_asked,
				       erase_more, erase_trail, erase_trail_ask,
				       erase_trail_asked, erase_answer, NULL};
const request_step ep_restrict_steps[] = {restrict_parse, audit_slot_step, restrict_ask,
					  restrict_asked, restrict_answer, NULL};
