/* SPDX-License-Identifier: MIT
 * policy_layout - where each string and list of a policy image lies.
 * Owns:      struct policy_layout
 * Runs in:   master, tools
 * Fails by:  SD_ERR_TOO_BIG or SD_ERR_MEMORY from policy_layout_finish
 * Never:     leave a byte undefined: gaps are zero
 */
#include "base.h"
#include "policy_layout.h"

#include "err.h"
#include "policy_oidc.h"
#include "policy_proof.h"

#define IMAGE_MAX ((size_t)1 << 30)

SD_STATIC_ASSERT(sizeof(struct policy_image) == 248, "no padding, whose bytes would be chance");

void policy_layout_init(struct policy_layout *l, const struct policy_build_in *in)
{
	*l = (struct policy_layout){.in = in, .next_change_s = INT64_MAX};
	sd_buf_init(&l->b, IMAGE_MAX);
	sd_buf_init(&l->hosts, IMAGE_MAX);
	sd_buf_init(&l->credentials, IMAGE_MAX);
	sd_buf_init(&l->callers, IMAGE_MAX);
	sd_buf_append(&l->b, &l->head, sizeof(l->head));
}

void policy_layout_fini(struct policy_layout *l)
{
	sd_buf_fini(&l->b);
	sd_buf_fini(&l->hosts);
	sd_buf_fini(&l->credentials);
	sd_buf_fini(&l->callers);
}

static void align(struct policy_layout *l)
{
	while (l->b.len % 8 && !l->b.failed)
		sd_buf_char(&l->b, '\0');
}

struct pi_str policy_layout_str(struct policy_layout *l, struct sd_slice s)
{
	struct pi_str out = {(uint32_t)l->b.len, (uint32_t)s.n};

	sd_buf_put(&l->b, s);
	sd_buf_char(&l->b, '\0');
	return out;
}

struct pi_list policy_layout_list(struct policy_layout *l, const void *v, uint32_t n, size_t each)
{
	align(l);
	struct pi_list out = {(uint32_t)l->b.len, n};

	if (n)
		sd_buf_append(&l->b, v, n * each);
	return out;
}

struct pi_list policy_layout_strings(struct policy_layout *l, const struct conf_strings *s)
{
	struct sd_buf v;

	sd_buf_init(&v, IMAGE_MAX);
	for (size_t i = 0; i < s->count; i++) {
		struct pi_str one = policy_layout_str(l, s->v[i]);

		sd_buf_append(&v, &one, sizeof(one));
	}
	l->b.failed = l->b.failed || v.failed;
	struct pi_list out = policy_layout_list(l, v.p, (uint32_t)(v.len / sizeof(struct pi_str)),
						sizeof(struct pi_str));

	sd_buf_fini(&v);
	return out;
}

struct pi_list policy_layout_counts(struct policy_layout *l, const struct conf_counts *c)
{
	struct sd_buf v;

	sd_buf_init(&v, IMAGE_MAX);
	for (size_t i = 0; i < c->count; i++) {
		struct policy_device_limit one = {policy_layout_str(l, c->v[i].name),
						  (uint32_t)c->v[i].max, 0};

		sd_buf_append(&v, &one, sizeof(one));
	}
	l->b.failed = l->b.failed || v.failed;
	struct pi_list out =
	    policy_layout_list(l, v.p, (uint32_t)(v.len / sizeof(struct policy_device_limit)),
			       sizeof(struct policy_device_limit));

	sd_buf_fini(&v);
	return out;
}

struct pi_list policy_layout_levels(struct policy_layout *l, const struct conf_levels *c)
{
	struct sd_buf v;

	sd_buf_init(&v, IMAGE_MAX);
	for (size_t i = 0; i < c->count; i++) {
		const struct conf_level *from = &c->v[i];
		struct policy_level one = {.name = policy_layout_str(l, sd_slice_str(from->name)),
					   .step_up = policy_layout_str(l, sd_slice_str(from->step_up)),
					   .idle_s = from->idle_s,
					   .absolute_s = from->absolute_s,
					   .max_per_user = from->max_per_user};

		sd_buf_append(&v, &one, sizeof(one));
	}
	l->b.failed = l->b.failed || v.failed;
	struct pi_list out =
	    policy_layout_list(l, v.p, (uint32_t)(v.len / sizeof(struct policy_level)),
			       sizeof(struct policy_level));

	sd_buf_fini(&v);
	return out;
}

struct pi_str policy_layout_levels_text(struct policy_layout *l, const struct conf_levels *c)
{
	struct sd_buf b;

