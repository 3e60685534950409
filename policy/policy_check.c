/* SPDX-License-Identifier: MIT
 * policy_check - contradictions within one file, once every value alone is fine.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  reporting; every rule is tried
 * Never:     repair a value: the operator decides which of two is wrong
 *
 * audit.chain is accepted although the auditor's chain comes with an issue of its own: a note says
 * so to whoever sets it, until then.
 */
#include "base.h"
#include "policy_check.h"

#include "policy_names.h"
#include "policy_oidc.h"
#include "policy_schema.h"
#include "policy_suggest.h"
#include "policy_units.h"

struct check {
	enum policy_scope scope;
	const char *file;
	const struct policy_pos *pos;
	struct policy_faults *faults;
};

/* At the first of the two keys that stands in the file; both may be defaults. */
static struct policy_where where(const struct check *c, const char *key, const char *other)
{
	struct policy_where at = policy_schema_where(c->scope, c->file, c->pos, key);

	if (at.pos.line == 0 && other) {
		struct policy_where o = policy_schema_where(c->scope, c->file, c->pos, other);

		return o.pos.line ? o : at;
	}
	return at;
}

static bool given(const struct check *c, const char *key)
{
	return policy_schema_where(c->scope, c->file, c->pos, key).pos.line != 0;
}

/* Rules want values: none is tried when one of its keys was refused. */
static bool sound(const struct check *c, const char *a, const char *b)
{
	return policy_schema_sound(c->scope, c->pos, a) &&
	       (b == NULL || policy_schema_sound(c->scope, c->pos, b));
}

/* "a (15m) must not be over b (10m)", values in ms. */
static void not_over(const struct check *c, const char *a, uint64_t a_ms, const char *b,
		     uint64_t b_ms)
{
	struct sd_buf t;

	if (a_ms <= b_ms || !sound(c, a, b))
		return;
	sd_buf_init(&t, 256);
	sd_buf_str(&t, a);
	sd_buf_str(&t, " (");
	policy_units_put_duration(&t, a_ms);
	sd_buf_str(&t, ") is longer than ");
	sd_buf_str(&t, b);
	sd_buf_str(&t, " (");
	policy_units_put_duration(&t, b_ms);
	sd_buf_char(&t, ')');
	policy_fault(c->faults, where(c, a, b), "%.*s", SD_SLICE_ARG(sd_buf_slice(&t)));
	sd_buf_fini(&t);
}

/* --- sessiond.yaml ---------------------------------------------------------- */

static void check_listeners(const struct server_conf *s, struct policy_faults *faults)
{
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct conf_listen *l = &s->listen[i];
		char path[48];
		struct policy_where at = {s->file, l->pos, path};

		snprintf(path, sizeof(path), "listen[%zu].address", i);
		for (size_t k = 0; k < i; k++) {
			if (l->address[0] && strcmp(l->address, s->listen[k].address) == 0)
				policy_fault(faults, at, "the same address as listen[%zu]", k);
		}
		if (l->role == 3 && policy_names_listen_is_wildcard(sd_slice_str(l->address)))
			policy_note(
			    faults, at,
			    "metrics and health are open to every network: bind an address");
	}
}

static void check_store(const struct check *c, const struct server_conf *s)
{
	static const char *const not_managed[] = {
	    "store.url",
	    "store.username",
	    "store.password_file",
	    "store.worker_username",
	    "store.worker_password_file",
	};

	bool managed = s->store_mode == STORE_MODE_MANAGED && sound(c, "store.mode", NULL);

	for (size_t i = 0; managed && i < SD_ARRAY_LEN(not_managed); i++) {
		if (given(c, not_managed[i]))
			policy_fault(c->faults, where(c, not_managed[i], NULL),
				     "has no effect with store.mode managed");
	}
	if (managed && s->durability_replica)
		policy_fault(c->faults, where(c, "store.durability", NULL),
			     "our own server has no replica: store.mode redis");
	if (s->store_mode == STORE_MODE_REDIS && s->store_url[0] == '\0' &&
	    sound(c, "store.url", NULL))
		policy_fault(c->faults, where(c, "store.url", "store.mode"),
			     "store.mode redis needs store.url");
	if (s->store_mode != STORE_MODE_MANAGED && given(c, "store.fsync"))
		policy_fault(c->faults, where(c, "store.fsync", NULL),
			     "only for store.mode managed: set appendfsync in Redis");
	if (s->store_username[0] && s->store_password_file[0] == '\0' &&
	    sound(c, "store.password_file", NULL))
		policy_fault(c->faults, where(c, "store.username", NULL),
			     "needs store.password_file");
	if (s->store_worker_username[0] && s->store_worker_password_file[0] == '\0' &&
	    sound(c, "store.worker_password_file", NULL))
		policy_fault(c->faults, where(c, "store.worker_username", NULL),
			     "needs store.worker_password_file");
}

