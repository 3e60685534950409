/* SPDX-License-Identifier: MIT
 * fake_policy - a small valid policy image with real keys, without the loader of configurations.
 * Owns:      the image, its keys
 * Runs in:   unit tests
 * Fails by:  cmocka
 * Never:     be linked by a program of ours */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_policy.h"
#include "jwk.h"
#include "jws_sign.h"

#define IMAGE_BYTES 65536

static const char *const tenant_names[] = {"brand-a", "brand-b", "brand-c"};
static const int tenant_of_key[FAKE_POLICY_KEYS] = {0, 0, 1};

static uint32_t take(struct fake_policy *f, size_t n)
{
	uint32_t off = (uint32_t)((f->at + 7) / 8 * 8);

	assert_true(off + n <= IMAGE_BYTES);
	f->at = off + n;
	return off;
}

static struct pi_str put_bytes(struct fake_policy *f, struct sd_slice s)
{
	struct pi_str out = {take(f, s.n + 1), (uint32_t)s.n};

	if (s.n > 0)
		memcpy(f->base + out.off, s.p, s.n);
	return out;
}

static struct pi_str put_str(struct fake_policy *f, const char *s)
{
	return put_bytes(f, sd_slice_str(s));
}

static struct pi_list put_list(struct fake_policy *f, const void *rows, size_t each, uint32_t count)
{
	struct pi_list out = {take(f, each * count), count};

	if (count > 0)
		memcpy(f->base + out.off, rows, each * count);
	return out;
}

static void make_key(struct fake_policy *f, int i, enum jose_alg alg, struct policy_key *row)
{
	struct sd_diag diag = {{0}};
	struct jwk jwk;
	struct sd_buf spki;

	assert_int_equal(jws_sign_keygen(alg, 0, &f->key[i], &diag), 0);
	assert_int_equal(jwk_from_pkey(f->key[i], alg, &jwk, &diag), 0);
	assert_int_equal(sd_slice_copy(sd_slice_str(jwk.kid), f->kid[i], sizeof(f->kid[i])), 0);
	sd_buf_init(&spki, 4096);
	assert_int_equal(jwk_to_spki(&jwk, &spki), 0);
	*row = (struct policy_key){
	    .kid = put_str(f, jwk.kid),
	    .spki = put_bytes(f, sd_buf_slice(&spki)),
	    .publish_s = f->now_s - 1000,
	    .activate_s = f->now_s - 1000,
	    .retire_s = INT64_MAX,
	    .remove_s = INT64_MAX,
	    .slot = (uint32_t)i,
	    .alg = alg,
	};
	sd_buf_fini(&spki);
	jwk_fini(&jwk);
}

static struct pi_list put_keys_a(struct fake_policy *f)
{
	struct policy_key row[2], swap;

	make_key(f, 0, JOSE_ES256, &row[0]);
	make_key(f, 1, JOSE_ES256, &row[1]);
	row[1].publish_s = row[1].activate_s = f->now_s - 5000;
	row[1].retire_s = f->now_s - 100;
	if (strcmp(f->kid[0], f->kid[1]) > 0) {
		swap = row[0];
		row[0] = row[1];
		row[1] = swap;
	}
	return put_list(f, row, sizeof(row[0]), 2);
}

static struct pi_list put_keys_b(struct fake_policy *f)
{
	struct policy_key row;

	make_key(f, 2, JOSE_EDDSA, &row);
	return put_list(f, &row, sizeof(row), 1);
}

static void put_tenant(struct fake_policy *f, uint32_t i, struct policy_tenant *t)
{
	struct policy_client clients[2] = {{put_str(f, "mobile"), 0, 0}, {put_str(f, "web"), 1, 0}};
	struct pi_str audiences[2] = {put_str(f, "api-a"), put_str(f, "api-b")};
	struct pi_list none = put_list(f, NULL, 8, 0);
	struct pi_str empty = put_str(f, "");
	char issuer[64];

	(void)snprintf(issuer, sizeof(issuer), "https://id.%s.example", tenant_names[i]);
	*t = (struct policy_tenant){
	    .name = put_str(f, tenant_names[i]),
	    .issuer = put_str(f, issuer),
	    .jwks = empty, .jwks_etag = empty, .hosts = none, .device_limits = none,
	    .client_limits = none, .sharing_clients = none, .cookie_name = empty,
	    .cookie_path = empty, .cookie_domain = empty, .login_url = empty, .levels = none, .levels_text = empty,
	    .audiences = i == 0 ? put_list(f, audiences, sizeof(audiences[0]), 2) : none,
	    .clients = put_list(f, clients + (i > 0), sizeof(clients[0]), i > 0 ? 1 : 2),
	    .keys = i == 0 ? put_keys_a(f) : i == 1 ? put_keys_b(f) : none,
	    .slot = i,
	    .alg = i == 1 ? JOSE_EDDSA : JOSE_ES256,
	    .access_ttl_s = FAKE_POLICY_TTL,
	    .create_per_second = FAKE_POLICY_RATE,
	};
}

