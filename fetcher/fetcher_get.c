/* SPDX-License-Identifier: MIT
 * fetcher_get - one document over HTTPS.
 * Owns:      the options of libcurl
 * Runs in:   fetcher (within its sandbox)
 * Fails by:  SD_ERR_* with the reason, which names no secret
 * Never:     follow a redirect, read a proxy from the environment, decompress, keep a cookie, start a
 *            thread (names are looked up here, not by libcurl's) */
#include "base.h"
#include "fetcher_get.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <strings.h>

#include "err.h"

#define TIMEOUT_MS 10000L
#define CONNECT_MS 5000L
#define MAX_AGE_MOST (86400u * 365)
#define PLACE_MAX 400 /* "host:port:address,..." */

int fetcher_get_init(void)
{
	struct addrinfo *found = NULL;

	if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return SD_ERR_SYSTEM;
	if (getaddrinfo("localhost", "443", NULL, &found) == 0)
		freeaddrinfo(found);
	CURL *c = curl_easy_init();

	curl_easy_cleanup(c);
	return c ? SD_OK : SD_ERR_SYSTEM;
}

static bool begins(struct sd_slice s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && strncasecmp(s.p, word, n) == 0;
}

static struct sd_slice trimmed(struct sd_slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = sd_slice(s.p + 1, s.n - 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r' ||
		       s.p[s.n - 1] == '\n'))
		s.n--;
	return s;
}

uint32_t fetcher_get_max_age(struct sd_slice value)
{
	uint64_t age = 0;

	for (size_t at = 0; at <= value.n;) {
		const char *comma = at < value.n ? memchr(value.p + at, ',', value.n - at) : NULL;
		size_t end = comma ? (size_t)(comma - value.p) : value.n;
		struct sd_slice word = trimmed(sd_slice(value.p + at, end - at));

		if (begins(word, "no-store") || begins(word, "no-cache"))
			return 0;
		if (begins(word, "max-age=") &&
		    sd_slice_u64(sd_slice(word.p + 8, word.n - 8), &age) != SD_OK)
			age = 0;
		at = end + 1;
	}
	return (uint32_t)SD_MIN(age, (uint64_t)MAX_AGE_MOST);
}

struct transfer {
	struct fetcher_got *out;
	size_t max;
	bool too_big;
};

static size_t on_body(char *p, size_t each, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (each * n > t->max - t->out->body.len) {
		t->too_big = true;
		return 0;
	}
	sd_buf_append(&t->out->body, p, each * n);
	return t->out->body.failed ? 0 : each * n;
}

static size_t on_header(char *p, size_t each, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct sd_slice line = sd_slice(p, each * n);

	if (begins(line, "cache-control:"))
		t->out->max_age_s = fetcher_get_max_age(sd_slice(p + 14, each * n - 14));
	return each * n;
}

/* "host:port:address,address": libcurl would start a thread to look a name up. */
static int look_up(const char *host, const char *port, char out[PLACE_MAX], struct sd_diag *diag)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char text[INET6_ADDRSTRLEN];
	size_t n = (size_t)snprintf(out, PLACE_MAX, "%s:%s:", host, port);
	int e = getaddrinfo(host, port, &want, &found);

	if (e != 0)
		return sd_diag_set(diag, SD_ERR_NOT_FOUND, "%.100s: %s", host, gai_strerror(e));
	for (const struct addrinfo *a = found; a && n + 64 < PLACE_MAX; a = a->ai_next) {
		const char *comma = out[n - 1] == ':' ? "" : ",";
		bool six = a->ai_family == AF_INET6;
		const void *addr =
		    six ? (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr
			: (const void *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;

		if ((six || a->ai_family == AF_INET) &&
		    inet_ntop(a->ai_family, addr, text, sizeof(text)))
			n += (size_t)snprintf(out + n, PLACE_MAX - n, six ? "%s[%s]" : "%s%s", comma,
					      text);
	}
	freeaddrinfo(found);
	return SD_OK;
}

/* Where url leads; NULL in *places_out when the address stands in it. */
static int places_of(const char *url, struct curl_slist **places_out, struct sd_diag *diag)
{
	char *host = NULL, *port = NULL, *scheme = NULL, place[PLACE_MAX];
	uint8_t addr[16];
	CURLU *u = curl_url();
	int err = SD_ERR_INVALID;

	*places_out = NULL;
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    strcmp(scheme, "https") == 0 && strlen(host) < 256)
		err = SD_OK;
	if (err != SD_OK)
		(void)sd_diag_set(diag, err, "not an https URL");
	else if (host[0] != '[' && inet_pton(AF_INET, host, addr) != 1)
		err = look_up(host, port, place, diag);
	else
		place[0] = '\0';
	if (err == SD_OK && place[0]) {
		*places_out = curl_slist_append(NULL, place);
		err = *places_out ? SD_OK : SD_ERR_MEMORY;
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(u);
	return err;
}

static void options(CURL *c, struct transfer *t, struct sd_slice ca)
{
	struct curl_blob blob = {.data = (void *)(uintptr_t)ca.p, .len = ca.n};

#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
#else
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS, CURLPROTO_HTTPS);
#endif
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "sessiond");
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (ca.n)
		(void)curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
}

static int perform(CURL *c, struct transfer *t, struct sd_diag *diag)
{
	CURLcode e = curl_easy_perform(c);
	long status = 0;

	if (t->too_big)
		return sd_diag_set(diag, SD_ERR_TOO_BIG, "more than %zu bytes", t->max);
	if (e != CURLE_OK)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s", curl_easy_strerror(e));
	if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
		return sd_diag_set(diag, SD_ERR_INVALID, "answered with status %ld", status);
	return SD_OK;
}

int fetcher_get(const char *url, struct sd_slice ca, size_t max, struct fetcher_got *out,
		struct sd_diag *diag)
{
	struct transfer t = {.out = out, .max = max};
	struct curl_slist *places = NULL;
	struct curl_slist *accept =
	    curl_slist_append(NULL, "Accept: application/jwk-set+json, application/json");
	CURL *c = curl_easy_init();

	out->max_age_s = 0;
	sd_buf_init(&out->body, max);
	/* first: its clean-up would touch signals otherwise, which the filter does not allow */
	int err = c && accept && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
		      ? places_of(url, &places, diag)
		      : SD_ERR_MEMORY;

	if (err == SD_OK) {
		options(c, &t, ca);
		(void)curl_easy_setopt(c, CURLOPT_URL, url);
		(void)curl_easy_setopt(c, CURLOPT_RESOLVE, places);
		(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, accept);
		err = perform(c, &t, diag);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(accept);
	curl_slist_free_all(places);
	return err;
}
