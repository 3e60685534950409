/* SPDX-License-Identifier: MIT
 * issuer_keys - keys of other issuers: when to fetch, what to keep.
 * Owns:      the sources and their sets, state_dir/jwks-DIGEST.json
 * Runs in:   master (before and after the sandbox)
 * Fails by:  keeping what it has; a line in the log
 * Never:     take from the fetcher what its own parser does not take whole; forget a good set because
 *            an issuer is down */
#include "base.h"
#include "master.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "jwk.h"
#include "log.h"
#include "policy_oidc.h"

#define AGE_LEAST_S 300
#define AGE_MOST_S 86400
#define AGE_USUAL_S 3600      /* where the server says nothing */
#define UNKNOWN_NS (30 * SD_NS_PER_S) /* for each fetch, whatever callers name ... */
#define UNKNOWN_BURST 3               /* ... but so many may come sooner, */
#define UNKNOWN_LEAST_NS SD_NS_PER_S  /* this far apart */
#define RETRY_S 30            /* doubled at each failure, up to AGE_LEAST_S */
#define PATIENCE_NS (30 * SD_NS_PER_S)

static struct issuer_source *find(struct issuer_keys *k, const char *url)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (strcmp(k->source[i].url, url) == 0)
			return &k->source[i];
	return NULL;
}

static void drop(struct sd_slice *s)
{
	free((void *)(uintptr_t)s->p);
	*s = sd_slice(NULL, 0);
}

static void keep(struct sd_slice *to, struct sd_slice from)
{
	char *p = from.n ? malloc(from.n) : NULL;

	if (p == NULL && from.n)
		return; /* what there was stays */
	drop(to);
	if (p != NULL)
		memcpy(p, from.p, from.n);
	*to = sd_slice(p, p ? from.n : 0);
}

static bool is_set(struct sd_slice text)
{
	struct jwk *keys = NULL;
	size_t n = 0;
	struct sd_diag why = {{0}};
	int err = jwks_parse(text, &keys, &n, &why);

	jwks_free(&keys, n);
	return err == SD_OK;
}

/* --- across restarts ------------------------------------------------------------- */

static void path_of(const struct master *m, const char *url, char out[CONF_PATH + 80])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char hex[33];

	SHA256((const unsigned char *)url, strlen(url), hash);
	for (int i = 0; i < 16; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	(void)snprintf(out, CONF_PATH + 80, "%s/jwks-%s.json", m->server.state_dir, hex);
}

