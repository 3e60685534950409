/* SPDX-License-Identifier: MIT
 * token_warm - known answers, so that nothing of OpenSSL is lazy and nothing is broken.
 * Owns:      one token per algorithm, signed once by keys that were thrown away
 * Runs in:   master, signer, worker (before the sandbox), tools
 * Fails by:  SD_ERR_CRYPTO: this OpenSSL must not be trusted
 * Never:     private keys or slow work: every worker runs this at its start */
#include "base.h"

#include "token_warm.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "arena.h"
#include "err.h"
#include "handle.h"
#include "jws.h"
#include "seal.h"
#include "token_ossl.h"

#define WARM_ARENA 4096

#define RSA_N                                                                                      \
	"2vGK_G1NxZWxaVoLgEWiD26WnkZZAXcqZgWJflcaezmuTkSHERJD2H76YXNR0W4OLUpeFcvzLRH9ohJ5"         \
	"QJisbT39M6WSSPIMxyC6ZBfW57paIMg1YY_Utr5-LZxZShGKxPGOUyUK5rukN-0RoZE5yN7LZdz6nLUC"         \
	"pvjcH4XXFt0wYUb2pMbw69gbh0KkEvpDZduUH0bcXTqtYSc63AyPASbNcGcy6LdvWBsptRBUOL5bBOx_"         \
	"Nyjs-xSqexV-r1z6l8dsYYwGSWqsSeqVn4CE6un-Bz9uAxXLUbKAECbxtU4PyTT0uBfPZGskvBjCy6lU"         \
	"zpLPw-6IuwHFX6hOhWl8hQ"

#define RS256_TOKEN                                                                                \
	"eyJhbGciOiJSUzI1NiJ9.eyJ3YXJtIjp0cnVlfQ.XNfz7clMS6Jj4ZP-wNHsxkUeKdMzDPv1qa1pfWEn"         \
	"bERuSgyKw7bJt_K0Z3KGg9JEX5Se1voav85KxB-rBTNsv-b9P5TklLrk5I3ggEMOhfjMqbZ0dFH1rdGZ"         \
	"iSU6l15ybwYSUTNzlaDnPLSgpzvua7ITqGFXJ0P0fGvDOqEU7qcwB-iCFwXs9Oxz__ihnwAYdNStaAea"         \
	"nbmBimLMwliiAtCGBbYvSGD2rhX_DiFDlFezuaJKBX9M6yxzmP6qXMdfaKixQw-my3lkSCtIPMDL7BSk"         \
	"y0yYYTvlJIQO5Ckplm7CrgbI_f5XvbCKoS1MQdu5cGwRy3za1al_2rK2Ky9F8Q"

#define PS256_TOKEN                                                                                \
	"eyJhbGciOiJQUzI1NiJ9.eyJ3YXJtIjp0cnVlfQ.kDyjL5xOGpbkzdVEsBzCtzJP7wmmhL8hlUt5OawO"         \
	"Gg5k06LeQ3321xH-J0DvdARiEb5z_wUVU_NjIB4DuonkTdTKMXDq_gqW6O_MrJ9fvnCB8qm2SY2aeW-7"         \
	"CRUe75e2luQRiuwaTdmmDoazP6KohR9PVjtibYyJLA-aE4h5Y3sdV0WdzZj-kZhvNGnduUH4IOgB0nnA"         \
	"9JpUw4sZzTXPVRIh2h7yMOrYbiFOE0feo2cHMmXgRFC__uPNvqYzvsgYwWLIgUdFqFHGYslfh0m1PUbh"         \
	"iA1f8uz2ABHiRHeACIxlK480s4S3NcCA1RPnKtzDOcgQerYQb2ApuIYpeDLZLg"

#define ES256_TOKEN                                                                                \
	"eyJhbGciOiJFUzI1NiJ9.eyJ3YXJtIjp0cnVlfQ.fI99WWWgOzoRclF6KObNObQWDjg766akFw8BGHpd"         \
	"EE73fvmjA1TjQeTtz2GGY1BTBpVG6jA68WX92uOYrkwOQA"

