/* SPDX-License-Identifier: MIT
 * session_rules - what a policy, a session and a time decide together.
 * Owns:      nothing; pure functions
 * Runs in:   worker
 * Fails by:  never
 * Never:     ask a clock, the store, or shared memory
 */
#include "base.h"
#include "session_rules.h"

#include <arpa/inet.h>

int64_t session_idle_s(const struct policy_tenant *t, bool remember_me)
{
	return remember_me ? t->remember_idle_s : t->idle_s;
}

int64_t session_absolute_s(const struct policy_tenant *t, bool remember_me)
{
	return remember_me ? t->remember_absolute_s : t->absolute_s;
}

const struct policy_level *session_level(struct session_policy p, const struct session *s)
{
	return p.t->levels.count ? policy_view_level(p.view, p.t, s->device_trust) : NULL;
}

static int64_t shorter(int64_t duration, uint32_t levels)
{
	return levels ? SD_MIN(duration, (int64_t)levels) : duration;
}

int64_t session_policy_idle_s(struct session_policy p, const struct session *s)
{
	const struct policy_level *l = session_level(p, s);
	return shorter(session_idle_s(p.t, s->remember_me), l ? l->idle_s : 0);
}

int64_t session_policy_absolute_s(struct session_policy p, const struct session *s)
{
	const struct policy_level *l = session_level(p, s);
	return shorter(session_absolute_s(p.t, s->remember_me), l ? l->absolute_s : 0);
}

int64_t session_least_idle_s(struct session_policy p, bool remember_me)
{
	int64_t least = session_idle_s(p.t, remember_me);
	const struct policy_level *l =
	    p.t->levels.count ? policy_view_at(p.view, p.t->levels.off) : NULL;
	for (uint32_t i = 0; i < p.t->levels.count; i++)
		least = shorter(least, l[i].idle_s);
	return least;
}

bool session_must_step_up(struct session_policy p, const struct session *s,
			  struct sd_slice *acr_out)
{
	const struct policy_level *l = session_level(p, s);
	*acr_out = l ? policy_view_str(p.view, l->step_up) : sd_slice("", 0);
	return acr_out->n > 0 && !sd_slice_eq(*acr_out, s->acr);
}

bool session_may_step_up(struct session_policy p)
{
	const struct policy_level *l =
	    p.t->levels.count ? policy_view_at(p.view, p.t->levels.off) : NULL;
	for (uint32_t i = 0; i < p.t->levels.count; i++)
		if (l[i].step_up.len > 0)
			return true;
	return false;
}

struct store_clocks session_clocks_now(struct session_policy p)
{
	const struct policy_tenant *t = p.t;
	return (struct store_clocks){
	    .idle_s = t->idle_s,
	    .absolute_s = t->absolute_s,
	    .remember_idle_s = t->remember_idle_s,
	    .remember_absolute_s = t->remember_absolute_s,
	    .touch_interval_s = t->touch_interval_s,
	    .levels = t->levels.count ? policy_view_str(p.view, t->levels_text) : sd_slice("", 0)};
}

void session_clocks(struct session_policy p, const struct session *s, int64_t seen_ms,
		    struct session_clocks *out)
{
	int64_t idle = SD_MIN(s->idle_s, session_policy_idle_s(p, s));
	int64_t absolute = SD_MIN(s->absolute_s, session_policy_absolute_s(p, s));
	out->absolute_at_s = s->created_ms / 1000 + absolute;
	out->idle_at_s = SD_MIN(SD_MAX(seen_ms, s->seen_ms) / 1000 + idle, out->absolute_at_s);
}

enum session_fate session_fate(struct session_policy p, const struct session *s,
			       int64_t seen_ms, int64_t now_ms, struct session_clocks *clocks_out)
{
	int64_t touched_ms = (int64_t)p.t->touch_interval_s * 1000;
	int64_t idle = SD_MIN(s->idle_s, session_policy_idle_s(p, s));
	session_clocks(p, s, seen_ms, clocks_out);
	if (s->status != SESSION_ACTIVE)
		return FATE_ENDED;
	if (now_ms / 1000 >= clocks_out->absolute_at_s)
		return FATE_EXPIRED;
	if (now_ms >= SD_MAX(seen_ms, s->seen_ms) + idle * 1000 + touched_ms)
		return FATE_IDLE;
	return FATE_ACTIVE;
}

bool session_is_forgotten(struct session_policy p, const struct session *s, int64_t now_ms)
{
	struct session_clocks clocks;
	if (s->status != SESSION_ACTIVE && s->end_reason == END_ERASED)
		return true;
	session_clocks(p, s, s->seen_ms, &clocks);
	int64_t ended_s = s->status == SESSION_ACTIVE
			      ? SD_MIN(clocks.idle_at_s, clocks.absolute_at_s)
			      : s->ended_ms / 1000;
	return now_ms / 1000 >= ended_s + (int64_t)p.t->retain_sessions_s;
}

int64_t session_access_ttl_s(const struct policy_tenant *t, uint32_t random)
{
	int64_t ttl = t->access_ttl_s;
	int64_t most = ttl * (int64_t)t->jitter_permille / 1000;
	return SD_MAX(ttl - (most > 0 ? (int64_t)(random % (uint64_t)(most + 1)) : 0), (int64_t)1);
}

static struct sd_slice next_word(struct sd_slice s, size_t *pos)
{
	while (*pos < s.n && s.p[*pos] == ' ')
		(*pos)++;
	size_t from = *pos;
	while (*pos < s.n && s.p[*pos] != ' ')
		(*pos)++;
	return sd_slice(s.p + from, *pos - from);
}

struct sd_slice session_scope_lacks(struct sd_slice granted, struct sd_slice wanted)
{
	size_t at = 0;
	for (struct sd_slice w = next_word(wanted, &at); w.n > 0; w = next_word(wanted, &at)) {
		size_t in = 0;
		struct sd_slice g = next_word(granted, &in);
		while (g.n > 0 && !sd_slice_eq(g, w))
			g = next_word(granted, &in);
		if (g.n == 0)
			return w;
	}
	return sd_slice("", 0);
}

/* Its bytes, cut down to the network's when `cut`; and back into text. */
static struct sd_slice written(struct sd_slice ip, bool cut, char out[64])
{
	uint8_t a[16];
	char text[64];
	int family = AF_INET;
	if (ip.n >= sizeof(text))
		return sd_slice("", 0);
	memcpy(text, ip.p, ip.n);
	text[ip.n] = '\0';
	if (inet_pton(AF_INET, text, a) == 1) {
		a[3] = cut ? 0 : a[3];
	} else if (inet_pton(AF_INET6, text, a) == 1) {
		family = AF_INET6;
		if (cut)
			memset(a + 6, 0, 10);
	} else {
		return sd_slice("", 0);
	}
	const char *made = inet_ntop(family, a, out, 64);
	return made ? sd_slice_str(out) : sd_slice("", 0);
}

struct sd_slice session_plain_ip(struct sd_slice ip, char out[64])
{
	return written(ip, false, out);
}

struct sd_slice session_keep_ip(enum policy_privacy mode, struct sd_slice ip, char out[64])
{
	switch (mode) {
	case PRIVACY_FULL:
		return ip;
	case PRIVACY_TRUNCATE:
		return written(ip, true, out);
	case PRIVACY_HASH:
	case PRIVACY_OFF:
		break;
	}
	return sd_slice("", 0);
}
