/* SPDX-License-Identifier: MIT
 * ep_update - PUT and PATCH /sessions/{id}: a session's data, replaced or patched (RFC 7396).
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400, 404, 409 session-ended, 412, 413, 423, 428; 503
 * Never:     write over a change that the writer has not seen: the script compares
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "data_body.h"
#include "ending.h"
#include "err.h"
#include "json_merge.h"
#include "precondition.h"
#include "respond.h"
#include "sealed.h"
#include "session_json.h"
#include "session_rules.h"
#include "store_data.h"

#define TRIES 16 /* of a patch without If-Match among many writers */

static const struct body_field put_field[] = {{"data", BODY_OBJECT, true, UINT32_MAX}};
static const struct body_field patch_field[] = {{"data", BODY_OBJECT_OR_NULL, true, UINT32_MAX}};

struct update {
	struct store_update in;
	struct precondition pre;
	struct sd_slice patch; /* PATCH: the text of "data" */
	struct sd_slice plain; /* what is written */
	unsigned tries;
};

static enum step parse_body(struct request *r, struct update *u)
{
	struct body_value v;
	if (r->msg->method == HTTP_PATCH) {
		u->patch = sd_slice("", 0);
		if (body_read(r, patch_field, 1, &v) == STEP_DONE)
			return STEP_DONE;
		u->patch = v.raw.raw;
		return STEP_NEXT;
	}
	if (body_read(r, put_field, 1, &v) == STEP_DONE)
		return STEP_DONE;
	return data_body_read(r, &v, &u->plain);
}

static enum step parse(struct request *r)
{
	struct update *u = sd_arena_alloc(&r->arena, sizeof(*u));
	r->state = u;
	if (!u)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (sid_parse(r->params.id, &u->in.sid) != SD_OK)
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (parse_body(r, u) == STEP_DONE || precondition_read(r, &u->pre) == STEP_DONE)
		return STEP_DONE;
	return precondition_lock(r, &u->in.lock_hash, NULL);
}

static enum step read_it(struct request *r)
{
	struct update *u = r->state;
	u->in.tenant = policy_view_str(&r->gen->view, r->tenant->name);
	u->in.clocks = session_clocks_now(request_policy(r));
	store_data_read(r->w->store, u->in.tenant, &u->in.sid, request_store_call(r));
	return STEP_PARKED;
}

/* What the patch makes of the data that was read. */
static enum step patch(struct request *r, struct update *u, const struct sealed_of *of)
{
	struct sd_slice was;
	struct sd_buf merged;
	enum sealed_result opened = sealed_open(r, of, r->call.session.data, &was);
	u->plain = SD_SLICE("{}");
	if (opened == SEALED_UNREADABLE)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the data cannot be opened",
				       NULL);
	if (sd_slice_is(u->patch, "null"))
		return STEP_NEXT;
	sd_buf_init(&merged, was.n + u->patch.n + 4096);
	int e = json_merge(opened == SEALED_OK ? was : SD_SLICE("{}"), u->patch, &merged);
	u->plain = sd_arena_copy(&r->arena, sd_buf_slice(&merged));
	sd_buf_fini(&merged);
	if (e == SD_ERR_TOO_BIG)
		return respond_problem(r, PROBLEM_DATA_TOO_LARGE, "too many names or values", "/data");
	if (e != SD_OK || !u->plain.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	return data_body_fits(r, u->plain);
}

/* Writes after what r->call has read (or was refused with). */
static enum step write_it(struct request *r)
{
	struct update *u = r->state;
	const struct session *s = &r->call.session;
	struct sealed_of of = {s->user, &s->sid, r->call.kept.key};
	struct sealed sealed;
	char etag[SEALED_ETAG_MAX];
	sealed_etag(s->version, s->data, etag);
	if (precondition_check(r, &u->pre, etag, true) == STEP_DONE)
		return STEP_DONE;
	if (u->patch.p && patch(r, u, &of) == STEP_DONE)
		return STEP_DONE;
	if (sealed_close(r, &of, u->plain, &sealed) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the data cannot be sealed",
				       NULL);
	u->in.data = sealed.data;
	u->in.key = sealed.key;
	u->in.seen.any = u->pre.any && !u->patch.p;
	u->in.seen.version = s->version;
	u->in.seen.head = sd_arena_copy(&r->arena, sealed_head(s->data));
	if (!u->in.seen.head.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	store_update(r->w->store, &u->in, request_store_call(r));
	return STEP_PARKED;
}

static enum step refuse(struct request *r)
{
	if (r->call.status == STORE_ABSENT ||
	    (r->call.status == STORE_ENDED &&
	     session_is_forgotten(request_policy(r), &r->call.session, r->now_ms)))
		return respond_problem(r, PROBLEM_SESSION_UNKNOWN, NULL, NULL);
	if (r->call.status == STORE_ENDED)
		return respond_problem(r, PROBLEM_SESSION_ENDED, NULL, NULL);
	if (r->call.status == STORE_LOCKED)
		return respond_problem(r, PROBLEM_SESSION_LOCKED, NULL, NULL);
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

static enum step was_read(struct request *r)
{
	return r->call.status == STORE_OK ? write_it(r) : refuse(r);
}

static bool audit(struct request *r)
{
	char sid[HANDLE_SID_LEN + 1], version[12];
	sid_text(&r->call.session.sid, sid);
	(void)snprintf(version, sizeof(version), "%u", r->call.session.version);
	struct audit_note note = {.event = AUDIT_SESSION_UPDATED,
				  .outcome = AUDIT_OK,
				  .user = r->call.session.user,
				  .session = sd_slice_str(sid),
				  .key = "version",
				  .value = sd_slice_str(version)};
	return audit_event_send(r, &note);
}

static enum step written(struct request *r)
{
	struct update *u = r->state;
	char *etag = sd_arena_alloc(&r->arena, SEALED_ETAG_MAX);
	if ((r->call.status == STORE_CONFLICT || r->call.status == STORE_KEY) &&
	    u->tries++ < TRIES) {
		enum step again = write_it(r);
		if (again == STEP_PARKED)
			r->step--; /* comes back here */
		return again;
	}
	if (r->call.status != STORE_OK)
		return refuse(r);
	if (!audit(r))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	if (!etag)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	sealed_etag(r->call.session.version, u->in.data, etag);
	respond_header(r, "ETag", sd_slice_str(etag));
	session_json_data(r, &r->body, &r->call.session, u->plain);
	return respond_json(r, 200);
}

const request_step ep_update_steps[] = {parse, audit_slot_step, read_it, was_read, written, NULL};
