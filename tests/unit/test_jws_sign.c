/* SPDX-License-Identifier: MIT
 * test_jws_sign - what we sign verifies; keys survive their file; bad files are refused. */
#include "base.h"

#include "jws_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include <openssl/pem.h>

#include "err.h"
#include "token_fix.h"

static void test_sign_and_verify(void **state)
{
	struct sd_arena arena;
	struct sd_buf out;

	(void)state;
	sd_arena_init(&arena, 16384);
	sd_buf_init(&out, 8192);
	for (int a = 1; a < JOSE_ALG_COUNT; a++) {
		struct fix_key k;
		struct jws jws;

		fix_key_new(&k, (enum jose_alg)a);
		sd_buf_reset(&out);
		sd_buf_str(&out, "before ");
		assert_int_equal(jws_sign_compact(k.secret, (enum jose_alg)a, k.pub.kid, "at+jwt",
						  SD_SLICE("{\"a\":1}"), &out),
				 0);
		assert_memory_equal(out.p, "before ", 7);
		assert_int_equal(jws_split(sd_slice(out.p + 7, out.len - 7), &arena, &jws, NULL),
				 JWS_OK);
		assert_true(sd_slice_is(jws.kid, k.pub.kid));
		assert_true(sd_slice_is(jws.typ, "at+jwt"));
		assert_true(sd_slice_is(jws.payload, "{\"a\":1}"));
		assert_int_equal(jws_verify(&jws, &k.pub), JWS_OK);
		for (int other = 0; other < JOSE_ALG_COUNT; other++) {
			bool rsa = a <= JOSE_PS256 && (other == JOSE_RS256 || other == JOSE_PS256);

			if (other != a && !rsa)
				assert_int_equal(jws_sign_compact(k.secret, (enum jose_alg)other,
								  NULL, NULL, SD_SLICE("{}"), &out),
						 SD_ERR_INVALID);
		}
		fix_key_fini(&k);
	}
	sd_buf_fini(&out);
	sd_arena_fini(&arena);
}

/* A full buffer, or a kid beyond reason: an error, and out is as it was. */
static void test_no_room(void **state)
{
	char kid[1024];
	struct fix_key k;
	struct sd_buf out;

	(void)state;
	fix_key_new(&k, JOSE_EDDSA);
	for (size_t max = 1; max < 112; max += 7) {
		sd_buf_init(&out, max);
		sd_buf_char(&out, 'x');
		assert_int_equal(
		    jws_sign_compact(k.secret, JOSE_EDDSA, NULL, NULL, SD_SLICE("{}"), &out),
		    SD_ERR_TOO_BIG);
		assert_int_equal(out.len, 1);
		sd_buf_fini(&out);
	}
	memset(kid, 'k', sizeof(kid));
	kid[sizeof(kid) - 1] = '\0';
	sd_buf_init(&out, 8192);
	assert_int_equal(jws_sign_compact(k.secret, JOSE_EDDSA, kid, NULL, SD_SLICE("{}"), &out),
			 SD_ERR_TOO_BIG);
	sd_buf_fini(&out);
	fix_key_fini(&k);
}

static void test_file(void **state)
{
	struct sd_buf pem;

	(void)state;
	sd_buf_init(&pem, 16384);
	for (int a = 1; a < JOSE_ALG_COUNT; a++) {
		struct fix_key k;
		EVP_PKEY *back;
		int fd;

		fix_key_new(&k, (enum jose_alg)a);
		sd_buf_reset(&pem);
		assert_int_equal(jws_sign_dump(k.secret, &pem, NULL), 0);
		assert_memory_equal(pem.p, "-----BEGIN PRIVATE KEY-----", 27);
		fd = fix_fd(sd_buf_slice(&pem));
		assert_int_equal(jws_sign_load(fd, &back, NULL), 0);
		assert_int_equal(EVP_PKEY_eq(back, k.secret), 1);
		EVP_PKEY_free(back);
		close(fd);
		fd = fix_fd(sd_slice(pem.p, pem.len / 2));
		assert_int_equal(jws_sign_load(fd, &back, NULL), SD_ERR_INVALID);
		assert_null(back);
		close(fd);
		fix_key_fini(&k);
	}
	sd_buf_wipe_fini(&pem);
}

/* Public keys, pass phrases, other formats, too much, nothing, no descriptor. */
static void test_bad_files(void **state)
{
	static char big[20000];
	char pass[] = "secret";
	struct fix_key k;
	struct sd_diag diag = {{0}};
	EVP_PKEY *back;
	BIO *bios[3];

	(void)state;
	fix_key_new(&k, JOSE_ES256);
	for (size_t i = 0; i < SD_ARRAY_LEN(bios); i++)
		bios[i] = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(bios[0], k.secret), 1);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bios[1], k.secret, EVP_aes_256_cbc(), pass,
						       6, NULL, NULL),
			 1);
	assert_int_equal(
	    PEM_write_bio_PrivateKey_traditional(bios[2], k.secret, NULL, NULL, 0, NULL, NULL), 1);
	for (size_t i = 0; i < SD_ARRAY_LEN(bios); i++) {
		char *p;
		long n = BIO_get_mem_data(bios[i], &p);
		int fd = fix_fd(sd_slice(p, (size_t)n));

		assert_int_equal(jws_sign_load(fd, &back, &diag), SD_ERR_INVALID);
		assert_null(back);
		close(fd);
		BIO_free(bios[i]);
	}
	for (size_t n = 0; n <= sizeof(big); n += sizeof(big)) {
		int fd = fix_fd(sd_slice(big, n));

		assert_int_equal(jws_sign_load(fd, &back, &diag),
				 n ? SD_ERR_TOO_BIG : SD_ERR_INVALID);
		close(fd);
	}
	assert_int_equal(jws_sign_load(-1, &back, &diag), SD_ERR_SYSTEM);
	fix_key_fini(&k);
}

static void test_keygen(void **state)
{
	EVP_PKEY *k;

	(void)state;
	assert_int_equal(jws_sign_keygen(JOSE_RS256, 1024, &k, NULL), SD_ERR_INVALID);
	assert_int_equal(jws_sign_keygen(JOSE_RS256, 4097, &k, NULL), SD_ERR_INVALID);
	assert_int_equal(jws_sign_keygen(JOSE_ALG_NONE_VALID, 2048, &k, NULL), SD_ERR_INVALID);
	assert_null(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sign_and_verify),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_bad_files),
	    cmocka_unit_test(test_keygen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
