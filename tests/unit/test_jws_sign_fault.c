/* SPDX-License-Identifier: MIT
 * test_jws_sign_fault - memory runs out inside a signature, at each place in turn. */
#include "base.h"

#include "jws_sign.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "err.h"
#include "token_fix.h"

static unsigned fail_in; /* 0 = never */

static bool fails_now(void)
{
	return fail_in > 0 && --fail_in == 0;
}

static void *failing_malloc(size_t n, const char *file SD_UNUSED, int line SD_UNUSED)
{
	return n == 0 || fails_now() ? NULL : malloc(n);
}

static void *failing_realloc(void *p, size_t n, const char *file SD_UNUSED, int line SD_UNUSED)
{
	if (n > 0 && fails_now())
		return NULL;
	if (n > 0)
		return realloc(p, n);
	free(p);
	return NULL;
}

static void plain_free(void *p, const char *file SD_UNUSED, int line SD_UNUSED)
{
	free(p);
}

static void sign_and_judge(EVP_PKEY *secret, const struct jwk *pub, struct sd_buf *out)
{
	struct sd_arena arena;
	struct jws jws;
	unsigned left;

	int err;

	sd_buf_reset(out);
	err = jws_sign_compact(secret, JOSE_RS256, "f01", "at+jwt", SD_SLICE("{\"a\":1}"), out);
	left = fail_in;
	fail_in = 0;
	if (err == SD_ERR_DENIED) /* the key is spoilt, not the look at its signature */
		assert_int_equal(jws_sign_compact(secret, JOSE_RS256, "f01", NULL, SD_SLICE("{}"), out),
				 SD_ERR_DENIED);
	if (err != SD_OK) {
		fail_in = left;
		return;
	}
	sd_arena_init(&arena, 65536);
	assert_int_equal(jws_split(sd_buf_slice(out), &arena, &jws, NULL), JWS_OK);
	assert_int_equal(jws_verify(&jws, pub), JWS_OK);
	sd_arena_fini(&arena);
	fail_in = left;
}

/* A token that leaves verifies; not one with a fault in its signature, neither then nor later. */
static void f01_no_faulty_signature_leaves(void **state SD_UNUSED)
{
	struct fix_key k;
	struct sd_buf pem, out;
	bool untouched = false;

	fix_key_new(&k, JOSE_RS256);
	sd_buf_init(&pem, 8192);
	sd_buf_init(&out, 8192);
	assert_int_equal(sd_buf_reserve(&out, 4096), SD_OK);
	assert_int_equal(jws_sign_dump(k.secret, &pem, NULL), SD_OK);
	for (unsigned n = 1; !untouched && n < 1000; n++) {
		EVP_PKEY *fresh;
		int fd = fix_fd(sd_buf_slice(&pem));

		assert_int_equal(jws_sign_load(fd, &fresh, NULL), SD_OK);
		close(fd);
		for (int i = 0; i < 29; i++) { /* OpenSSL makes its blinding anew every 32 times */
			sd_buf_reset(&out);
			assert_int_equal(jws_sign_compact(fresh, JOSE_RS256, "f01", NULL, SD_SLICE("{}"), &out),
					 SD_OK);
		}
		untouched = true;
		for (int i = 0; i < 6; i++) {
			fail_in = n;
			sign_and_judge(fresh, &k.pub, &out);
			untouched = untouched && fail_in > 0;
			fail_in = 0;
		}
		for (int i = 0; i < 3; i++)
			sign_and_judge(fresh, &k.pub, &out);
		EVP_PKEY_free(fresh);
	}
	assert_true(untouched);
	sd_buf_wipe_fini(&pem);
	sd_buf_fini(&out);
	fix_key_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(f01_no_faulty_signature_leaves)};

	if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
