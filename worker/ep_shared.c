/* SPDX-License-Identifier: MIT
 * ep_shared - GET and PUT /users/{user_id}/data: what all sessions of a user share.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  400, 404 user-unknown, 412, 413, 423 (restricted), 428; 503
 * Never:     write over a change that the writer has not seen: the script compares
 */
#include "base.h"
#include "ep.h"

#include "audit_event.h"
#include "data_body.h"
#include "err.h"
#include "http_etag.h"
#include "http_field.h"
#include "precondition.h"
#include "respond.h"
#include "sealed.h"
#include "store_data.h"

#define TRIES 16

static const struct body_field fields[] = {{"data", BODY_OBJECT, true, UINT32_MAX}};

struct shared {
	struct store_shared in;
	struct precondition pre;
	struct sd_slice plain;
	unsigned tries;
};

static enum step parse_put(struct request *r)
{
	struct shared *u = sd_arena_alloc(&r->arena, sizeof(*u));
	struct body_value v;
	r->state = u;
	if (!u)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	if (body_path_user(r) == STEP_DONE || body_read(r, fields, 1, &v) == STEP_DONE ||
	    data_body_read(r, &v, &u->plain) == STEP_DONE)
		return STEP_DONE;
	return precondition_read(r, &u->pre);
}

static enum step read_it(struct request *r)
{
	store_shared_read(r->w->store, policy_view_str(&r->gen->view, r->tenant->name),
			  r->params.user, request_store_call(r));
	return STEP_PARKED;
}

static void render(struct request *r, struct sd_slice data, int64_t updated_ms)
{
	sd_buf_str(&r->body, "{\"user_id\":");
	sd_buf_json_str(&r->body, r->params.user);
	sd_buf_str(&r->body, ",\"tenant_id\":");
	sd_buf_json_str(&r->body, policy_view_str(&r->gen->view, r->tenant->name));
	if (updated_ms) {
		sd_buf_str(&r->body, ",\"updated_at\":");
		sd_buf_i64(&r->body, updated_ms / 1000);
	}
	if (data.n) {
		sd_buf_str(&r->body, ",\"data\":");
		sd_buf_put(&r->body, data);
	}
	sd_buf_char(&r->body, '}');
}

static enum step show(struct request *r)
{
	const struct store_kept *kept = &r->call.kept;
	struct sealed_of of = {r->params.user, NULL, kept->key};
	char *etag = sd_arena_alloc(&r->arena, SEALED_ETAG_MAX);
	struct sd_slice data, held;
	if (r->call.status == STORE_ABSENT)
		return respond_problem(r, PROBLEM_USER_UNKNOWN, NULL, NULL);
	if (r->call.status != STORE_OK || !etag)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	sealed_etag(kept->version, kept->data, etag);
	respond_header(r, "ETag", sd_slice_str(etag));
	if (http_field_get(r->msg, "if-none-match", &held) == HTTP_FOUND_ONE &&
	    http_etag_find(held, sd_slice_str(etag), false) >= HTTP_ETAG_LISTED)
		return respond_empty(r, 304);
	if (sealed_open(r, &of, kept->data, &data) != SEALED_OK)
		data = sd_slice("", 0); /* not shown */
	render(r, data, kept->updated_ms);
	return respond_json(r, 200);
}

/* Writes after what r->call has read (or was refused with). */
static enum step write_it(struct request *r)
{
	struct shared *u = r->state;
	const struct store_kept *kept = &r->call.kept;
	struct sealed_of of = {r->params.user, NULL, kept->key};
	struct sealed sealed;
	char etag[SEALED_ETAG_MAX];
	sealed_etag(kept->version, kept->data, etag);
	if (precondition_check(r, &u->pre, etag, kept->version > 0) == STEP_DONE)
		return STEP_DONE;
	if (sealed_close(r, &of, u->plain, &sealed) != SD_OK)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "the data cannot be sealed",
				       NULL);
	u->in.tenant = policy_view_str(&r->gen->view, r->tenant->name);
	u->in.user = r->params.user;
	u->in.data = sealed.data;
	u->in.key = sealed.key;
	u->in.seen.any = u->pre.any;
	u->in.seen.version = kept->version;
	u->in.seen.head = sd_arena_copy(&r->arena, sealed_head(kept->data));
	if (!u->in.seen.head.p)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, "out of memory", NULL);
	store_shared_write(r->w->store, &u->in, request_store_call(r));
	return STEP_PARKED;
}

/* A user of whom nothing is known yet may have data before his first session. */
static enum step was_read(struct request *r)
{
	if (r->call.status == STORE_OK || r->call.status == STORE_ABSENT)
		return write_it(r);
	return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
}

static bool audit(struct request *r)
{
	char version[12];
	(void)snprintf(version, sizeof(version), "%u", r->call.kept.version);
	struct audit_note note = {.event = AUDIT_SESSION_UPDATED,
				  .outcome = AUDIT_OK,
				  .user = r->params.user,
				  .key = "user_data_version",
				  .value = sd_slice_str(version)};
	return audit_event_send(r, &note);
}

static enum step written(struct request *r)
{
	struct shared *u = r->state;
	char *etag = sd_arena_alloc(&r->arena, SEALED_ETAG_MAX);
	if ((r->call.status == STORE_CONFLICT || r->call.status == STORE_KEY) &&
	    u->tries++ < TRIES) {
		enum step again = write_it(r);
		if (again == STEP_PARKED)
			r->step--; /* comes back here */
		return again;
	}
	if (r->call.status == STORE_RESTRICTED)
		return respond_problem(r, PROBLEM_SESSION_LOCKED, "the user is restricted", NULL);
	if (r->call.status != STORE_OK || !etag)
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	if (!audit(r))
		return respond_problem(r, PROBLEM_AUDIT_UNAVAILABLE, NULL, NULL);
	sealed_etag(r->call.kept.version, u->in.data, etag);
	respond_header(r, "ETag", sd_slice_str(etag));
	render(r, u->plain, r->call.kept.updated_ms);
	return respond_json(r, 200);
}

const request_step ep_shared_get_steps[] = {body_path_user, read_it, show, NULL};
const request_step ep_shared_put_steps[] = {parse_put, audit_slot_step, read_it,
					    was_read, written, NULL};
