/* SPDX-License-Identifier: MIT
 * policy_names - hosts, addresses and URLs of the configuration: is this text one.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  SD_ERR_INVALID and a phrase that says what would have been right
 * Never:     resolve a name, or accept a password inside a URL
 */
#include "base.h"
#include "policy_names.h"

#include <arpa/inet.h>

#include "err.h"

static int no(const char **why_out, const char *why)
{
	*why_out = why;
	return SD_ERR_INVALID;
}

static bool starts(struct sd_slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static struct sd_slice after(struct sd_slice s, size_t n)
{
	return sd_slice(s.p + n, s.n - n);
}

static bool is_ip(struct sd_slice s, int family)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16];

	return sd_slice_copy(s, text, sizeof(text)) == SD_OK && inet_pton(family, text, addr) == 1;
}

static bool label_ok(struct sd_slice l)
{
	if (l.n == 0 || l.n > 63 || l.p[0] == '-' || l.p[l.n - 1] == '-')
		return false;
	for (size_t i = 0; i < l.n; i++) {
		char c = l.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

int policy_names_host(struct sd_slice s, const char **why_out)
{
	if (is_ip(s, AF_INET) || is_ip(s, AF_INET6))
		return SD_OK;
	if (s.n == 0 || s.n > 253)
		return no(why_out, "not a host name: 1 to 253 characters");
	for (struct sd_slice rest = s; rest.p != NULL;) {
		const char *dot = memchr(rest.p, '.', rest.n);
		size_t n = dot ? (size_t)(dot - rest.p) : rest.n;

		if (!label_ok(sd_slice(rest.p, n)))
			return no(why_out,
				  "not a host name: lower-case letters, digits, hyphens and "
				  "dots, without port or scheme");
		rest = dot ? after(rest, n + 1) : (struct sd_slice){0};
	}
	return SD_OK;
}

static bool port_ok(struct sd_slice s)
{
	uint64_t v = 0;

	return sd_slice_u64(s, &v) == SD_OK && v >= 1 && v <= 65535;
}

/* "host:port" or "[v6]:port" cut in two; port.p NULL when there is none. */
static void split_port(struct sd_slice s, struct sd_slice *host, struct sd_slice *port)
{
	const char *colon = s.n ? memrchr(s.p, ':', s.n) : NULL;
	const char *bracket = s.n ? memrchr(s.p, ']', s.n) : NULL;

	*host = s;
	*port = (struct sd_slice){0};
	if (colon && (bracket == NULL || bracket < colon)) {
		*host = sd_slice(s.p, (size_t)(colon - s.p));
		*port = after(s, (size_t)(colon - s.p) + 1);
	}
	if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']')
		*host = sd_slice(host->p + 1, host->n - 2);
}

static bool word_ok(struct sd_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0;
}

int policy_names_listen(struct sd_slice s, const char **why_out)
{
	struct sd_slice host, port;

	if (starts(s, "unix:")) {
		if (s.n - 5 == 0 || s.n - 5 > 107 || !word_ok(after(s, 5)))
			return no(why_out, "the path of a Unix socket has 1 to 107 characters");
		return SD_OK;
	}
	if (starts(s, "systemd:")) {
		if (!word_ok(after(s, 8)) || s.n > 8 + 255)
			return no(why_out,
				  "systemd: needs the socket's name (FileDescriptorName=)");
		return SD_OK;
	}
	split_port(s, &host, &port);
	if (!port_ok(port))
		return no(why_out,
			  "an address needs a port: 127.0.0.1:8440, [::1]:8440, unix:PATH or "
			  "systemd:NAME");
	if (is_ip(host, s.p[0] == '[' ? AF_INET6 : AF_INET))
		return SD_OK;
	return no(why_out, "not an address: write 127.0.0.1:8440, [::1]:8440, unix:PATH or "
			   "systemd:NAME (host names are not looked up)");
}

bool policy_names_listen_is_wildcard(struct sd_slice s)
{
	struct sd_slice host, port;
	char text[INET6_ADDRSTRLEN];
	uint8_t addr[16] = {0}, zero[16] = {0};

	if (starts(s, "unix:") || starts(s, "systemd:"))
		return false;
	split_port(s, &host, &port);
	if (sd_slice_copy(host, text, sizeof(text)) != SD_OK)
		return false;
	if (inet_pton(AF_INET6, text, addr) != 1 && inet_pton(AF_INET, text, addr) != 1)
		return false;
	return memcmp(addr, zero, sizeof(zero)) == 0;
}

/* host[:port] of a URL. */
static bool authority_ok(struct sd_slice s)
{
	struct sd_slice host, port;
	const char *why;

	split_port(s, &host, &port);
	if (port.p && !port_ok(port))
		return false;
	return policy_names_host(host, &why) == SD_OK;
}

int policy_names_store_url(struct sd_slice s, const char **why_out)
{
	if (starts(s, "unix:"))
		return policy_names_listen(s, why_out);
	if (!starts(s, "redis://") && !starts(s, "rediss://"))
		return no(why_out, "not a Redis URL: write redis://host:6379/0 or unix:PATH");
	s = after(s, starts(s, "redis://") ? 8 : 9);
	if (s.n && memchr(s.p, '@', s.n))
		return no(why_out, "credentials never stand in a URL: use store.username and "
				   "store.password_file");
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	size_t n = slash ? (size_t)(slash - s.p) : s.n;
	uint64_t db = 0;

	if (!authority_ok(sd_slice(s.p, n)))
		return no(why_out, "not a Redis URL: the host or port is wrong");
	if (slash && n + 1 < s.n && (sd_slice_u64(after(s, n + 1), &db) != SD_OK || db > 1000000))
		return no(why_out,
			  "not a Redis URL: after the slash comes the number of a database");
	return SD_OK;
}

static bool is_loopback_name(struct sd_slice s)
{
	struct sd_slice host, port;

	split_port(s, &host, &port);
	return sd_slice_is(host, "localhost") || sd_slice_is(host, "::1") ||
	       (is_ip(host, AF_INET) && starts(host, "127."));
}

int policy_names_issuer(struct sd_slice s, const char **why_out)
{
	bool http = starts(s, "http://");

	if (!http && !starts(s, "https://"))
		return no(why_out, "not an issuer: write https://host[:port][/path]");
	if (s.n > 255 || !word_ok(s) || memchr(s.p, '?', s.n) || memchr(s.p, '#', s.n) ||
	    memchr(s.p, '"', s.n) || memchr(s.p, '\\', s.n))
		return no(why_out, "not an issuer: at most 255 characters, no query, no fragment");
	s = after(s, http ? 7 : 8);
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	struct sd_slice authority = sd_slice(s.p, slash ? (size_t)(slash - s.p) : s.n);

	if (!authority_ok(authority))
		return no(why_out, "not an issuer: the host or port is wrong");
	if (http && !is_loopback_name(authority))
		return no(why_out, "an issuer is https (http only for localhost)");
	return SD_OK;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int policy_names_hash(struct sd_slice s, uint8_t out[32], const char **why_out)
{
	const char *const how =
	    "not a key hash: write \"sha256:\" and 64 lower-case hex digits, as "
	    "`sessionctl client new` prints it";

	memset(out, 0, 32);
	if (s.n != 7 + 64 || !starts(s, "sha256:"))
		return no(why_out, how);
	for (size_t i = 0; i < 32; i++) {
		int hi = hex_digit(s.p[7 + 2 * i]), lo = hex_digit(s.p[8 + 2 * i]);

		if (hi < 0 || lo < 0)
			return no(why_out, how);
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return SD_OK;
}
