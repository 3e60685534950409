/* SPDX-License-Identifier: MIT
 * lookup - is this session still good?
 * Owns:      the order remembered -> shared memory -> store, and the judgement of freshness
 * Runs in:   worker
 * Fails by:  LOOKUP_ASK (uncertain), LOOKUP_UNAVAILABLE (uncertain and nobody to ask)
 * Never:     say GOOD out of uncertainty; remember the proof across requests
 */
#include "base.h"
#include "lookup.h"

#include "clock.h"
#include "shm_fresh.h"

static int64_t max_staleness_ns(const struct request *r)
{
	return (int64_t)r->tenant->max_staleness_ms * SD_NS_PER_MS;
}

/* The older of the session's and the tenant's partitions: both must be proven. */
static int64_t proof(const struct request *r, const struct lookup *l)
{
	int64_t a = shm_fresh_as_of(r->w->control, l->partition);
	int64_t b = shm_fresh_as_of(r->w->control, r->gen->partition[r->tenant_index]);
	return SD_MIN(a, b);
}

void lookup_proof(const struct request *r, struct lookup *l)
{
	l->as_of_ns = proof(r, l);
	l->proof_read = true;
}

enum lookup_verdict lookup_memory(const struct request *r, struct lookup *l)
{
	enum shm_scope scope = SHM_SCOPE_NONE;
	int64_t as_of = l->proof_read ? l->as_of_ns : proof(r, l);
	l->proof_read = false;
	enum shm_verdict v = shm_revoke_check(r->w->control, r->w->table, &l->query, &scope);
	int64_t now = sd_clock_boot_ns();
	l->source = SOURCE_MEMORY;
	if (v == SHM_REVOKED) /* an end is never undone: it needs no proof */
		return scope == SHM_SCOPE_SESSION ? LOOKUP_GONE : LOOKUP_REVOKED;
	if (v == SHM_CLEAR && shm_fresh_holds(as_of, now, max_staleness_ns(r)))
		return LOOKUP_GOOD;
	l->why = v == SHM_UNKNOWN ? FALLBACK_COLLAPSED : FALLBACK_STALE;
	return LOOKUP_ASK;
}

/* No answer from the store: what the tenant's outage rule makes of it. */
static enum lookup_verdict outage(const struct request *r, struct lookup *l, bool is_token)
{
	if (r->tenant->on_store_outage != OUTAGE_ALLOW_SIGNED || !is_token ||
	    l->why == FALLBACK_IDLE)
		return LOOKUP_UNAVAILABLE; /* what may have been idle for too long is not revived */
	enum shm_scope scope = SHM_SCOPE_NONE;
	int64_t as_of = proof(r, l);
	enum shm_verdict v = shm_revoke_check(r->w->control, r->w->table, &l->query, &scope);
	int64_t now = sd_clock_boot_ns();
	if (v != SHM_CLEAR ||
	    !shm_fresh_holds(as_of, now, (int64_t)r->tenant->allow_signed_s * SD_NS_PER_S))
		return LOOKUP_UNAVAILABLE;
	l->source = SOURCE_SIGNED;
	return LOOKUP_GOOD;
}

/* The record is not there. A session or refresh token is nothing without it; an access token
 * follows the table where that is fresh. */
static enum lookup_verdict absent(const struct request *r, struct lookup *l, bool is_token)
{
	if (is_token && l->why != FALLBACK_IDLE && lookup_memory(r, l) == LOOKUP_GOOD)
		return LOOKUP_GOOD;
	l->source = SOURCE_STORE;
	return LOOKUP_GONE;
}

static bool rules_refuse(const struct request *r, const struct lookup *l)
{
	const struct store_call *call = &r->call;
	int64_t before =
	    SD_MAX(call->tenant_before_s, SD_MAX(call->client_before_s, call->key_before_s));
	return l->query.iat_s < before;
}

/* What came into the table since memory was asked, and what the store has lost: an end is never
 * undone. */
static enum lookup_verdict held_against_table(const struct request *r, const struct lookup *l)
{
	enum shm_scope scope = SHM_SCOPE_NONE;
	if (shm_revoke_check(r->w->control, r->w->table, &l->query, &scope) != SHM_REVOKED)
		return LOOKUP_GOOD;
	return scope == SHM_SCOPE_SESSION ? LOOKUP_GONE : LOOKUP_REVOKED;
}

enum lookup_verdict lookup_store(const struct request *r, struct lookup *l, bool is_token)
{
	const struct store_call *call = &r->call;
	l->source = SOURCE_STORE;
	if (call->status == STORE_UNAVAILABLE || call->status == STORE_CORRUPT ||
	    call->status == STORE_LATE || !shm_fresh_store_known(r->w->control))
		return outage(r, l, is_token);
	if (rules_refuse(r, l))
		return LOOKUP_REVOKED;
	if (call->status == STORE_ABSENT)
		return absent(r, l, is_token);
	if (call->status != STORE_OK && call->status != STORE_ENDED)
		return LOOKUP_UNAVAILABLE;
	switch (session_fate(request_policy(r), &call->session, l->seen_ms, r->now_ms, &l->clocks)) {
	case FATE_ACTIVE:
		/* A session token's place in the table is known once its record is kept. */
		return is_token ? held_against_table(r, l) : LOOKUP_GOOD;
	case FATE_EXPIRED:
		return LOOKUP_EXPIRED;
	case FATE_IDLE:
		return LOOKUP_IDLE;
	case FATE_ENDED:
		break;
	}
	return LOOKUP_GONE;
}
