/* SPDX-License-Identifier: MIT
 * token_fix - keys and tokens for tests.
 * Owns:      nothing
 * Runs in:   unit tests
 * Fails by:  failing the test
 * Never:     linked into a program: it signs whatever it is given */
#include "base.h"

#include "token_fix.h"

#include <setjmp.h>
#include <cmocka.h>

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <sys/mman.h>
#include <unistd.h>

#include "b64url.h"
#include "jws_sign.h"

void fix_key_new(struct fix_key *k, enum jose_alg alg)
{
	struct sd_diag diag = {{0}};

	if (jws_sign_keygen(alg, 2048, &k->secret, &diag) != 0 ||
	    jwk_from_pkey(k->secret, alg, &k->pub, &diag) != 0)
		fail_msg("key: %s", diag.text);
}

void fix_key_fini(struct fix_key *k)
{
	EVP_PKEY_free(k->secret);
	jwk_fini(&k->pub);
}

void fix_b64(struct sd_buf *out, struct sd_slice s)
{
	assert_int_equal(sd_buf_reserve(out, B64URL_LEN(s.n) + 1), 0);
	out->len += b64url_encode(s.p, s.n, out->p + out->len);
	out->p[out->len] = '\0';
}

static void raw_signature(const struct fix_key *k, struct sd_slice text, uint8_t *sig, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	const EVP_MD *md = k->pub.alg == JOSE_EDDSA ? NULL : EVP_sha256();

	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, k->secret), 1);
	if (k->pub.alg == JOSE_PS256) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, 32), 1);
	}
	assert_int_equal(EVP_DigestSign(ctx, sig, n, (const uint8_t *)text.p, text.n), 1);
	EVP_MD_CTX_free(ctx);
}

void fix_sign_text(const struct fix_key *k, struct sd_buf *out)
{
	uint8_t sig[1024], flat[64];
	const unsigned char *der = sig;
	size_t n = sizeof(sig);
	ECDSA_SIG *es;

	raw_signature(k, sd_buf_slice(out), sig, &n);
	sd_buf_char(out, '.');
	if (k->pub.alg != JOSE_ES256) {
		fix_b64(out, sd_slice(sig, n));
		return;
	}
	es = d2i_ECDSA_SIG(NULL, &der, (long)n);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(es), flat, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(es), flat + 32, 32), 32);
	ECDSA_SIG_free(es);
	fix_b64(out, sd_slice(flat, sizeof(flat)));
}

void fix_sign(const struct fix_key *k, struct sd_slice header, struct sd_slice payload,
	      struct sd_buf *out)
{
	sd_buf_reset(out);
	fix_b64(out, header);
	sd_buf_char(out, '.');
	fix_b64(out, payload);
	fix_sign_text(k, out);
}

bool fix_vector_path(const char *name, char *out, size_t size)
{
	const char *shared = getenv("SHARED_DIR"), *src = getenv("srcdir");

	if (shared)
		snprintf(out, size, "%s/vectors/%s", shared, name);
	else
		snprintf(out, size, "%s/../shared/vectors/%s", src ? src : ".", name);
	if (access(out, R_OK) == 0)
		return true;
	printf("skipped: %s not present\n", name);
	return false;
}

int fix_fd(struct sd_slice s)
{
	int fd = memfd_create("key", MFD_CLOEXEC);

	assert_int_equal(write(fd, s.p, s.n), (ssize_t)s.n);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}
