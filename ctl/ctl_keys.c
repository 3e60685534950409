/* SPDX-License-Identifier: MIT
 * ctl_keys - the life of signing keys, as changes of times in their sidecars.
 * Owns:      the rules of rotation
 * Runs in:   sessionctl
 * Fails by:  exit code 1 or 2 with a line on standard error
 * Never:     a moment without an active key, or a key removed while its tokens live */
#include "base.h"

#include "ctl_keys.h"

#include <openssl/evp.h>
#include <time.h>

#include "clock.h"
#include "ctl_keydir.h"
#include "err.h"

#define LEAD_S 600   /* published this long before it signs, so that caches have seen it */
#define MARGIN_S 300 /* overlap >= access_ttl + clock_skew + 5 min */
#define DUE_S (90 * 86400LL)

struct order;
struct verb {
	const char *name;
	bool make; /* the folder, when there is none */
	int (*fn)(const struct ctl_conf *conf, struct ctl_keydir *dir, const struct order *o,
		  const struct ctl_tenant *t, struct sd_diag *diag);
};

struct order {
	const struct verb *verb;
	const char *tenant, *kid;
	enum jose_alg alg; /* JOSE_ALG_NONE_VALID: the configured one */
	bool due;
	int64_t now_s, activate_at;
};

static int usage(void)
{
	fputs("usage: sessionctl keys new TENANT [--algorithm ALG]\n"
	      "       sessionctl keys list TENANT\n"
	      "       sessionctl keys rotate TENANT|--due [--at now|TIME]\n"
	      "       sessionctl keys retire TENANT KID\n",
	      stderr);
	return 2;
}

static int64_t overlap(const struct ctl_tenant *t)
{
	return SD_MAX(t->overlap_s, t->access_ttl_s + t->clock_skew_s + MARGIN_S);
}

/* The key that signs at a time: of the active ones the last to become so. NULL: none. */
static struct keyfile *signing_key(struct ctl_keydir *dir, int64_t at_s)
{
	for (size_t i = dir->count; i-- > 0;)
		if (keyfile_state(&dir->keys[i], at_s) == KEY_ACTIVE)
			return &dir->keys[i];
	return NULL;
}

/* The first key to become active after a time. */
static struct keyfile *next_key(struct ctl_keydir *dir, int64_t after_s)
{
	for (size_t i = 0; i < dir->count; i++)
		if (dir->keys[i].activate_at > after_s &&
		    keyfile_state(&dir->keys[i], dir->keys[i].activate_at) == KEY_ACTIVE)
			return &dir->keys[i];
	return NULL;
}

/* From now on some key signs, without a gap, until this time; INT64_MAX when it is open. */
static int64_t covered_until(struct ctl_keydir *dir, int64_t now_s)
{
	const struct keyfile *k;
	int64_t t = now_s;

	while ((k = signing_key(dir, t)) != NULL) {
		if (!k->retire_at)
			return INT64_MAX;
		t = k->retire_at; /* later than t, for the key is active at t */
	}
	return t;
}

/* Ends all that would still be active when the new key is. */
static int chain(struct ctl_keydir *dir, const struct ctl_tenant *t, struct keyfile *k,
		 struct sd_diag *diag)
{
	int err = 0;

	for (size_t i = 0; i < dir->count && !err; i++) {
		struct keyfile *old = &dir->keys[i];

		if (old->activate_at >= k->activate_at ||
		    keyfile_state(old, k->activate_at) != KEY_ACTIVE)
			continue;
		old->retire_at = k->activate_at;
		old->remove_at = k->activate_at + overlap(t);
		err = ctl_keydir_update(dir, old, diag);
	}
	return err;
}

static int key_add(const struct ctl_conf *conf, struct ctl_keydir *dir, const struct order *o,
		   const struct ctl_tenant *t, struct sd_diag *diag)
{
	struct keyfile k = {.alg = o->alg ? o->alg : t->alg, .publish_at = o->now_s};
	const struct keyfile *later;
	int err;

	/* A key announced but never active yet would be left without a second of its own. */
	k.activate_at = o->activate_at;
	for (size_t i = 0; i < dir->count; i++)
		if (dir->keys[i].activate_at == k.activate_at)
			k.activate_at++;
	/* One that is announced already: the new one ends where it begins. */
	later = next_key(dir, k.activate_at);
	if (later) {
		k.retire_at = later->activate_at;
		k.remove_at = k.retire_at + overlap(t);
	}
	err = sd_slice_copy(sd_slice_str(o->tenant), k.tenant, sizeof(k.tenant));
	if (!err)
		err = ctl_keydir_add(dir, conf, t->bits, &k, diag);
	if (!err)
		err = chain(dir, t, &k, diag);
	if (!err && conf->json) {
		printf("{\"tenant\":\"%s\",\"kid\":\"%s\",\"algorithm\":\"%s\",\"publish_at\":%lld,"
		       "\"activate_at\":%lld}\n",
		       k.tenant, k.kid, jose_alg_name(k.alg), (long long)k.publish_at,
		       (long long)k.activate_at);
	} else if (!err) {
		char at[32];

		sd_clock_format(k.activate_at * 1000, at);
		printf("%s: %s key %s, active at %s\n", k.tenant, jose_alg_name(k.alg), k.kid, at);
	}
	keyfile_fini(&k);
	return err;
}

