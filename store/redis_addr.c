/* SPDX-License-Identifier: MIT
 * redis_addr - where Redis is: the configuration's URL read, its name resolved.
 * Owns:      the grammar of store.url
 * Runs in:   master, at start and reload | tools
 * Fails by:  returning SD_ERR_INVALID, SD_ERR_SYSTEM with the reason
 * Never:     take a user or a password from a URL: they stand in files
 */
#include "base.h"
#include "redis_dial.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include "err.h"
#include "secret.h"
#include "slice.h"

static int parse_db(struct sd_slice text, struct redis_addr *out)
{
	uint64_t db;

	if (sd_slice_u64(text, &db) != SD_OK || db > 1023)
		return SD_ERR_INVALID;
	out->db = (uint32_t)db;
	return SD_OK;
}

static int parse_unix(struct sd_slice rest, struct redis_addr *out, struct sd_diag *diag)
{
	const char *query = rest.n ? memchr(rest.p, '?', rest.n) : NULL;
	struct sd_slice path = rest;

	out->is_unix = true;
	if (query) {
		struct sd_slice q = sd_slice(query + 1, rest.n - (size_t)(query - rest.p) - 1);

		path.n = (size_t)(query - rest.p);
		if (q.n < 3 || memcmp(q.p, "db=", 3) != 0 ||
		    parse_db(sd_slice(q.p + 3, q.n - 3), out) != SD_OK)
			return sd_diag_set(diag, SD_ERR_INVALID, "only ?db=N may follow the path");
	}
	if (path.n == 0 || sd_slice_copy(path, out->path, sizeof(out->path)) != SD_OK)
		return sd_diag_set(diag, SD_ERR_INVALID, "the path has 1 to %zu bytes",
				   sizeof(out->path) - 1);
	return SD_OK;
}

/* host, [v6], host:port, [v6]:port */
static int parse_host(struct sd_slice text, struct redis_addr *out, struct sd_diag *diag)
{
	struct sd_slice host = text, port = SD_SLICE("6379");
	const char *colon = NULL;
	uint64_t number;

	if (text.n && text.p[0] == '[') {
		const char *end = memchr(text.p, ']', text.n);

		if (!end)
			return sd_diag_set(diag, SD_ERR_INVALID, "the address lacks its ]");
		host = sd_slice(text.p + 1, (size_t)(end - text.p) - 1);
		if (end + 1 < text.p + text.n)
			colon = end + 1;
	} else if (text.n) {
		colon = memchr(text.p, ':', text.n);
		if (colon)
			host.n = (size_t)(colon - text.p);
	}
	if (colon)
		port = sd_slice(colon + 1, text.n - (size_t)(colon - text.p) - 1);
	if ((colon && *colon != ':') || sd_slice_u64(port, &number) != SD_OK || number == 0 ||
	    number > 65535)
		return sd_diag_set(diag, SD_ERR_INVALID, "the port is a number from 1 to 65535");
	out->port = (uint16_t)number;
	for (size_t i = 0; i < host.n; i++)
		if ((unsigned char)host.p[i] <= ' ' || strchr("@/?#[]", host.p[i]))
			return sd_diag_set(diag, SD_ERR_INVALID,
					   "the host has a forbidden character");
	if (host.n == 0 || sd_slice_copy(host, out->host, sizeof(out->host)) != SD_OK)
		return sd_diag_set(diag, SD_ERR_INVALID, "the host has 1 to %zu bytes",
				   sizeof(out->host) - 1);
	return SD_OK;
}

static int parse_tcp(struct sd_slice rest, struct redis_addr *out, struct sd_diag *diag)
{
	const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;

	if (rest.n && memchr(rest.p, '@', rest.n))
		return sd_diag_set(
		    diag, SD_ERR_INVALID,
		    "user and password do not stand in the URL: username, password_file");
	if (slash) {
		struct sd_slice db = sd_slice(slash + 1, rest.n - (size_t)(slash - rest.p) - 1);

		rest.n = (size_t)(slash - rest.p);
		if (db.n > 0 && parse_db(db, out) != SD_OK)
			return sd_diag_set(diag, SD_ERR_INVALID,
					   "the database is a number up to 1023");
	}
	return parse_host(rest, out, diag);
}

int redis_addr_parse(const char *url, struct redis_addr *out, struct sd_diag *diag)
{
	int err;

	memset(out, 0, sizeof(*out));
	if (strncmp(url, "redis://", 8) == 0)
		err = parse_tcp(sd_slice_str(url + 8), out, diag);
	else if (strncmp(url, "unix:", 5) == 0)
		err = parse_unix(sd_slice_str(url + 5), out, diag);
	else
		err =
		    sd_diag_set(diag, SD_ERR_INVALID, "expected redis://HOST:PORT/DB or unix:PATH");
	if (err != SD_OK)
		memset(out, 0, sizeof(*out));
	return err;
}

void redis_addr_wipe(struct redis_addr *addr)
{
	sd_wipe(addr->password, sizeof(addr->password));
}

int redis_addr_resolve(struct redis_addr *addr, struct sd_diag *diag)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char text[INET6_ADDRSTRLEN];
	const void *bytes;
	int err;

	if (addr->is_unix)
		return SD_OK;
	err = getaddrinfo(addr->host, NULL, &hints, &found);
	if (err != 0 || !found)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", addr->host, gai_strerror(err));
	if (found->ai_family == AF_INET)
		bytes = &((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr;
	else
		bytes = &((struct sockaddr_in6 *)(void *)found->ai_addr)->sin6_addr;
	if (!inet_ntop(found->ai_family, bytes, text, sizeof(text)))
		text[0] = '\0';
	freeaddrinfo(found);
	if (text[0] == '\0')
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: no address", addr->host);
	snprintf(addr->host, sizeof(addr->host), "%s", text);
	return SD_OK;
}