#define EDDSA_TOKEN                                                                                \
	"eyJhbGciOiJFZERTQSJ9.eyJ3YXJtIjp0cnVlfQ.X-LVP5zKBJJGQtgkgkbH7gnH1tgeQzTboRi0cLVm"         \
	"T_uWKd_tMbAPfRHGAUA2Nn3-UDNnjJRBxo6vSg8FGJyqAg"

static const struct {
	enum jose_alg alg;
	const char *jwk, *token;
} known[] = {
    {JOSE_RS256, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}", RS256_TOKEN},
    {JOSE_PS256, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\"}", PS256_TOKEN},
    {JOSE_ES256,
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"hgZxEeNRsrDqKWQmzI88BIV_JGRIV8LM1xhDWyzSUes\","
     "\"y\":\"r4SuqNdSkhfU5bE0SXOdhfQkPcQ8dB-t2sXUuNf_CCQ\"}",
     ES256_TOKEN},
    {JOSE_EDDSA,
     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"k4SzuYB5jYyuiTQo5QOiCGsOFkWaVItfW5Reg-p1KME\"}",
     EDDSA_TOKEN},
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(known) == JOSE_ALG_COUNT - 1, "one known answer per algorithm");

/* Verifies one genuine token, by the key from JSON and by the same key from its DER (which is how
 * a worker gets it), and refuses it with its signature changed. */
static bool alg_warm(size_t i, struct sd_arena *arena)
{
	struct jwk key, again = {0};
	struct sd_buf der;
	struct jws jws;
	bool ok = false;

	sd_buf_init(&der, 1024);
	if (jwk_parse(sd_slice_str(known[i].jwk), known[i].alg, &key, NULL) == 0 &&
	    jwk_to_spki(&key, &der) == 0 &&
	    jwk_from_spki(sd_buf_slice(&der), known[i].alg, sd_slice(NULL, 0), &again) == 0 &&
	    jws_split(sd_slice_str(known[i].token), arena, &jws, NULL) == JWS_OK) {
		ok = jws_verify(&jws, &key) == JWS_OK && jws_verify(&jws, &again) == JWS_OK;
		jws.signed_part.n--;
		ok = ok && jws_verify(&jws, &again) == JWS_SIGNATURE;
	}
	jwk_fini(&key);
	jwk_fini(&again);
	sd_buf_fini(&der);
	return ok;
}

/* HMAC-SHA-256: RFC 4231 case 2; HKDF and AES-GCM: there and back. */
static bool symmetric_warm(void)
{
	static const uint8_t want[32] = {
	    0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
	    0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
	    0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43,
	};
	uint8_t key[32], mac[32];
	struct sd_buf sealed, plain;
	bool ok;

	sd_buf_init(&sealed, 256);
	sd_buf_init(&plain, 256);
	ok = token_ossl_hmac((const uint8_t *)"Jefe", 4, SD_SLICE("what do ya want "),
			     SD_SLICE("for nothing?"), mac) == 0 &&
	     CRYPTO_memcmp(mac, want, sizeof(want)) == 0 &&
	     handle_derive("warm", 4, "sessiond warm-up", SD_SLICE("x"), key) == 0 &&
	     seal_close(key, SD_SLICE("aad"), SD_SLICE("plain"), &sealed) == 0 &&
	     seal_open(key, SD_SLICE("aad"), sd_buf_slice(&sealed), &plain) == 0 &&
	     sd_slice_is(sd_buf_slice(&plain), "plain");
	sd_buf_fini(&sealed);
	sd_buf_fini(&plain);
	return ok;
}

int token_warm_up(void)
{
	struct sd_arena arena;
	uint8_t random[32];
	bool ok;

	sd_arena_init(&arena, WARM_ARENA);
	ok = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_LOAD_CONFIG,
				 NULL) == 1 &&
	     RAND_bytes(random, sizeof(random)) == 1 &&
	     RAND_priv_bytes(random, sizeof(random)) == 1 && symmetric_warm();
	for (size_t i = 0; i < SD_ARRAY_LEN(known) && ok; i++) {
		ok = alg_warm(i, &arena);
		sd_arena_reset(&arena);
	}
	sd_arena_fini(&arena);
	return ok ? 0 : SD_ERR_CRYPTO;
}