/* new and rotate: where nothing signs, or soon would not, there is nothing to wait for. */
static int run_rotate(const struct ctl_conf *conf, struct ctl_keydir *dir, const struct order *o,
		      const struct ctl_tenant *t, struct sd_diag *diag)
{
	struct order first = *o;

	first.activate_at = SD_MIN(o->activate_at, covered_until(dir, o->now_s));
	return key_add(conf, dir, &first, t, diag);
}

static int run_retire(const struct ctl_conf *conf, struct ctl_keydir *dir, const struct order *o,
		      const struct ctl_tenant *t, struct sd_diag *diag)
{
	struct keyfile *k = NULL;
	enum key_state state;

	int64_t until;
	int err;

	(void)conf;
	for (size_t i = 0; i < dir->count; i++)
		if (strcmp(dir->keys[i].kid, o->kid) == 0)
			k = &dir->keys[i];
	if (!k)
		return sd_diag_set(diag, SD_ERR_NOT_FOUND, "%s: no such key", o->kid);
	state = keyfile_state(k, o->now_s);
	if (state == KEY_RETIRED || state == KEY_REMOVED)
		return sd_diag_set(diag, SD_ERR_INVALID, "%s is %s already", o->kid,
				   keyfile_state_name(state));
	if (signing_key(dir, o->now_s) == k) {
		struct keyfile saved = *k;

		k->activate_at = k->publish_at = INT64_MAX; /* as if it were not there */
		if (!signing_key(dir, o->now_s)) {
			*k = saved;
			return sd_diag_set(diag, SD_ERR_DENIED,
					   "%s is the only key that signs: rotate first", o->kid);
		}
		*k = saved;
	}
	/* One that was never active has signed nothing: it goes at once. */
	if (state != KEY_ACTIVE) {
		k->publish_at = SD_MIN(k->publish_at, o->now_s - 1);
		k->activate_at = k->publish_at;
	}
	k->retire_at = SD_MAX(o->now_s, k->activate_at + 1);
	k->remove_at = state == KEY_ACTIVE ? k->retire_at + overlap(t) : k->retire_at;
	err = ctl_keydir_update(dir, k, diag);
	until = covered_until(dir, o->now_s);
	if (!err && until < INT64_MAX) {
		char at[32];

		sd_clock_format(until * 1000, at);
		fprintf(stderr, "sessionctl: %s: no key signs from %s on: rotate before\n",
			o->tenant, at);
	}
	return err;
}

static void time_json(const char *name, int64_t t)
{
	if (t)
		printf(",\"%s\":%lld", name, (long long)t);
	else
		printf(",\"%s\":null", name);
}

static void time_column(int64_t t)
{
	char text[32] = "-";

	if (t) {
		sd_clock_format(t * 1000, text);
		text[19] = '\0'; /* whole seconds, UTC */
	}
	printf("  %-19s", text);
}

static int run_list(const struct ctl_conf *conf, struct ctl_keydir *dir, const struct order *o,
		    const struct ctl_tenant *t, struct sd_diag *diag)
{
	(void)t;
	(void)diag;
	if (conf->json)
		putchar('[');
	else
		printf("%-43s  %-9s  %-9s  %-19s  %-19s  %-19s  %s\n", "KID", "ALGORITHM", "STATE",
		       "PUBLISHED", "ACTIVE", "RETIRED", "REMOVED (UTC)");
	for (size_t i = 0; i < dir->count; i++) {
		const struct keyfile *k = &dir->keys[i];
		const int64_t times[] = {k->publish_at, k->activate_at, k->retire_at, k->remove_at};
		static const char *const names[] = {"publish_at", "activate_at", "retire_at",
						    "remove_at"};
		const char *state = keyfile_state_name(keyfile_state(k, o->now_s));

		if (conf->json)
			printf("%s{\"kid\":\"%s\",\"algorithm\":\"%s\",\"state\":\"%s\"",
			       i ? "," : "", k->kid, jose_alg_name(k->alg), state);
		else
			printf("%-43s  %-9s  %-9s", k->kid, jose_alg_name(k->alg), state);
		for (size_t j = 0; j < SD_ARRAY_LEN(times); j++) {
			if (conf->json)
				time_json(names[j], times[j]);
			else
				time_column(times[j]);
		}
		fputs(conf->json ? "}" : "\n", stdout);
	}
	if (conf->json)
		puts("]");
	return 0;
}

