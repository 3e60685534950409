/* SPDX-License-Identifier: MIT
 * refusal - callers turned away, answered and recorded.
 * Owns:      the count of records about nobody in particular
 * Runs in:   worker
 * Fails by:  a record dropped and counted (no slot free, too many this second); the answer is the same
 * Never:     put a credential into a record, or tell a stranger why he is refused */
#include "base.h"
#include "refusal.h"

#include "audit_event.h"
#include "pseudonym.h"
#include "respond.h"
#include "shm_board.h"

static bool worth_a_record(struct request *r)
{
	int64_t second = request_now_s(r);
	if (r->w->refusals_s != second) {
		r->w->refusals_s = second;
		r->w->refusals = 0;
	}
	if (r->w->refusals++ < REFUSALS_PER_S)
		return true;
	r->w->refusals_untold++;
	return false;
}

/* Of the tenant that he named, if there is one: nobody is told. */
static void count(const struct request *r)
{
	const struct policy_tenant *t = r->tenant;
	uint32_t named = !t && r->params.tenant.p ? policy_view_tenant_find(&r->gen->view, r->params.tenant)
						  : POLICY_NONE;
	if (named != POLICY_NONE)
		t = policy_view_tenant(&r->gen->view, named);
	board_count(r->w->stats, METRIC_SECURITY, t ? t->slot : SHM_SLOT_NONE, SECURITY_CALLER_REFUSED, 0, 1);
}

static void record(struct request *r, const char *why)
{
	struct audit_note note = {.event = AUDIT_CALLER_REFUSED,
				  .outcome = AUDIT_REFUSED,
				  .reason = sd_slice_str(why ? why : "credential-unknown"),
				  .key = "route",
				  .value = sd_slice_str(r->route->label)};
	count(r);
	if (worth_a_record(r))
		audit_event_refused(r, &note);
}

enum step refusal_unauthenticated(struct request *r, const char *why)
{
	record(r, why);
	return respond_problem(r, PROBLEM_CALLER_UNAUTHENTICATED, NULL, NULL);
}

enum step refusal_told(struct request *r, const char *why)
{
	record(r, why);
	return respond_problem(r, PROBLEM_CALLER_UNAUTHENTICATED, why, NULL);
}

void refusal_of_token(struct request *r, const char *why, struct sd_slice ip)
{
	struct audit_note note = {.event = AUDIT_TOKEN_REFUSED,
				  .outcome = AUDIT_REFUSED,
				  .ip = ip.n ? pseudonym_keep_ip(r, ip) : ip,
				  .reason = sd_slice_str(why)};
	if (worth_a_record(r))
		audit_event_refused(r, &note);
}

enum step refusal_permission(struct request *r, const char *permission)
{
	struct audit_note note = {.event = AUDIT_CALLER_REFUSED,
				  .outcome = AUDIT_REFUSED,
				  .reason = SD_SLICE("permission-missing"),
				  .key = "permission",
				  .value = sd_slice_str(permission)};
	count(r);
	audit_event_refused(r, &note);
	return respond_problem(r, PROBLEM_PERMISSION_MISSING, permission, NULL);
}
