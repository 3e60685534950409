/* SPDX-License-Identifier: MIT
 * ctl_token - verifies tokens from a pipe with the objects that the worker is made of.
 * Owns:      nothing
 * Runs in:   sessionctl
 * Fails by:  exit code 1 or 2 with a line on standard error; a bad token is an answer, no failure
 * Never:     a rule of its own about tokens: then published vectors would prove nothing about us */
#include "base.h"

#include "ctl_token.h"

#include <getopt.h>

#include "claims.h"
#include "clock.h"
#include "err.h"
#include "jws.h"
#include "token_warm.h"

#define FILE_MAX (1u << 20)
#define TOKEN_ARENA 65536
#define SKEW_S 30 /* the default of tokens.clock_skew */

struct verifier {
	const char *jwk_file, *jwks_file;
	bool allowed[JOSE_ALG_COUNT];
	bool raw;
	struct jwk *keys;
	size_t key_count;
	struct sd_arena arena;
};

static int usage(void)
{
	fputs("usage: sessionctl token verify (--jwk FILE | --jwks FILE) [--algorithms LIST] "
	      "[--raw]\n",
	      stderr);
	return 2;
}

/* "RS256,EdDSA" -> the set; false when a name is not one of ours. */
static bool algorithms_read(const char *list, bool allowed[JOSE_ALG_COUNT])
{
	memset(allowed, 0, sizeof(bool) * JOSE_ALG_COUNT);
	for (const char *p = list;; p++) {
		size_t n = strcspn(p, ",");
		enum jose_alg alg = jose_alg_parse(sd_slice(p, n));

		if (alg == JOSE_ALG_NONE_VALID) {
			fprintf(stderr, "sessionctl: no such algorithm: %.*s\n", (int)n, p);
			return false;
		}
		allowed[alg] = true;
		p += n;
		if (!*p)
			return true;
	}
}

static bool options_read(struct verifier *v, int argc, char **argv)
{
	static const struct option options[] = {
	    {"jwk", required_argument, NULL, 'k'},
	    {"jwks", required_argument, NULL, 's'},
	    {"algorithms", required_argument, NULL, 'a'},
	    {"raw", no_argument, NULL, 'r'},
	    {NULL, 0, NULL, 0},
	};
	char name[] = "sessionctl";
	char **all =
	    calloc((size_t)argc + 2, sizeof(*all)); /* getopt wants a program's name first */
	bool ok = all != NULL;
	int c;

	if (!ok)
		return false;
	all[0] = name;
	for (int i = 0; i < argc; i++)
		all[i + 1] = argv[i];
	optind = 0;
	while (ok && (c = getopt_long(argc + 1, all, "", options, NULL)) != -1) {
		if (c == 'k')
			v->jwk_file = optarg;
		else if (c == 's')
			v->jwks_file = optarg;
		else if (c == 'a')
			ok = algorithms_read(optarg, v->allowed);
		else if (c == 'r')
			v->raw = true;
		else
			ok = false;
	}
	ok = ok && optind == argc + 1 && !v->jwk_file != !v->jwks_file;
	free(all);
	return ok;
}

