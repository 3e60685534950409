/* SPDX-License-Identifier: MIT
 * quota - places of a tenant's sessions, in all and of one client.
 * Owns:      looks into unconfirmed places until they are over
 * Runs in:   worker
 * Fails by:  409, 503; a place too many that is counted for a while
 * Never:     let a session be made without its place
 */
#include "base.h"
#include "quota.h"

#include "audit_event.h"
#include "ending.h"
#include "err.h"
#include "respond.h"
#include "shm_board.h"
#include "store_key.h"
#include "store_quota.h"

/* False: the policy sets no limit for it. */
static bool wanted(const struct request *r, const struct store_create *in, struct store_quota *out)
{
	const struct policy_tenant *t = r->tenant;
	uint32_t max_client = policy_view_limit(&r->gen->view, t->client_limits, in->client);
	*out = (struct store_quota){.tenant = in->tenant,
				    .client = in->client,
				    .sid = in->sid,
				    .max_total = t->max_total,
				    .max_client = max_client,
				    .absolute_s = in->absolute_s,
				    .has_replaces = in->has_replaces,
				    .replaces = in->replaces};
	return t->max_total > 0 || max_client > 0;
}

/* Somebody took a place and never said what came of it: its session is there, or it is not. */
struct look {
	struct store_call call;
	struct store *store;
	struct sid sid;
	char tenant[STORE_TENANT_MAX + 1];
};

static void on_looked(struct store_call *call)
{
	struct look *l = SD_CONTAINER_OF(call, struct look, call);
	struct sd_slice tenant = sd_slice_str(l->tenant);
	bool lives = call->status == STORE_OK && call->session.status == SESSION_ACTIVE;
	bool gone = call->status == STORE_ABSENT || call->status == STORE_ENDED ||
		    (call->status == STORE_OK && call->session.status == SESSION_ENDED);
	if (lives || gone)
		store_quota_end(l->store, tenant, &l->sid,
				lives ? STORE_QUOTA_CONFIRM : STORE_QUOTA_RELEASE);
	store_call_release(call);
	free(l);
}

static void look_into(struct request *r, struct sd_slice tenant)
{
	uint32_t n = SD_MIN(r->call.evicted_count, (uint32_t)SD_ARRAY_LEN(r->call.evicted));
	for (uint32_t i = 0; i < n; i++) {
		struct look *l = calloc(1, sizeof(*l));
		if (!l)
			return; /* the next one who takes a place is told again */
		l->call.done = on_looked;
		l->store = r->w->store;
		l->sid = r->call.evicted[i];
		if (sd_slice_copy(tenant, l->tenant, sizeof(l->tenant)) != SD_OK) {
			free(l);
			return;
		}
		store_read(l->store, tenant, &l->sid, SD_SLICE(""), SD_SLICE(""), &l->call);
	}
}

enum step quota_take(struct request *r, const struct store_create *in)
{
	struct store_quota q;
	if (!wanted(r, in, &q))
		return STEP_NEXT;
	store_quota_take(r->w->store, &q, request_store_call(r));
	return STEP_PARKED;
}

static enum step limit_reached(struct request *r, const struct store_create *in)
{
	struct audit_note note = {.event = AUDIT_LIMIT_REACHED,
				  .outcome = AUDIT_REFUSED,
				  .user = in->user,
				  .ip = in->ip,
				  .key = "client_id",
				  .value = in->client};
	board_count(r->w->stats, METRIC_SECURITY, r->tenant->slot, SECURITY_LIMIT_REACHED, 0, 1);
	audit_event_refused(r, &note);
	return respond_problem(r, PROBLEM_SESSION_LIMIT,
			       "the tenant or the client has all the sessions it may have: end one first", NULL);
}

enum step quota_taken(struct request *r, const struct store_create *in)
{
	struct store_quota q;
	if (!wanted(r, in, &q))
		return STEP_NEXT;
	if (ending_failed(&r->call))
		return respond_problem(r, PROBLEM_STORE_UNAVAILABLE, NULL, NULL);
	look_into(r, q.tenant);
	return r->call.status == STORE_OK ? STEP_NEXT : limit_reached(r, in);
}

void quota_made(struct request *r, const struct store_create *in, enum store_status made)
{
	struct store_quota q;
	if (!wanted(r, in, &q) || made == STORE_UNAVAILABLE)
		return;
	store_quota_end(r->w->store, q.tenant, &q.sid,
			made == STORE_OK ? STORE_QUOTA_CONFIRM : STORE_QUOTA_RELEASE);
}