void policy_check_server(const struct server_conf *s, struct policy_faults *faults)
{
	struct check c = {SCOPE_SERVER, s->file, s->pos, faults};

	check_listeners(s, faults);
	check_store(&c, s);
	if (given(&c, "audit.chain"))
		policy_note(faults, where(&c, "audit.chain", NULL),
			    "has no effect in this version: the audit trail is not chained yet");
}

/* --- a tenant file ---------------------------------------------------------- */

static void touch_fits(const struct check *c, uint32_t touch_s, const char *idle, uint32_t idle_s)
{
	if (touch_s * 2 > idle_s && sound(c, "sessions.touch_interval", idle))
		policy_fault(c->faults, where(c, "sessions.touch_interval", idle),
			     "sessions.touch_interval (%us) is over half of %s (%us)", touch_s,
			     idle, idle_s);
}

static void check_times(const struct check *c, const struct tenant_conf *t)
{
	const struct policy_tenant *p = &t->p;

	not_over(c, "sessions.idle_timeout", p->idle_s * POLICY_S, "sessions.absolute_timeout",
		 p->absolute_s * POLICY_S);
	not_over(c, "sessions.remember_me.idle_timeout", p->remember_idle_s * POLICY_S,
		 "sessions.remember_me.absolute_timeout", p->remember_absolute_s * POLICY_S);
	not_over(c, "tokens.access_ttl", p->access_ttl_s * POLICY_S, "tokens.refresh_ttl",
		 p->refresh_ttl_s * POLICY_S);
	touch_fits(c, p->touch_interval_s, "sessions.idle_timeout", p->idle_s);
	touch_fits(c, p->touch_interval_s, "sessions.remember_me.idle_timeout", p->remember_idle_s);
}

/* A level without a clock of its own has the tenant's, which have been looked at. */
static void check_level(const struct check *c, const struct tenant_conf *t, const struct conf_level *l)
{
	char path[96];
	struct policy_where at = {t->file, l->pos, path};
	uint32_t touch_s = t->p.touch_interval_s;

	snprintf(path, sizeof(path), "devices.trust.%s", l->name);
	if (l->idle_s && l->absolute_s && l->idle_s > l->absolute_s)
		policy_fault(c->faults, at, "idle_timeout (%us) is longer than absolute_timeout (%us)",
			     l->idle_s, l->absolute_s);
	if (l->idle_s && touch_s * 2 > l->idle_s && sound(c, "sessions.touch_interval", NULL))
		policy_fault(c->faults, at,
			     "sessions.touch_interval (%us) is over half of idle_timeout (%us)", touch_s,
			     l->idle_s);
}

static void check_signing(const struct check *c, const struct tenant_conf *t)
{
	uint32_t need = t->p.access_ttl_s + t->p.clock_skew_s + 300;
	bool rsa = t->p.alg == JOSE_RS256 || t->p.alg == JOSE_PS256;

	if (t->overlap_s < need && sound(c, "signing.overlap", "tokens.access_ttl") &&
	    sound(c, "tokens.clock_skew", NULL))
		policy_fault(c->faults, where(c, "signing.overlap", "tokens.access_ttl"),
			     "signing.overlap (%us) must be at least tokens.access_ttl + "
			     "tokens.clock_skew + 5m (%us): tokens would outlive their key",
			     t->overlap_s, need);
	if (sound(c, "signing.bits", NULL) && t->signing_bits != 2048 && t->signing_bits != 3072 &&
	    t->signing_bits != 4096)
		policy_fault(c->faults, where(c, "signing.bits", NULL), "is 2048, 3072 or 4096");
	if (!rsa && given(c, "signing.bits"))
		policy_note(c->faults, where(c, "signing.bits", NULL), "has no effect with %s",
			    jose_alg_name((enum jose_alg)t->p.alg));
}

