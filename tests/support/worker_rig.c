/* SPDX-License-Identifier: MIT
 * worker_rig - a whole struct worker without a master.
 * Owns:      the clocks while it lives
 * Runs in:   unit tests
 * Fails by:  cmocka
 * Never:     be linked by a program of ours */
#include "base.h"
#include "worker_rig.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "fdpass.h"
#include "handle.h"
#include "shm_fresh.h"
#include "shm_map.h"

static const uint64_t secret[2] = {0x0123456789abcdef, 0xfedcba9876543210};

struct policy_image *worker_rig_image(struct worker_rig *rig)
{
	return (struct policy_image *)(void *)rig->policy.base;
}

struct policy_tenant *worker_rig_tenant(struct worker_rig *rig, uint32_t index)
{
	return (struct policy_tenant *)(void *)(rig->policy.base +
						worker_rig_image(rig)->tenants.off) +
	       index;
}

uint32_t worker_rig_append(struct worker_rig *rig, const void *p, size_t n)
{
	size_t at = (rig->policy.at + 7) / 8 * 8;
	assert_true(at + n < rig->policy.size);
	memcpy(rig->policy.base + at, p, n);
	rig->policy.at = at + n + 1;
	return (uint32_t)at;
}

struct pi_str worker_rig_text(struct worker_rig *rig, const char *s)
{
	return (struct pi_str){worker_rig_append(rig, s, strlen(s) + 1), (uint32_t)strlen(s)};
}