static void put_server(struct fake_policy *f, struct policy_image *im)
{
	im->server.node = put_str(f, "node-1");
	im->server.prefix = put_str(f, "sd1:");
	im->server.trusted_proxies = put_list(f, NULL, 8, 0);
	im->server.previous_keys = put_list(f, NULL, 8, 0);
	im->hosts = put_list(f, NULL, 8, 0);
	im->credentials = put_list(f, NULL, 8, 0);
	im->callers = put_list(f, NULL, 8, 0);
}

void fake_policy_init(struct fake_policy *f)
{
	fake_policy_init_at(f, FAKE_POLICY_NOW);
}

void fake_policy_init_at(struct fake_policy *f, int64_t now_s)
{
	struct policy_tenant tenant[3];
	struct policy_name name[3];
	struct policy_image *im;
	struct sd_diag diag = {{0}};

	memset(f, 0, sizeof(*f));
	f->now_s = now_s;
	f->base = calloc(1, IMAGE_BYTES);
	assert_non_null(f->base);
	f->at = sizeof(*im);
	for (uint32_t i = 0; i < 3; i++) {
		put_tenant(f, i, &tenant[i]);
		name[i] = (struct policy_name){.name = tenant[i].name, .tenant = i};
	}
	im = (struct policy_image *)(void *)f->base;
	im->head = (struct shm_head){.magic = SHM_MAGIC, .major = SHM_MAJOR, .minor = SHM_MINOR,
				     .kind = SHM_KIND_POLICY, .size = IMAGE_BYTES,
				     .number = FAKE_POLICY_GENERATION};
	im->version = POLICY_IMAGE_VERSION;
	im->tenants = put_list(f, tenant, sizeof(tenant[0]), 3);
	im->names = put_list(f, name, sizeof(name[0]), 3);
	put_server(f, im);
	f->size = IMAGE_BYTES;
	if (policy_view_open(f->base, f->size, &f->view, &diag) != 0)
		fail_msg("%s", diag.text);
}

void fake_policy_fini(struct fake_policy *f)
{
	for (int i = 0; i < FAKE_POLICY_KEYS; i++)
		EVP_PKEY_free(f->key[i]);
	free(f->base);
	f->base = NULL;
}

void fake_policy_key_path(const struct fake_policy *f, int i, const char *keys_dir, char out[256])
{
	(void)snprintf(out, 256, "%s/%s/%s.pem", keys_dir, tenant_names[tenant_of_key[i]], f->kid[i]);
}

static void write_file(const char *path, struct sd_slice bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	(void)close(fd);
}

void fake_policy_write_key(const struct fake_policy *f, int i, const char *keys_dir)
{
	struct sd_diag diag;
	struct sd_buf pem;
	char path[256];

	sd_buf_init(&pem, 16384);
	assert_int_equal(jws_sign_dump(f->key[i], &pem, &diag), 0);
	fake_policy_key_path(f, i, keys_dir, path);
	write_file(path, sd_buf_slice(&pem));
	sd_buf_wipe_fini(&pem);
}

void fake_policy_write_keys(const struct fake_policy *f, const char *keys_dir)
{
	char path[256];

	for (size_t i = 0; i < SD_ARRAY_LEN(tenant_names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", keys_dir, tenant_names[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	fake_policy_write_key(f, 0, keys_dir);
	fake_policy_write_key(f, 2, keys_dir); /* 1 is retired: its private half is gone */
	(void)snprintf(path, sizeof(path), "%s/master", keys_dir);
	write_file(path, SD_SLICE("0123456789abcdef0123456789abcdef"));
}
