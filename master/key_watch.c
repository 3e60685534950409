/* SPDX-License-Identifier: MIT
 * key_watch - changes of the signing keys' states, for the audit trail.
 * Owns:      what each key was when it was looked at last
 * Runs in:   master
 * Fails by:  SD_ERR_MEMORY at the start
 * Never:     decide a state: the key's times do
 */
#include "base.h"
#include "key_watch.h"

#include "clock.h"
#include "err.h"
#include "master.h"

enum state { STATE_NONE = 0, STATE_PUBLISHED, STATE_ACTIVE, STATE_RETIRED };

static enum state state_of(const struct policy_key *k, int64_t now_s)
{
	return now_s < k->activate_s ? STATE_PUBLISHED
	       : now_s < k->retire_s ? STATE_ACTIVE
				     : STATE_RETIRED;
}

static void tell(struct master *m, const struct policy_tenant *t, const struct policy_key *k,
		 enum state state)
{
	static const char *const names[] = {"", "published", "active", "retired"};
	const struct policy_view *v = &m->seg.policy.view;
	struct audit_detail details[] = {{"kid", policy_view_at(v, k->kid.off)},
					 {"state", names[state]}, {NULL, NULL}};

	audit_link_event(m, AUDIT_KEY_STATE, AUDIT_OK, policy_view_at(v, t->name.off), details);
}

static void look(struct master *m, bool telling)
{
	const struct policy_view *v = &m->seg.policy.view;
	int64_t now_s = sd_clock_wall_ms() / 1000;

	for (uint32_t i = 0; i < v->image->tenants.count; i++) {
		const struct policy_tenant *t = policy_view_tenant(v, i);

		for (uint32_t j = 0; j < t->keys.count; j++) {
			const struct policy_key *k = policy_view_key(v, t, j);
			enum state state = state_of(k, now_s);

			if (k->slot >= SHM_KEYS || m->key_watch.state[k->slot] == state)
				continue;
			m->key_watch.state[k->slot] = (uint8_t)state;
			if (telling)
				tell(m, t, k, state);
		}
	}
}

int key_watch_open(struct master *m)
{
	m->key_watch.state = calloc(SHM_KEYS, 1);
	if (m->key_watch.state == NULL)
		return SD_ERR_MEMORY;
	look(m, false);
	return SD_OK;
}

void key_watch_look(struct master *m)
{
	look(m, true);
}