void worker_rig_level(struct worker_rig *rig, uint32_t tenant, struct rig_level level)
{
	struct policy_tenant *t = worker_rig_tenant(rig, tenant);
	struct policy_level all[16];
	struct sd_buf b;
	uint32_t n = t->levels.count;
	assert_true(n < SD_ARRAY_LEN(all));
	memcpy(all, rig->policy.base + t->levels.off, n * sizeof(all[0]));
	all[n] = (struct policy_level){.name = worker_rig_text(rig, level.name),
				       .step_up = worker_rig_text(rig, level.step_up ? level.step_up : ""),
				       .idle_s = level.idle_s,
				       .absolute_s = level.absolute_s,
				       .max_per_user = level.max_per_user};
	sd_buf_init(&b, 4096);
	sd_buf_append(&b, rig->policy.base + t->levels_text.off, t->levels_text.len);
	sd_buf_printf(&b, "\n%s %u %u %u %s%c", level.name, level.idle_s, level.absolute_s,
		      level.max_per_user, level.step_up ? level.step_up : "", '\0');
	t->levels_text = worker_rig_text(rig, b.p);
	t->levels = (struct pi_list){worker_rig_append(rig, all, (n + 1) * sizeof(all[0])), n + 1};
	sd_buf_fini(&b);
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

static void credentials(struct worker_rig *rig)
{
	static const struct {
		const char *key;
		uint32_t tenant, client;
	} keys[] = {{RIG_KEY_A, RIG_A, 0}, {RIG_KEY_A_WEB, RIG_A, 1}, {RIG_KEY_B, RIG_B, 0}};
	struct policy_credential row[SD_ARRAY_LEN(keys)];
	for (size_t i = 0; i < SD_ARRAY_LEN(keys); i++) {
		SHA256((const unsigned char *)keys[i].key, strlen(keys[i].key), row[i].hash);
		row[i].tenant = keys[i].tenant;
		row[i].client = keys[i].client;
	}
	qsort(row, SD_ARRAY_LEN(row), sizeof(row[0]), by_hash);
	worker_rig_image(rig)->credentials =
	    (struct pi_list){worker_rig_append(rig, row, sizeof(row)), SD_ARRAY_LEN(row)};
}

static void fill_tenant(struct worker_rig *rig, uint32_t i)
{
	struct policy_tenant *t = worker_rig_tenant(rig, i);
	struct policy_client *client =
	    (struct policy_client *)(void *)(rig->policy.base + t->clients.off);
	for (uint32_t k = 0; k < t->clients.count; k++) {
		client[k].slot = 4 * i + k;
		client[k].permissions =
		    i == RIG_A && k == 1 ? PERM(SESSIONS_VALIDATE) : (1u << PERM_BIT_COUNT) - 1;
	}
	t->idle_s = 1800;
	t->absolute_s = 36000;
	t->remember_idle_s = 86400;
	t->remember_absolute_s = 864000;
	t->touch_interval_s = 60;
	t->refresh_ttl_s = 7200;
	t->refresh_grace_ms = 30000;
	t->clock_skew_s = 5;
	t->max_staleness_ms = RIG_STALENESS_MS;
	t->allow_signed_s = 30;
	t->retain_sessions_s = 60;
	t->validate_failures_per_minute_per_ip = 3;
	t->privacy_ip = t->privacy_user_agent = PRIVACY_FULL;
	t->jwks = worker_rig_text(rig, "{\"keys\":[]}");
	t->jwks_etag = worker_rig_text(rig, "\"tag\"");
	t->cookie_name = worker_rig_text(rig, "__Host-sid");
	t->cookie_path = worker_rig_text(rig, "/");
}

static void fill_policy(struct worker_rig *rig)
{
	struct policy_server *s;
	fake_policy_init(&rig->policy);
	s = &worker_rig_image(rig)->server;
	s->store_timeout_ms = 300;
	s->store_connections = 2;
	s->poll_interval_ms = 100;
	s->connections = 64;
	s->header_bytes = 8192;
	s->header_fields = 64;
	s->body_bytes = 16384;
	s->header_timeout_ms = 5000;
	s->body_timeout_ms = 10000;
	s->idle_timeout_ms = 60000;
	s->remembered_sessions = s->remembered_tokens = 64;
	s->workers = 1;
	for (uint32_t i = 0; i < 3; i++)
		fill_tenant(rig, i);
	credentials(rig);
}

int worker_rig_image_fd(struct worker_rig *rig)
{
	struct sd_diag diag = {""};
	struct shm_head head;
	void *p;
	int fd;
	assert_int_equal(shm_create(SHM_KIND_POLICY, worker_rig_image(rig)->head.number,
				    rig->policy.size, &fd, &p, &diag),
			 SD_OK);
	memcpy(&head, p, sizeof(head));
	memcpy(p, rig->policy.base, rig->policy.size);
	memcpy(p, &head, sizeof(head));
	assert_int_equal(shm_seal_final(fd, &p, rig->policy.size), SD_OK);
	return fd;
}

struct tenant_keys worker_rig_keys(uint32_t tenant)
{
	struct tenant_keys k = {.sets = 2, .tenant = tenant};
	for (uint32_t s = 0; s < SIGN_KEYSETS; s++) {
		memset(k.mac[s], (int)(16 * tenant + s + 1), sizeof(k.mac[s]));
		memset(k.data[s], (int)(16 * tenant + s + 9), sizeof(k.data[s]));
	}
	return k;
}

void worker_rig_adopt(struct worker_rig *rig, uint64_t number)
{
	struct sd_diag diag = {""};
	struct generation *old = rig->w.generation, *fresh;
	worker_rig_image(rig)->head.number = number;
	int fd = worker_rig_image_fd(rig);
	if (generation_new(fd, old ? old->signer : NULL, &fresh, &diag) != SD_OK)
		fail_msg("%s", diag.text);
	(void)close(fd);
	for (uint32_t t = 0; t < 3; t++)
		fresh->keys[t] = worker_rig_keys(t);
	fresh->keys_have = 3;
	rig->w.generation = fresh;
	generation_unref(&old);
}

static void auditor(struct worker_rig *rig)
{
	int fds[2];
	audit_client_init(&rig->w.audit, rig->w.loop);
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	rig->auditor = fds[0];
	assert_int_equal(audit_client_connect(&rig->w.audit, fds[1]), SD_OK);
	worker_rig_credit(rig, 64, 0);
}

static void signer(struct worker_rig *rig)
{
	struct signer_link_conf conf = {.loop = rig->w.loop, .ids = &rig->w.sign_ids};
	int fds[2];
	assert_int_equal(sd_fdpass_pair(fds, 1 << 16), SD_OK);
	rig->signer = fds[0];
	assert_int_equal(signer_link_new(&conf, fds[1], &rig->w.generation->signer), SD_OK);
}

static void store_lost(void *arg, uint32_t index)
{
	(void)index;
	((struct worker_rig *)arg)->stores_lost++;
}

static void segments(struct worker_rig *rig)
{
	struct shm_revoke_conf conf = {.entries = 1000, .max_entries = 1000, .seed = {1, 2}};
	struct sd_diag diag = {""};
	rig->control = calloc(1, sizeof(*rig->control));
	assert_non_null(rig->control);
	rig->control->seed = conf.seed;
	shm_fresh_set_store_known(rig->control, true);
	atomic_store(&rig->control->store_offset_ms, RIG_WALL_MS - RIG_BOOT_NS / SD_NS_PER_MS);
	assert_int_equal(shm_revoke_w_new(&conf, rig->control, &rig->revocations, &diag), SD_OK);
	const void *table;
	assert_int_equal(shm_map(shm_revoke_w_fd(rig->revocations), SHM_KIND_REVOCATIONS,
				 sizeof(struct shm_revocations), &table, &rig->w.table_size, &diag),
			 SD_OK);
	rig->w.table = table;
	rig->w.control = rig->control;
	rig->w.stats = calloc(1, sizeof(*rig->w.stats));
	assert_non_null(rig->w.stats);
}

void worker_rig_init(struct worker_rig *rig)
{
	struct worker *w = &rig->w;
	struct store_conf conf = {.control = NULL,
				  .prefix = "sdt:",
				  .connections = 2,
				  .timeout_ns = 300 * SD_NS_PER_MS,
				  .lost = store_lost,
				  .arg = rig};
	memset(rig, 0, sizeof(*rig));
	rig->boot_ns = RIG_BOOT_NS;
	rig->wall_ms = RIG_WALL_MS;
	rig->auditor = rig->signer = -1;
	sd_clock_test_set(rig->boot_ns, rig->wall_ms);
	assert_int_equal(sd_loop_new(&w->loop), SD_OK);
	w->channel = -1;
	fill_policy(rig);
	segments(rig);
	worker_rig_adopt(rig, FAKE_POLICY_GENERATION);
	auditor(rig);
	signer(rig);
	conf.loop = w->loop;
	conf.control = rig->control;
	assert_int_equal(store_new(&conf, &w->store), SD_OK);
	assert_int_equal(remember_new(64, secret, &w->tokens), SD_OK);
	assert_int_equal(remember_new(64, secret, &w->sessions), SD_OK);
	assert_int_equal(remember_new(64, secret, &w->callers), SD_OK);
	assert_int_equal(activity_new(256, secret, &w->activity), SD_OK);
	assert_int_equal(late_new(16, &w->late), SD_OK);
	assert_int_equal(ratelimit_new(secret, &w->rates), SD_OK);
	w->http_limits = (struct http_limits){8192, 64, 16384};
	w->max_connections = 64;
	w->listener[0] =
	    (struct listener){.worker = w, .fd = -1, .role = LISTENER_API, .io.fd = -1};
	w->listener[1] =
	    (struct listener){.worker = w, .fd = -1, .role = LISTENER_ADMIN, .io.fd = -1};
	w->listeners = 2;
	w->ready_sent = w->locked_in = true;
	worker_rig_turn(rig);
}

static void exchanges_free(struct worker *w)
{
	w->http_limits.header_bytes = 1; /* what does not fit the limits is not kept */
	struct exchange *x = exchange_get(w);
	if (x)
		exchange_put(w, x);
	while ((x = w->idle_exchanges)) {
		w->idle_exchanges = x->next;
		http_parser_free(&x->parser);
		sd_arena_fini(&x->request.arena);
		sd_buf_fini(&x->request.body);
		free(x);
	}
}

void worker_rig_fini(struct worker_rig *rig)
{
	struct worker *w = &rig->w;
	for (int i = 0; i < 4; i++) { /* past every deadline: what waits or lingers ends */
		worker_rig_pass(rig, 100000);
		conn_drain_all(w);
		worker_rig_turn(rig);
	}
	assert_int_equal(w->connections, 0);
	assert_int_equal(w->in_flight, 0);
	if (rig->auditor >= 0)
		(void)close(rig->auditor);
	if (rig->signer >= 0)
		(void)close(rig->signer);
	store_free(&w->store);
	exchanges_free(w);
	generation_unref(&rig->r.gen);
	sd_arena_fini(&rig->r.arena);
	sd_buf_fini(&rig->r.body);
	sd_buf_fini(&rig->c.out);
	audit_client_fini(&w->audit);
	generation_unref(&w->coming);
	generation_unref(&w->generation);
	signer_link_unref(&w->spare_signer);
	remember_free(&w->tokens);
	remember_free(&w->sessions);
	remember_free(&w->callers);
	activity_free(&w->activity);
	late_free(&w->late);
	ratelimit_free(&w->rates);
	const void *table = w->table;
	shm_unmap(&table, w->table_size);
	shm_revoke_w_free(&rig->revocations);
	free(rig->control);
	free(w->stats);
	fake_policy_fini(&rig->policy);
	sd_loop_free(&w->loop);
	sd_clock_test_off();
}

int worker_rig_setup(void **state)
{
	struct worker_rig *rig = malloc(sizeof(*rig));
	assert_non_null(rig);
	worker_rig_init(rig);
	*state = rig;
	return 0;
}

int worker_rig_teardown(void **state)
{
	worker_rig_fini(*state);
	free(*state);
	return 0;
}

/* --- what a test does with it ------------------------------------------------------------------
 */

void worker_rig_pass(struct worker_rig *rig, int64_t ms)
{
	rig->boot_ns += ms * SD_NS_PER_MS;
	rig->wall_ms += ms;
	sd_clock_test_set(rig->boot_ns, rig->wall_ms);
}

void worker_rig_turn(struct worker_rig *rig)
{
	assert_int_equal(sd_loop_turn(rig->w.loop, 0), SD_OK);
}

void worker_rig_fresh(struct worker_rig *rig)
{
	for (unsigned p = 0; p < SHM_PARTITIONS; p++)
		shm_fresh_set(rig->control, (uint8_t)p, rig->boot_ns);
}

struct request *worker_rig_request(struct worker_rig *rig, uint32_t tenant)
{
	struct request *r = &rig->r;
	generation_unref(&r->gen);
	sd_arena_fini(&r->arena);
	sd_buf_fini(&r->body);
	sd_buf_fini(&rig->c.out);
	memset(r, 0, sizeof(*r));
	sd_arena_init(&r->arena, 1u << 20);
	sd_buf_init(&r->body, 1u << 20);
	sd_buf_init(&rig->c.out, 1u << 20);
	rig->c.worker = &rig->w;
	rig->c.listener = &rig->w.listener[0];
	r->w = &rig->w;
	r->conn = &rig->c;
	r->gen = generation_ref(rig->w.generation);
	r->tenant_index = tenant;
	r->tenant = policy_view_tenant(&r->gen->view, tenant);
	r->request_id = SD_SLICE("request-1");
	r->now_ns = rig->boot_ns;
	r->now_ms = rig->wall_ms;
	return r;
}

struct request *worker_rig_message(struct worker_rig *rig, const char *query, const char *const *fields,
				   const char *body)
{
	struct request *r = worker_rig_request(rig, RIG_A);
	rig->msg = (struct http_msg){.method = HTTP_POST,
				     .version_minor = 1,
				     .keep_alive = true,
				     .query = sd_slice_str(query),
				     .body = sd_slice_str(body)};
	for (; fields && fields[0]; fields += 2)
		rig->msg.fields[rig->msg.field_count++] =
		    (struct http_field_kv){sd_slice_str(fields[0]), sd_slice_str(fields[1])};
	r->msg = &rig->msg;
	return r;
}

static const char *member(const char *json, const char *name)
{
	const char *at = strstr(json, name);
	return at ? at + strlen(name) : "";
}

const char *worker_rig_refusal(struct worker_rig *rig)
{
	static char out[200];
	if (rig->c.out.len == 0)
		return "";
	sd_buf_char(&rig->c.out, '\0');
	const char *code = member(rig->c.out.p, "\"code\":\""),
		   *pointer = member(rig->c.out.p, "\"pointer\":\"");
	rig->c.out.len--;
	(void)snprintf(out, sizeof(out), "%.*s%s%.*s", (int)strcspn(code, "\""), code, *pointer ? " " : "",
		       (int)strcspn(pointer, "\""), pointer);
	return out;
}

void worker_rig_revoke(struct worker_rig *rig, const struct sid *sid, uint32_t tenant,
		       const char *user)
{
	bool grown;
	assert_int_equal(
	    shm_revoke_w_session(rig->revocations, sid->b, worker_rig_tenant(rig, tenant)->slot,
				 sd_slice_str(user), rig->wall_ms / 1000 + 3600, &grown),
	    SD_OK);
	assert_false(grown);
}

void worker_rig_credit(struct worker_rig *rig, uint32_t granted, uint64_t acked)
{
	struct audit_credit credit = {
	    .version = AUDIT_MSG_VERSION, .granted = granted, .acked = acked};
	assert_int_equal(send(rig->auditor, &credit, sizeof(credit), 0), sizeof(credit));
	worker_rig_turn(rig);
}

bool worker_rig_record(struct worker_rig *rig, uint8_t *packet, struct audit_record *out)
{
	ssize_t n = recv(rig->auditor, packet, AUDIT_MAX_RECORD, MSG_DONTWAIT);
	if (n <= 0)
		return false;
	assert_int_equal(audit_record_decode(sd_slice(packet, (size_t)n), out), SD_OK);
	return true;
}

int worker_rig_client(struct worker_rig *rig)
{
	int fds[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	conn_open(&rig->w, &rig->w.listener[0], fds[1]);
	return fds[0];
}

void worker_rig_say(int client, const char *bytes, size_t n)
{
	assert_int_equal(send(client, bytes, n, MSG_NOSIGNAL), n);
}

bool worker_rig_hear(int client, char *buf, size_t size, size_t *have)
{
	for (;;) {
		assert_true(*have + 1 < size);
		ssize_t n = recv(client, buf + *have, size - *have - 1, 0);
		if (n > 0)
			*have += (size_t)n;
		buf[*have] = '\0';
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return false;
		if (n < 0)
			return true;
	}
}
