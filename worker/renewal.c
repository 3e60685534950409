/* SPDX-License-Identifier: MIT
 * renewal - successors of session tokens.
 * Owns:      when one is due; the sealing of it
 * Runs in:   worker
 * Fails by:  offering nothing: the token in use stays good
 * Never:     refuse a token because its successor was given out: only that one's use ends it
 */
#include "base.h"
#include "renewal.h"

#include "audit_event.h"
#include "cookie.h"
#include "err.h"
#include "seal.h"
#include "secret.h"
#include "session_rules.h"
#include "store_life.h"

static bool same(const uint8_t a[32], const uint8_t b[32])
{
	return sd_slice_eq_ct(sd_slice(a, 32), sd_slice(b, 32));
}

enum renewal_fit renewal_fits(const struct request *r, const struct session *s,
			      const struct handle *h)
{
	uint8_t hash[32];
	handle_hash(h, hash);
	if (h->generation == s->session_generation)
		return same(hash, s->session_hash) ? RENEWAL_CURRENT : RENEWAL_FOREIGN;
	if (h->generation > s->session_generation)
		return same(hash, s->next_hash) ? RENEWAL_NEXT : RENEWAL_NEWER;
	if (s->old_since_ms && same(hash, s->old_hash) &&
	    r->now_ms - s->old_since_ms < (int64_t)r->tenant->refresh_grace_ms)
		return RENEWAL_OLD;
	return RENEWAL_FOREIGN;
}

static int successor_key(const struct handle *presented, uint8_t key[32])
{
	return handle_derive(presented->random, sizeof(presented->random),
			     "sessiond session successor 1",
			     sd_slice(presented->sid.b, HANDLE_SID_BYTES), key);
}

static int make(struct request *r, struct renewal *n, struct store_renew *in, struct sd_buf *sealed)
{
	const struct tenant_keys *keys = &r->gen->keys[r->tenant_index];
	struct handle next;
	uint8_t key[32];
	int e = handle_new(HANDLE_SESSION, &n->presented.sid, n->presented.generation + 1, &next);
	handle_hash(&next, in->new_hash);
	if (e == SD_OK)
		e = handle_text(&next, keys->mac[0], n->token);
	if (e == SD_OK)
		e = successor_key(&n->presented, key);
	if (e == SD_OK)
		e = seal_close(key, sd_slice(n->presented.sid.b, HANDLE_SID_BYTES),
			       sd_slice_str(n->token), sealed);
	in->sealed = sd_buf_slice(sealed);
	sd_wipe(key, sizeof(key));
	sd_wipe(&next, sizeof(next));
	return e;
}

static bool due(const struct request *r, const struct known_session *k)
{
	const struct session *s = &k->session;
	int64_t since_s = SD_MAX(s->session_issued_s, s->created_ms / 1000);
	return request_now_s(r) - since_s >= r->tenant->access_ttl_s &&
	       r->now_ms - k->offered_ms >= (int64_t)r->tenant->touch_interval_s * 1000;
}

enum step renewal_begin(struct request *r, struct renewal *n, struct known_session *k,
			enum renewal_fit fit)
{
	struct store_renew in = {.tenant = policy_view_str(&r->gen->view, r->tenant->name),
				 .presented = n->presented,
				 .sealed = SD_SLICE(""),
				 .retain_s = r->tenant->retain_sessions_s};
	struct sd_buf sealed;
	struct session_clocks clocks;
	bool ready = true;
	n->confirms = fit == RENEWAL_NEXT;
	if ((!n->confirms && !(fit == RENEWAL_CURRENT && due(r, k))) || !store_is_up(r->w->store))
		return STEP_NEXT;
	if (n->confirms && !r->slot && audit_slot_take(&r->w->audit))
		r->slot = true;
	if (n->confirms && !r->slot)
		return STEP_NEXT; /* it stays good as it is; the next request confirms it */
	sd_buf_init(&sealed, 256);
	if (!n->confirms) {
		session_clocks(request_policy(r), &k->session, k->session.seen_ms, &clocks);
		n->max_age_s = k->session.remember_me ? clocks.absolute_at_s - request_now_s(r)
						      : COOKIE_OF_BROWSER;
		ready = make(r, n, &in, &sealed) == SD_OK;
		k->offered_ms = r->now_ms;
	}
	if (ready)
		store_renew(r->w->store, &in, request_store_call(r));
	sd_buf_fini(&sealed);
	return ready ? STEP_PARKED : STEP_NEXT;
}

static bool take_given(struct renewal *n, struct sd_slice sealed)
{
	struct sd_buf plain;
	uint8_t key[32];
	sd_buf_init(&plain, 256);
	bool ok = successor_key(&n->presented, key) == SD_OK &&
		  seal_open(key, sd_slice(n->presented.sid.b, HANDLE_SID_BYTES), sealed, &plain) ==
		      SD_OK &&
		  sd_slice_copy(sd_buf_slice(&plain), n->token, sizeof(n->token)) == SD_OK;
	sd_buf_wipe_fini(&plain);
	sd_wipe(key, sizeof(key));
	return ok;
}

static void audit_renewed(struct request *r, const struct renewal *n)
{
	char sid[HANDLE_SID_LEN + 1];
	sid_text(&n->presented.sid, sid);
	struct audit_note note = {.event = AUDIT_SESSION_REFRESHED,
				  .outcome = AUDIT_OK,
				  .session = sd_slice_str(sid),
				  .key = "session_token",
				  .value = SD_SLICE("renewed")};
	bool recorded = audit_event_send(r, &note);
	(void)recorded; /* nobody got anything that he did not have */
}

void renewal_end(struct request *r, struct renewal *n)
{
	enum store_status status = r->call.status;
	if (n->confirms) {
		if (status == STORE_OK)
			audit_renewed(r, n);
		return;
	}
	if (status != STORE_OK &&
	    !(status == STORE_SUCCESSOR && take_given(n, r->call.successor))) {
		n->token[0] = '\0';
		return;
	}
	cookie_set(r, n->token, n->max_age_s);
}
