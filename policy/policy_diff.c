/* SPDX-License-Identifier: MIT
 * policy_diff - what a reload changes, and what it cannot change: one line each.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  leaving a line out when memory is short
 * Never:     print a key hash or anything else that a log should not hold
 */
#include "base.h"
#include "policy_config.h"

#include "policy_proof.h"
#include "policy_schema.h"
#include "policy_tenant_conf.h"
#include "policy_type.h"

struct diff {
	const struct policy_view *old, *now;
	struct sd_slice tenant;
	void (*fn)(const char *line, void *arg);
	void *arg;
};

static void say(const struct diff *d, const char *fmt, ...) SD_PRINTF(2, 3);

static void say(const struct diff *d, const char *fmt, ...)
{
	char what[512], line[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (d->tenant.p)
		snprintf(line, sizeof(line), "tenant %.*s: %s", SD_SLICE_ARG(d->tenant), what);
	else
		snprintf(line, sizeof(line), "server: %s", what);
	d->fn(line, d->arg);
}

/* "key: old -> new" of one row, both bases being the row's struct. */
static void say_row(const struct diff *d, const struct policy_row *row, const void *old,
		    const void *now)
{
	struct sd_buf a, b;

	sd_buf_init(&a, 4096);
	sd_buf_init(&b, 4096);
	policy_type_print(&a, row, old);
	policy_type_print(&b, row, now);
	if (!sd_slice_eq(sd_buf_slice(&a), sd_buf_slice(&b)))
		say(d, "%s: %.*s -> %.*s", row->key, (int)SD_MIN(a.len, 180u), a.len ? a.p : "none",
		    (int)SD_MIN(b.len, 180u), b.len ? b.p : "none");
	sd_buf_fini(&a);
	sd_buf_fini(&b);
}

/* --- tenants: the numbers of policy_tenant stand in tenant_conf.p ----------- */

static void diff_numbers(const struct diff *d, const struct policy_tenant *old,
			 const struct policy_tenant *now)
{
	size_t n, first = offsetof(struct tenant_conf, p);
	const struct policy_row *rows = policy_schema_rows(SCOPE_TENANT, &n);

	for (size_t i = 0; i < n; i++) {
		struct policy_row row = rows[i];

		if (row.offset < first || row.offset >= first + sizeof(*now))
			continue;
		row.offset -= first;
		say_row(d, &row, old, now);
	}
}

static void diff_text(const struct diff *d, const char *key, struct pi_str old, struct pi_str now)
{
	struct sd_slice a = policy_view_str(d->old, old), b = policy_view_str(d->now, now);

	if (!sd_slice_eq(a, b))
		say(d, "%s: \"%.*s\" -> \"%.*s\"", key, (int)SD_MIN(a.n, 180u), a.p,
		    (int)SD_MIN(b.n, 180u), b.p);
}

static bool list_has(const struct policy_view *v, struct pi_list l, struct sd_slice s)
{
	const struct pi_str *p = policy_view_at(v, l.off);

	for (uint32_t i = 0; i < l.count; i++) {
		if (sd_slice_eq(policy_view_str(v, p[i]), s))
			return true;
	}
	return false;
}

static void diff_strings(const struct diff *d, const char *what, struct pi_list old,
			 struct pi_list now)
{
	const struct pi_str *a = policy_view_at(d->old, old.off),
			    *b = policy_view_at(d->now, now.off);

	for (uint32_t i = 0; i < old.count; i++) {
		struct sd_slice s = policy_view_str(d->old, a[i]);

		if (!list_has(d->now, now, s))
			say(d, "%s %.*s: removed", what, SD_SLICE_ARG(s));
	}
	for (uint32_t i = 0; i < now.count; i++) {
		struct sd_slice s = policy_view_str(d->now, b[i]);

		if (!list_has(d->old, old, s))
			say(d, "%s %.*s: added", what, SD_SLICE_ARG(s));
	}
}

static void diff_clients(const struct diff *d, const struct policy_tenant *old,
			 const struct policy_tenant *now)
{
	for (uint32_t i = 0; i < old->clients.count; i++) {
		struct sd_slice id =
		    policy_view_str(d->old, policy_view_client(d->old, old, i)->id);

		if (policy_view_client_find(d->now, now, id) == POLICY_NONE)
			say(d, "client %.*s: removed", SD_SLICE_ARG(id));
	}
	for (uint32_t i = 0; i < now->clients.count; i++) {
		const struct policy_client *c = policy_view_client(d->now, now, i);
		struct sd_slice id = policy_view_str(d->now, c->id);
		uint32_t k = policy_view_client_find(d->old, old, id);

		if (k == POLICY_NONE)
			say(d, "client %.*s: added", SD_SLICE_ARG(id));
		else if (policy_view_client(d->old, old, k)->permissions != c->permissions)
			say(d, "client %.*s: permissions changed", SD_SLICE_ARG(id));
	}
}

static bool same_times(const struct policy_key *a, const struct policy_key *b)
{
	return a->publish_s == b->publish_s && a->activate_s == b->activate_s &&
	       a->retire_s == b->retire_s && a->remove_s == b->remove_s;
}

static void diff_keys(const struct diff *d, const struct policy_tenant *old,
		      const struct policy_tenant *now)
{
	for (uint32_t i = 0; i < old->keys.count; i++) {
		struct sd_slice kid = policy_view_str(d->old, policy_view_key(d->old, old, i)->kid);

		if (policy_view_key_find(d->now, now, kid) == POLICY_NONE)
			say(d, "key %.*s: removed", SD_SLICE_ARG(kid));
	}
	for (uint32_t i = 0; i < now->keys.count; i++) {
		const struct policy_key *key = policy_view_key(d->now, now, i);
		struct sd_slice kid = policy_view_str(d->now, key->kid);
		uint32_t k = policy_view_key_find(d->old, old, kid);

		if (k == POLICY_NONE)
			say(d, "key %.*s: added", SD_SLICE_ARG(kid));
		else if (!same_times(policy_view_key(d->old, old, k), key))
			say(d, "key %.*s: times changed", SD_SLICE_ARG(kid));
	}
}

/* Hashes of one tenant's clients by name, so that neither order nor index matters. */
static bool has_credential(const struct policy_view *v, uint32_t tenant, const uint8_t hash[32])
{
	uint32_t count;
	const struct policy_credential *c = policy_view_credential(v, hash, &count);

	for (uint32_t i = 0; i < count; i++)
		if (c[i].tenant == tenant)
			return true;
	return false;
}

static uint32_t credentials_missing(const struct policy_view *in, uint32_t in_tenant,
				    const struct policy_view *from, uint32_t tenant)
{
	const struct policy_credential *c = policy_view_at(from, from->image->credentials.off);
	uint32_t missing = 0;

	for (uint32_t i = 0; i < from->image->credentials.count; i++) {
		if (c[i].tenant == tenant && !has_credential(in, in_tenant, c[i].hash))
			missing++;
	}
	return missing;
}

static bool has_level(const struct policy_view *v, const struct policy_tenant *t,
		      const struct policy_view *by, const struct policy_level *l)
{
	const struct policy_level *x = policy_view_level(v, t, policy_view_str(by, l->name));

	return x && x->idle_s == l->idle_s && x->absolute_s == l->absolute_s &&
	       x->max_per_user == l->max_per_user &&
	       sd_slice_eq(policy_view_str(v, x->step_up), policy_view_str(by, l->step_up));
}

static void diff_levels(const struct diff *d, const struct policy_tenant *old,
			const struct policy_tenant *now)
{
	const struct policy_level *a = policy_view_at(d->old, old->levels.off),
				  *b = policy_view_at(d->now, now->levels.off);

	for (uint32_t i = 0; i < old->levels.count; i++) {
		struct sd_slice name = policy_view_str(d->old, a[i].name);

		if (policy_view_level(d->now, now, name) == NULL)
			say(d, "devices.trust.%.*s: removed", SD_SLICE_ARG(name));
	}
	for (uint32_t i = 0; i < now->levels.count; i++) {
		struct sd_slice name = policy_view_str(d->now, b[i].name);

		if (policy_view_level(d->old, old, name) == NULL)
			say(d, "devices.trust.%.*s: added", SD_SLICE_ARG(name));
		else if (!has_level(d->old, old, d->now, &b[i]))
			say(d, "devices.trust.%.*s: changed", SD_SLICE_ARG(name));
	}
}

static void diff_tenant(const struct diff *d, uint32_t old_index, uint32_t now_index)
{
	const struct policy_tenant *old = policy_view_tenant(d->old, old_index);
	const struct policy_tenant *now = policy_view_tenant(d->now, now_index);
	uint32_t gone = credentials_missing(d->now, now_index, d->old, old_index);
	uint32_t come = credentials_missing(d->old, old_index, d->now, now_index);

	diff_text(d, "issuer", old->issuer, now->issuer);
	diff_numbers(d, old, now);
	diff_text(d, "cookie.name", old->cookie_name, now->cookie_name);
	diff_text(d, "cookie.path", old->cookie_path, now->cookie_path);
	diff_text(d, "cookie.domain", old->cookie_domain, now->cookie_domain);
	diff_text(d, "login_url", old->login_url, now->login_url);
	diff_strings(d, "host", old->hosts, now->hosts);
	diff_strings(d, "audience", old->audiences, now->audiences);
	diff_strings(d, "sharing client", old->sharing_clients, now->sharing_clients);
	diff_levels(d, old, now);
	diff_clients(d, old, now);
	diff_keys(d, old, now);
	if (gone)
		say(d, "API keys: %u removed", gone);
	if (come)
		say(d, "API keys: %u added", come);
}

static void diff_tenants(struct diff *d)
{
	for (uint32_t i = 0; i < d->old->image->tenants.count; i++) {
		d->tenant = policy_view_str(d->old, policy_view_tenant(d->old, i)->name);
		if (policy_view_tenant_find(d->now, d->tenant) == POLICY_NONE)
			say(d, "removed: its tokens are refused at once");
	}
	for (uint32_t i = 0; i < d->now->image->tenants.count; i++) {
		d->tenant = policy_view_str(d->now, policy_view_tenant(d->now, i)->name);
		uint32_t k = policy_view_tenant_find(d->old, d->tenant);

		if (k == POLICY_NONE)
			say(d, "added");
		else
			diff_tenant(d, k, i);
	}
}

/* --- server ----------------------------------------------------------------- */

static void diff_server(struct diff *d)
{
	const struct policy_server *a = &d->old->image->server, *b = &d->now->image->server;
	const struct {
		const char *key;
		enum policy_type type;
		uint32_t old, now;
	} rows[] = {
	    {"store.timeout", TYPE_DURATION_MS, a->store_timeout_ms, b->store_timeout_ms},
	    {"freshness.poll_interval", TYPE_DURATION_MS, a->poll_interval_ms, b->poll_interval_ms},
	    {"limits.header_bytes", TYPE_SIZE, a->header_bytes, b->header_bytes},
	    {"limits.header_fields", TYPE_COUNT, a->header_fields, b->header_fields},
	    {"limits.body_bytes", TYPE_SIZE, a->body_bytes, b->body_bytes},
	    {"limits.header_timeout", TYPE_DURATION_MS, a->header_timeout_ms, b->header_timeout_ms},
	    {"limits.body_timeout", TYPE_DURATION_MS, a->body_timeout_ms, b->body_timeout_ms},
	    {"limits.idle_timeout", TYPE_DURATION_MS, a->idle_timeout_ms, b->idle_timeout_ms},
	};

	d->tenant = (struct sd_slice){0};
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct sd_buf t;

		if (rows[i].old == rows[i].now)
			continue;
		sd_buf_init(&t, 256);
		policy_type_put_number(&t, rows[i].type, rows[i].old);
		sd_buf_str(&t, " -> ");
		policy_type_put_number(&t, rows[i].type, rows[i].now);
		say(d, "%s: %.*s", rows[i].key, SD_SLICE_ARG(sd_buf_slice(&t)));
		sd_buf_fini(&t);
	}
	if (a->log_level != b->log_level || a->log_format != b->log_format)
		say(d, "log: changed");
	if (a->trusted_proxies.count != b->trusted_proxies.count ||
	    memcmp(policy_view_at(d->old, a->trusted_proxies.off),
		   policy_view_at(d->now, b->trusted_proxies.off),
		   a->trusted_proxies.count * sizeof(struct policy_cidr)) != 0)
		say(d, "trusted_proxies: changed");
}

void policy_diff(const struct policy_view *old, const struct policy_view *new_view,
		 void (*fn)(const char *line, void *arg), void *arg)
{
	struct diff d = {.old = old, .now = new_view, .fn = fn, .arg = arg};

	diff_server(&d);
	diff_tenants(&d);
}