/* The whole file as text (free it); NULL with a line on standard error. */
static char *file_read(const char *path, size_t *n_out)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? malloc(FILE_MAX) : NULL;

	*n_out = text ? fread(text, 1, FILE_MAX, f) : 0;
	if (!text || ferror(f) || *n_out == FILE_MAX) {
		fprintf(stderr, "sessionctl: %s: %s\n", path, errno ? strerror(errno) : "too long");
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

/* A lone JWK without "alg" follows --algorithms when that leaves one choice. */
static enum jose_alg rsa_default(const struct verifier *v)
{
	return v->allowed[JOSE_PS256] && !v->allowed[JOSE_RS256] ? JOSE_PS256 : JOSE_RS256;
}

static bool keys_load(struct verifier *v)
{
	const char *path = v->jwk_file ? v->jwk_file : v->jwks_file;
	struct sd_diag diag = {{0}};
	size_t n;
	char *text;
	int err;

	errno = 0;
	text = file_read(path, &n);
	if (!text)
		return false;
	if (v->jwks_file) {
		err = jwks_parse(sd_slice(text, n), &v->keys, &v->key_count, &diag);
	} else {
		v->keys = calloc(1, sizeof(*v->keys));
		err = v->keys ? jwk_parse(sd_slice(text, n), rsa_default(v), v->keys, &diag)
			      : SD_ERR_MEMORY;
		v->key_count = err ? 0 : 1;
	}
	if (err)
		fprintf(stderr, "sessionctl: %s: %s\n", path,
			diag.text[0] ? diag.text : sd_err_text(err));
	free(text);
	return err == 0;
}

static const struct jwk *key_choose(const struct verifier *v, const struct jws *jws)
{
	if (v->jwk_file || (!jws->kid.p && v->key_count == 1))
		return v->keys;
	for (size_t i = 0; i < v->key_count && jws->kid.p; i++)
		if (sd_slice_is(jws->kid, v->keys[i].kid))
			return &v->keys[i];
	return NULL;
}

/* What --raw leaves out: the type, the claims, the times. */
static const char *claims_verdict(struct verifier *v, const struct jws *jws)
{
	struct claims_expect expect = {.skew_s = SKEW_S, .now_s = sd_clock_wall_ms() / 1000};
	struct claims claims;
	const char *why = NULL;

	if (!sd_slice_is(jws->typ, "at+jwt"))
		return "typ is not at+jwt";
	if (claims_parse(jws->payload, &v->arena, &claims, &why) != CLAIMS_OK)
		return why;
	expect.issuer = claims.iss;
	expect.tenant = claims.tid;
	switch (claims_check(&claims, &expect)) {
	case CLAIMS_OK:
		return NULL;
	case CLAIMS_EXPIRED:
		return "expired";
	case CLAIMS_NOT_YET:
		return "not yet valid";
	case CLAIMS_MALFORMED:
	case CLAIMS_ISSUER:
	case CLAIMS_AUDIENCE:
		break;
	}
	return "claims";
}

/* NULL: good. */
static const char *verdict(struct verifier *v, struct sd_slice token)
{
	const char *why = NULL;
	const struct jwk *key;
	struct jws jws;
	enum jws_result r;

	sd_arena_reset(&v->arena);
	r = v->raw ? jws_split_raw(token, &v->arena, &jws, &why)
		   : jws_split(token, &v->arena, &jws, &why);
	if (r != JWS_OK)
		return why;
	if (!v->allowed[jws.alg])
		return "alg is not allowed here";
	key = key_choose(v, &jws);
	if (!key)
		return "no key with this kid";
	if (jws_verify(&jws, key) != JWS_OK)
		return jws.alg == key->alg ? "signature" : "alg is not the key's";
	return v->raw ? NULL : claims_verdict(v, &jws);
}

static int lines_verify(struct verifier *v, FILE *in, FILE *out)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	bool ok;

	while ((n = getline(&line, &room, in)) >= 0) {
		const char *why;

		if (n > 0 && line[n - 1] == '\n')
			n--;
		why = verdict(v, sd_slice(line, (size_t)n));
		if (why)
			fprintf(out, "bad: %s\n", why);
		else
			fputs("ok\n", out);
	}
	free(line);
	ok = !ferror(in) && fflush(out) == 0;
	if (!ok)
		fprintf(stderr, "sessionctl: %s\n", strerror(errno));
	return ok ? 0 : 1;
}

int ctl_token_verify(int argc, char **argv, FILE *in, FILE *out)
{
	struct verifier v = {.allowed = {false, true, true, true, true}};
	int code = 1;

	if (!options_read(&v, argc, argv))
		return usage();
	sd_arena_init(&v.arena, TOKEN_ARENA);
	if (token_warm_up() != 0)
		fputs("sessionctl: this OpenSSL gives wrong answers\n", stderr);
	else if (keys_load(&v))
		code = lines_verify(&v, in, out);
	jwks_free(&v.keys, v.key_count);
	sd_arena_fini(&v.arena);
	return code;
}