static bool is_due(struct ctl_keydir *dir, const struct ctl_tenant *t, int64_t now_s)
{
	const struct keyfile *k = dir->count ? &dir->keys[dir->count - 1] : NULL; /* the newest */
	bool rsa = t->alg == JOSE_RS256 || t->alg == JOSE_PS256;

	if (!k || covered_until(dir, now_s) <= now_s + LEAD_S)
		return true;
	if (k->alg != t->alg || (rsa && EVP_PKEY_get_bits(k->jwk.pkey) != (int)t->bits))
		return true;
	return now_s - k->activate_at >= DUE_S;
}

static int tenant_run(const struct ctl_conf *conf, const struct order *o)
{
	struct ctl_keydir *dir = NULL;
	struct ctl_tenant t = {0};
	struct sd_diag diag = {{0}};
	int err;

	if (!conf->tenant(conf, o->tenant, &t)) {
		fprintf(stderr, "sessionctl: %s: no such tenant\n", o->tenant);
		return 1;
	}
	err = ctl_keydir_open(conf, o->tenant, o->verb->make, &dir, &diag);
	if (!err && (!o->due || is_due(dir, &t, o->now_s)))
		err = o->verb->fn(conf, dir, o, &t, &diag);
	ctl_keydir_close(&dir);
	if (err)
		fprintf(stderr, "sessionctl: %s: %s\n", o->tenant,
			diag.text[0] ? diag.text : sd_err_text(err));
	return err ? 1 : 0;
}

static bool time_read(const char *text, int64_t now_s, int64_t *out)
{
	struct tm tm = {0};
	uint64_t unix_s;
	const char *end;

	*out = now_s;
	if (strcmp(text, "now") == 0)
		return true;
	if (sd_slice_u64(sd_slice_str(text), &unix_s) == 0 && unix_s < INT64_MAX / 2000) {
		*out = (int64_t)unix_s;
	} else {
		end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (!end || *end)
			return false;
		*out = timegm(&tm);
	}
	return *out >= now_s;
}

static const struct verb verbs[] = {
    {"new", true, run_rotate},
    {"rotate", true, run_rotate},
    {"list", false, run_list},
    {"retire", false, run_retire},
};

/* A word without an option's name: tenant, then retire's KID, which may begin with hyphens. */
static bool word_read(struct order *o, const char *word)
{
	bool retire = o->verb->fn == run_retire;

	if (retire && o->tenant && !o->kid)
		o->kid = word;
	else if (!o->tenant && word[0] != '-')
		o->tenant = word;
	else
		return false;
	return true;
}

/* Options may stand anywhere behind the verb. */
static bool order_read(struct order *o, int argc, char **argv)
{
	bool rotate, new;

	for (size_t i = 0; i < SD_ARRAY_LEN(verbs) && argc > 1; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			o->verb = &verbs[i];
	if (!o->verb)
		return false;
	rotate = strcmp(argv[0], "rotate") == 0;
	new = strcmp(argv[0], "new") == 0;
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (rotate && strcmp(argv[i], "--due") == 0) {
			o->due = true;
		} else if (rotate && value && strcmp(argv[i], "--at") == 0) {
			if (!time_read(argv[++i], o->now_s, &o->activate_at))
				return false;
		} else if (new &&value && strcmp(argv[i], "--algorithm") == 0) {
			o->alg = jose_alg_parse(sd_slice_str(argv[++i]));
			if (!o->alg)
				return false;
		} else if (!word_read(o, argv[i])) {
			return false;
		}
	}
	if (o->due)
		return !o->tenant;
	return o->tenant && (o->verb->fn != run_retire || o->kid);
}

int ctl_keys(const struct ctl_conf *conf, int argc, char **argv)
{
	struct order o = {.now_s = sd_clock_wall_ms() / 1000};
	int code = 0;

	o.activate_at = o.now_s + LEAD_S;
	if (!order_read(&o, argc, argv))
		return usage();
	if (!o.due)
		return tenant_run(conf, &o);
	for (size_t i = 0; (o.tenant = conf->tenant_at(conf, i)) != NULL; i++)
		code |= tenant_run(conf, &o);
	return code;
}