/* A torn file is no set and is not taken; the next fetch writes it again. */
static void save(const struct master *m, const struct issuer_source *s)
{
	char path[CONF_PATH + 80];

	path_of(m, s->url, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	bool good = fd >= 0 && write(fd, s->set.p, s->set.n) == (ssize_t)s->set.n;

	if (!good)
		sd_log(SD_LOG_WARN, "issuer-keys-not-kept", SD_FS("path", path),
		       SD_FS("text", strerror(errno)));
	if (fd >= 0)
		(void)close(fd);
}

static void load(const struct master *m, struct issuer_source *s)
{
	char path[CONF_PATH + 80], chunk[4096];
	struct sd_buf text;
	ssize_t n = 0;

	path_of(m, s->url, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	sd_buf_init(&text, HM_FETCHED_MOST);
	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		sd_buf_append(&text, chunk, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
	if (text.len && n == 0 && !text.failed && is_set(sd_buf_slice(&text)))
		keep(&s->set, sd_buf_slice(&text));
	sd_buf_fini(&text);
}

/* --- which there are ---------------------------------------------------------------- */

/* What comes of it is not waited for. */
static void forget_fetch(struct issuer_keys *k)
{
	k->busy = 0;
	k->tag++;
}

static void on_url(void *arg, const char *url, struct sd_slice ca)
{
	struct master *m = arg;
	struct issuer_keys *k = &m->issuer_keys;
	struct issuer_source *s = find(k, url);

	if (s == NULL && k->count < ISSUER_KEYS_MAX) {
		s = &k->source[k->count++];
		memset(s, 0, sizeof(*s));
		(void)snprintf(s->url, sizeof(s->url), "%s", url);
		load(m, s);
	}
	if (s == NULL)
		return;
	s->used = true;
	if (sd_slice_eq(s->ca, ca))
		return;
	keep(&s->ca, ca);
	s->due_ns = 0;
	if (k->busy == 1 + (uint32_t)(s - k->source))
		forget_fetch(k); /* it trusts whom nobody trusts any more */
}

void issuer_keys_config(struct master *m)
{
	struct issuer_keys *k = &m->issuer_keys;
	uint32_t n = 0, busy = 0;

	if (k->coming.max == 0)
		sd_buf_init(&k->coming, HM_FETCHED_MOST);
	for (uint32_t i = 0; i < k->count; i++)
		k->source[i].used = false;
	policy_oidc_each_url(m->config, on_url, m);
	for (uint32_t i = 0; i < k->count; i++) {
		if (k->source[i].used) {
			k->source[n++] = k->source[i];
			busy = k->busy == i + 1 ? n : busy;
			continue;
		}
		drop(&k->source[i].ca);
		drop(&k->source[i].set);
	}
	k->count = n;
	if (k->busy && !busy)
		forget_fetch(k);
	k->busy = busy;
}

void issuer_keys_fleet(struct master *m)
{
	struct child *c = fleet_fetcher(&m->fleet);

	if (m->phase == MASTER_DRAINING)
		return;
	if (m->issuer_keys.count > 0) {
		fleet_child_want(c, NULL);
		issuer_keys_tick(m);
	} else if (c->state != CHILD_NONE) {
		fleet_child_retire(c, 1000);
	}
}

struct sd_slice issuer_keys_of(void *arg, const char *url)
{
	struct master *m = arg;
	const struct issuer_source *s = find(&m->issuer_keys, url);

	return s != NULL ? s->set : sd_slice(NULL, 0);
}

/* --- fetching -------------------------------------------------------------------------- */

/* The certificates as a descriptor; -1: none are needed, or they could not be written. */
static int ca_fd(const struct issuer_source *s)
{
	int fd = s->ca.n ? memfd_create("issuer-ca", MFD_CLOEXEC) : -1;

	if (fd >= 0 && pwrite(fd, s->ca.p, s->ca.n, 0) == (ssize_t)s->ca.n)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void ask(struct master *m, uint32_t i, int64_t now)
{
	struct issuer_keys *k = &m->issuer_keys;
	struct issuer_source *s = &k->source[i];
	struct child *c = fleet_fetcher(&m->fleet);
	struct hm_fetch body;
	int fd = ca_fd(s);

	memset(&body, 0, sizeof(body));
	(void)snprintf(body.url, sizeof(body.url), "%s", s->url);
	sd_buf_reset(&k->coming);
	k->busy = i + 1;
	k->tag++;
	s->asked_ns = now;
	/* Certificates of its own are never quietly exchanged for the system's. */
	if (s->ca.n && fd < 0)
		issuer_keys_lost(m);
	else if (chan_send(&c->chan, HM_FETCH, k->tag, &body, sizeof(body), fd) != SD_OK)
		fleet_child_kill(c, "it does not read its channel");
	if (fd >= 0)
		(void)close(fd);
}

void issuer_keys_tick(struct master *m)
{
	struct issuer_keys *k = &m->issuer_keys;
	struct child *c = fleet_fetcher(&m->fleet);
	int64_t now = sd_clock_boot_ns();

	if (m->fleet.stage != FLEET_COMPLETE || c->state != CHILD_READY)
		return;
	if (k->busy != 0) {
		if (now - k->source[k->busy - 1].asked_ns > PATIENCE_NS)
			fleet_child_kill(c, "a fetch took longer than 30 s");
		return;
	}
	for (uint32_t i = 0; i < k->count && k->busy == 0; i++)
		if (now >= k->source[i].due_ns)
			ask(m, i, now);
}

static void failed(struct issuer_source *s, const char *why)
{
	uint32_t wait = (uint32_t)RETRY_S << SD_MIN(s->failures, 4u);

	s->failures++;
	s->due_ns = sd_clock_boot_ns() + (int64_t)SD_MIN(wait, (uint32_t)AGE_LEAST_S) * SD_NS_PER_S;
	sd_log(SD_LOG_WARN, "issuer-keys-failed", SD_FS("url", s->url), SD_FI("failures", s->failures),
	       SD_FS("kept", s->set.n ? "the last good set" : "none"), SD_FS("text", why));
}

static void good(struct master *m, struct issuer_source *s, uint32_t max_age_s)
{
	struct sd_slice set = sd_buf_slice(&m->issuer_keys.coming);
	uint32_t age = max_age_s ? max_age_s : AGE_USUAL_S;
	bool same = sd_slice_eq(s->set, set);

	age = SD_MIN(SD_MAX(age, (uint32_t)AGE_LEAST_S), (uint32_t)AGE_MOST_S);
	s->failures = 0;
	s->due_ns = sd_clock_boot_ns() + (int64_t)age * SD_NS_PER_S;
	if (same)
		return;
	keep(&s->set, set);
	save(m, s);
	sd_log(SD_LOG_INFO, "issuer-keys", SD_FS("url", s->url), SD_FI("bytes", set.n),
	       SD_FI("next_s", age));
	reload_request(m, RELOAD_BY_KEY);
}

int issuer_keys_msg(struct master *m, const struct hm_msg *msg)
{
	struct issuer_keys *k = &m->issuer_keys;
	const struct hm_fetched *f = &msg->u.fetched;

	if (msg->head.tag != k->tag || k->busy == 0)
		return SD_OK; /* of a fetch that nobody waits for any more */
	struct issuer_source *s = &k->source[k->busy - 1];

	if (msg->head.type == HM_FETCHED_PART) {
		sd_buf_append(&k->coming, msg->u.bytes, msg->head.body);
		return k->coming.failed ? SD_ERR_INVALID : SD_OK;
	}
	k->busy = 0;
	if (!f->good) {
		failed(s, f->why);
		return SD_OK;
	}
	if (f->size != k->coming.len || !is_set(sd_buf_slice(&k->coming))) {
		failed(s, "the fetcher gave no set of keys");
		return SD_ERR_INVALID;
	}
	good(m, s, f->max_age_s);
	return SD_OK;
}

void issuer_keys_lost(struct master *m)
{
	struct issuer_keys *k = &m->issuer_keys;

	if (k->busy != 0)
		failed(&k->source[k->busy - 1], "the fetcher ended");
	k->busy = 0;
}

void issuer_keys_unknown(struct master *m, const struct hm_key_unknown *what)
{
	const struct policy_view *v = &m->seg.policy.view;
	int64_t now = sd_clock_boot_ns();

	if (what->generation != policy_view_generation(v) || what->caller >= v->image->callers.count)
		return;
	struct sd_slice url = policy_view_str(v, policy_view_caller(v, what->caller)->jwks_url);
	struct issuer_source *s = find(&m->issuer_keys, url.p); /* a NUL follows it in the image */

	if (s == NULL || now - s->asked_ns < UNKNOWN_LEAST_NS ||
	    s->unknown_ns - now > (UNKNOWN_BURST - 1) * UNKNOWN_NS)
		return;
	s->unknown_ns = SD_MAX(s->unknown_ns, now) + UNKNOWN_NS;
	s->due_ns = now;
	issuer_keys_tick(m);
}