	sd_buf_init(&b, 1u << 16);
	for (size_t i = 0; i < c->count; i++)
		sd_buf_printf(&b, "\n%s %u %u %u %s", c->v[i].name, c->v[i].idle_s,
			      c->v[i].absolute_s, c->v[i].max_per_user, c->v[i].step_up);
	l->b.failed = l->b.failed || b.failed;
	struct pi_str out = policy_layout_str(l, sd_buf_slice(&b));

	sd_buf_fini(&b);
	return out;
}

/* --- the end ---------------------------------------------------------------- */

static void put_server(struct policy_layout *l)
{
	const struct server_conf *s = &l->in->config->server;
	struct policy_server *out = &l->head.server;
	struct sd_slice files[SD_ARRAY_LEN(s->previous_key_files)];
	struct conf_strings previous = {s->previous_key_count, files, NULL};

	for (size_t i = 0; i < s->previous_key_count; i++)
		files[i] = sd_slice_str(s->previous_key_files[i]);
	*out = (struct policy_server){
	    .store_timeout_ms = s->store_timeout_ms,
	    .store_connections = s->store_connections,
	    .store_mode = (uint32_t)s->store_mode,
	    .durability_replica = s->durability_replica,
	    .poll_interval_ms = s->poll_interval_ms,
	    .connections = s->connections,
	    .header_bytes = s->header_bytes,
	    .header_fields = s->header_fields,
	    .body_bytes = s->body_bytes,
	    .header_timeout_ms = s->header_timeout_ms,
	    .body_timeout_ms = s->body_timeout_ms,
	    .idle_timeout_ms = s->idle_timeout_ms,
	    .remembered_sessions = s->mem_remembered_sessions,
	    .remembered_tokens = s->mem_remembered_tokens,
	    .log_level = s->log_level,
	    .log_format = s->log_format,
	    .workers = l->in->workers,
	};
	out->node = policy_layout_str(l, sd_slice_str(l->in->node ? l->in->node : s->node));
	out->prefix = policy_layout_str(l, sd_slice_str(s->store_prefix));
	out->previous_keys = policy_layout_strings(l, &previous);
	out->trusted_proxies =
	    policy_layout_list(l, s->proxies, (uint32_t)s->proxy_count, sizeof(s->proxies[0]));
}

/* qsort passes no argument for the strings' base: each row is sorted beside its name. */
struct host_ref {
	struct sd_slice name;
	struct policy_name row;
};

static int by_host(const void *a, const void *b)
{
	return policy_proof_order(((const struct host_ref *)a)->name,
				  ((const struct host_ref *)b)->name);
}

static int put_hosts(struct policy_layout *l)
{
	const struct policy_name *rows = (const void *)l->hosts.p;
	size_t n = l->hosts.len / sizeof(*rows);
	struct host_ref *v = calloc(n + 1, sizeof(*v));

	if (v == NULL || l->b.failed) {
		free(v);
		return SD_ERR_MEMORY;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = (struct host_ref){sd_slice(l->b.p + rows[i].name.off, rows[i].name.len),
					 rows[i]};
	qsort(v, n, sizeof(*v), by_host);
	sd_buf_reset(&l->hosts);
	for (size_t i = 0; i < n; i++)
		sd_buf_append(&l->hosts, &v[i].row, sizeof(v[i].row));
	free(v);
	l->head.hosts = policy_layout_list(l, l->hosts.p, (uint32_t)n, sizeof(struct policy_name));
	return SD_OK;
}

static int by_hash(const void *a, const void *b)
{
	const struct policy_credential *x = a, *y = b;
	int d = memcmp(x->hash, y->hash, sizeof(x->hash));

	if (d != 0)
		return d;
	return x->tenant < y->tenant ? -1 : x->tenant > y->tenant;
}

static void put_credentials(struct policy_layout *l)
{
	size_t n = l->credentials.len / sizeof(struct policy_credential);

	if (n)
		qsort(l->credentials.p, n, sizeof(struct policy_credential), by_hash);
	l->head.credentials =
	    policy_layout_list(l, l->credentials.p, (uint32_t)n, sizeof(struct policy_credential));
}

int policy_layout_finish(struct policy_layout *l)
{
	put_server(l);
	int err = put_hosts(l);

	if (err == SD_OK)
		err = policy_oidc_finish(l);
	if (err)
		return err;
	put_credentials(l);
	align(l);
	if (l->b.failed)
		return SD_ERR_TOO_BIG;
	l->head.head = (struct shm_head){.magic = SHM_MAGIC,
					 .major = SHM_MAJOR,
					 .minor = SHM_MINOR,
					 .kind = SHM_KIND_POLICY,
					 .size = l->b.len};
	l->head.version = POLICY_IMAGE_VERSION;
	memcpy(l->b.p, &l->head, sizeof(l->head));
	return SD_OK;
}