static void check_staleness(const struct check *c, const struct server_conf *s,
			    const struct tenant_conf *t)
{
	if (t->p.max_staleness_ms < 3 * s->poll_interval_ms &&
	    sound(c, "revocation.max_staleness", NULL))
		policy_fault(c->faults, where(c, "revocation.max_staleness", NULL),
			     "%ums is below 3 x freshness.poll_interval (%ums) of %s",
			     t->p.max_staleness_ms, s->poll_interval_ms, s->file);
	if (t->p.on_store_outage == OUTAGE_ALLOW_SIGNED && t->p.allow_signed_s == 0 &&
	    sound(c, "revocation.on_store_outage", "revocation.on_store_outage.allow_signed"))
		policy_fault(c->faults,
			     where(c, "revocation.on_store_outage.allow_signed",
				   "revocation.on_store_outage"),
			     "a duration must be given, or on_store_outage: deny");
}

static void check_cookie(const struct check *c, const struct tenant_conf *t)
{
	bool host = strncasecmp(t->cookie_name, "__Host-", 7) == 0;

	if (host && t->cookie_domain[0])
		policy_fault(c->faults, where(c, "cookie.domain", NULL),
			     "a __Host- cookie has no domain: remove it, or change cookie.name");
	if (host && strcmp(t->cookie_path, "/") != 0 && t->cookie_path[0])
		policy_fault(c->faults, where(c, "cookie.path", NULL),
			     "a __Host- cookie has the path /: remove it, or change cookie.name");
}

static void check_clients(const struct check *c, const struct tenant_conf *t)
{
	for (size_t i = 0; i < t->clients.count; i++) {
		const struct conf_client *one = &t->clients.v[i];
		char path[48];
		struct policy_where at = {t->file, one->pos, path};

		snprintf(path, sizeof(path), "clients[%zu]", i);
		if (one->hashes.count == 0 && one->oidc.issuer[0] == '\0')
			policy_note(c->faults, at, "has no key_hashes: it cannot call the API");
		policy_oidc_check(t, i, c->faults);
	}
}

/* A limit or a permission for nobody is mostly a slip of the finger; it may also wait for its client. */
static void known_client(const struct check *c, const struct tenant_conf *t, const char *key,
			 struct policy_pos pos, struct sd_slice name)
{
	struct policy_where at = {t->file, pos, key};
	struct policy_suggest near;
	const char *best;

	policy_suggest_init(&near, name);
	for (size_t i = 0; i < t->clients.count; i++) {
		if (sd_slice_is(name, t->clients.v[i].id))
			return;
		policy_suggest_offer(&near, sd_slice_str(t->clients.v[i].id));
	}
	best = policy_suggest_best(&near);
	policy_note(c->faults, at, "\"%.*s\" is no client of this tenant%s%s%s", (int)name.n, name.p,
		    best ? " (did you mean \"" : "", best ? best : "", best ? "\"?)" : "");
}

static void check_client_names(const struct check *c, const struct tenant_conf *t)
{
	struct policy_pos at = where(c, "sessions.max_per_client", NULL).pos;

	for (size_t i = 0; i < t->sharing_clients.count; i++)
		known_client(c, t, "sharing.clients", t->sharing_clients.pos[i],
			     t->sharing_clients.v[i]);
	for (size_t i = 0; i < t->client_limits.count; i++)
		known_client(c, t, "sessions.max_per_client", at, t->client_limits.v[i].name);
}

static void check_name(const struct check *c, const struct tenant_conf *t)
{
	const char *base = strrchr(t->file, '/');
	char want[80];

	base = base ? base + 1 : t->file;
	snprintf(want, sizeof(want), "%s.yaml", t->name);
	if (t->name[0] && strcmp(base, want) != 0)
		policy_fault(c->faults, where(c, "tenant", NULL),
			     "\"%s\" is not the file's name: call the file %s", t->name, want);
}

void policy_check_tenant(const struct server_conf *s, const struct tenant_conf *t,
			 struct policy_faults *faults)
{
	struct check c = {SCOPE_TENANT, t->file, t->pos, faults};

	check_name(&c, t);
	check_times(&c, t);
	for (size_t i = 0; i < t->levels.count; i++)
		check_level(&c, t, &t->levels.v[i]);
	check_signing(&c, t);
	check_staleness(&c, s, t);
	check_cookie(&c, t);
	check_clients(&c, t);
	check_client_names(&c, t);
}
