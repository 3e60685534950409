/* SPDX-License-Identifier: MIT
 * policy_cross - what may occur once in all tenants together: hosts, API keys; and the totals.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  reporting each later occurrence with the place of the first
 * Never:     compare each with each: lists are sorted, sixteen thousand tenants are allowed
 */
#include "base.h"
#include "policy_check.h"

#include "err.h"
#include "policy_oidc.h"

/* One thing that must be unique: its bytes, and where it stands. */
struct mention {
	struct sd_slice what;
	const struct tenant_conf *t;
	size_t client, item, order;
	struct policy_pos pos;
};

struct mentions {
	struct mention *v;
	size_t count;
};

static int by_what(const void *a, const void *b)
{
	const struct mention *x = a, *y = b;
	size_t n = SD_MIN(x->what.n, y->what.n);
	int c = n ? memcmp(x->what.p, y->what.p, n) : 0;

	if (c == 0 && x->what.n != y->what.n)
		c = x->what.n < y->what.n ? -1 : 1;
	if (c == 0)
		c = x->order < y->order ? -1 : 1;
	return c;
}

static void add(struct mentions *m, struct mention one)
{
	one.order = m->count;
	m->v[m->count++] = one;
}

/* Sorts, then calls fn for each that equals its predecessor. */
static void each_repeat(struct mentions *m, struct policy_faults *faults,
			void (*fn)(const struct mention *, const struct mention *,
				   struct policy_faults *))
{
	size_t first = 0;

	if (m->count)
		qsort(m->v, m->count, sizeof(*m->v), by_what);
	for (size_t i = 1; i < m->count; i++) {
		if (sd_slice_eq(m->v[first].what, m->v[i].what))
			fn(&m->v[first], &m->v[i], faults);
		else
			first = i;
	}
}

static void repeated_host(const struct mention *first, const struct mention *m,
			  struct policy_faults *faults)
{
	char path[32];

	snprintf(path, sizeof(path), "hosts[%zu]", m->item);
	policy_fault(faults, (struct policy_where){m->t->file, m->pos, path},
		     "\"%.*s\" is also a host of tenant %s", SD_SLICE_ARG(m->what), first->t->name);
}

static void repeated_hash(const struct mention *first, const struct mention *m,
			  struct policy_faults *faults)
{
	char path[64];

	snprintf(path, sizeof(path), "clients[%zu].key_hashes[%zu]", m->client, m->item);
	policy_fault(faults, (struct policy_where){m->t->file, m->pos, path},
		     "is also the key of client %s", first->t->clients.v[first->client].id);
}

static void repeated_client(const struct mention *first, const struct mention *m,
			    struct policy_faults *faults)
{
	char path[32];

	snprintf(path, sizeof(path), "clients[%zu].id", m->client);
	policy_fault(faults, (struct policy_where){m->t->file, m->pos, path},
		     "\"%.*s\" is also the id of clients[%zu]", SD_SLICE_ARG(m->what),
		     first->client);
}

static void check_hosts(const struct policy_config *c, struct mentions *m,
			struct policy_faults *faults)
{
	m->count = 0;
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct tenant_conf *t = c->tenants[i];

		for (size_t k = 0; k < t->hosts.count; k++)
			add(m, (struct mention){t->hosts.v[k], t, 0, k, 0, t->hosts.pos[k]});
	}
	each_repeat(m, faults, repeated_host);
}

/* Of one tenant: a key may call for several, and then says for which with each request. */
static void check_hashes(const struct tenant_conf *t, struct mentions *m, struct policy_faults *faults)
{
	m->count = 0;
	for (size_t k = 0; k < t->clients.count; k++) {
		const struct conf_hashes *h = &t->clients.v[k].hashes;

		for (size_t n = 0; n < h->count; n++)
			add(m, (struct mention){sd_slice(h->v[n], 32), t, k, n, 0, h->pos[n]});
	}
	each_repeat(m, faults, repeated_hash);
}

static void check_ids(const struct tenant_conf *t, struct mentions *m, struct policy_faults *faults)
{
	m->count = 0;
	for (size_t k = 0; k < t->clients.count; k++) {
		const struct conf_client *one = &t->clients.v[k];

		if (one->id[0])
			add(m, (struct mention){sd_slice_str(one->id), t, k, 0, 0, one->pos});
	}
	each_repeat(m, faults, repeated_client);
}

static void check_total(const struct server_conf *s, size_t n, size_t most, const char *what,
			struct policy_faults *faults)
{
	if (n > most)
		policy_fault(faults, (struct policy_where){s->file, {0, 0}, "tenants_dir"},
			     "%zu %s in all tenants, but %zu is the most", n, what, most);
}

void policy_cross_check(const struct policy_config *c, struct policy_faults *faults)
{
	size_t hosts = 0, hashes = 0, clients = 0, keys = 0;
	struct mentions m = {0};

	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct tenant_conf *t = c->tenants[i];

		hosts += t->hosts.count;
		keys += t->key_count;
		clients += t->clients.count;
		for (size_t k = 0; k < t->clients.count; k++)
			hashes += t->clients.v[k].hashes.count;
	}
	check_total(&c->server, c->tenant_count, SHM_TENANTS, "tenants", faults);
	check_total(&c->server, clients, SHM_CLIENTS, "clients", faults);
	check_total(&c->server, keys, SHM_KEYS, "keys", faults);
	m.v = calloc(hosts + hashes + clients + 1, sizeof(*m.v));
	if (m.v == NULL) {
		policy_fault(faults, (struct policy_where){c->server.file, {0, 0}, ""},
			     "out of memory");
		return;
	}
	policy_oidc_cross(c, faults);
	check_hosts(c, &m, faults);
	for (size_t i = 0; i < c->tenant_count; i++) {
		check_hashes(c->tenants[i], &m, faults);
		check_ids(c->tenants[i], &m, faults);
	}
	free(m.v);
}
