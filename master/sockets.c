/* SPDX-License-Identifier: MIT
 * sockets - makes the listening sockets that all workers share.
 * Owns:      their descriptors and the paths of Unix sockets
 * Runs in:   master (before the sandbox)
 * Fails by:  returning SD_ERR_SYSTEM, SD_ERR_INVALID with the address and the reason
 * Never:     removes the path of a socket that somebody answers on */
#include "base.h"
#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "err.h"
#include "heritage.h"

#define BACKLOG 4096
#define UNIX_MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP)

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

static int fail(struct sd_diag *diag, const char *address, const char *what)
{
	return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s: %s", address, what, strerror(errno));
}

/* "127.0.0.1:8440", "[::1]:8440" */
static int parse_ip(const char *text, union address *out, socklen_t *n_out, struct sd_diag *diag)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	uint64_t port;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (colon == NULL || sd_slice_u64(sd_slice_str(colon + 1), &port) != SD_OK || port > 65535)
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: no port", text);
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return sd_diag_set(diag, SD_ERR_INVALID, "address too long");
	memcpy(host, text, n);
	host[n] = '\0';
	if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		*n_out = sizeof(out->v6);
	} else if (inet_pton(AF_INET, n > 0 ? host : "0.0.0.0", &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		*n_out = sizeof(out->v4);
	} else {
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: not a numeric address", host);
	}
	return SD_OK;
}

static void show_ip(struct sockets_one *s, const char *configured)
{
	union address a;
	socklen_t n = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "";

	memset(&a, 0, sizeof(a));
	if (getsockname(s->fd, &a.any, &n) == 0 && a.any.sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host)) != NULL)
		(void)snprintf(s->shown, sizeof(s->shown), "[%s]:%u", host, ntohs(a.v6.sin6_port));
	else if (a.any.sa_family == AF_INET && inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host)) != NULL)
		(void)snprintf(s->shown, sizeof(s->shown), "%s:%u", host, ntohs(a.v4.sin_port));
	else
		(void)snprintf(s->shown, sizeof(s->shown), "%s", configured);
}

static int open_ip(struct sockets_one *s, const char *text, struct sd_diag *diag)
{
	union address a;
	socklen_t n = 0;
	int one = 1, err = parse_ip(text, &a, &n, diag);

	if (err != SD_OK)
		return err;
	s->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return fail(diag, text, "socket");
	if (setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    (a.any.sa_family == AF_INET6 &&
	     setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0))
		return fail(diag, text, "setsockopt");
	if (bind(s->fd, &a.any, n) != 0)
		return fail(diag, text, "bind");
	if (listen(s->fd, BACKLOG) != 0)
		return fail(diag, text, "listen");
	show_ip(s, text);
	return SD_OK;
}

/* A path is stale when it is a socket on which nobody listens any more. */
static int clear_stale(const union address *a, socklen_t n, struct sd_diag *diag)
{
	struct stat st;
	int fd, refused;

	if (lstat(a->un.sun_path, &st) != 0)
		return SD_OK;
	if (!S_ISSOCK(st.st_mode))
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: exists and is no socket", a->un.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(diag, a->un.sun_path, "socket");
	refused = connect(fd, &a->any, n) != 0 && errno == ECONNREFUSED;
	(void)close(fd);
	if (!refused)
		return sd_diag_set(diag, SD_ERR_INVALID, "%s: another process listens there",
				   a->un.sun_path);
	return unlink(a->un.sun_path) == 0 ? SD_OK : fail(diag, a->un.sun_path, "unlink");
}

static int open_unix(struct sockets_one *s, const char *path, struct sd_diag *diag)
{
	union address a = {.un = {.sun_family = AF_UNIX}};
	int err;

	if (strlen(path) >= sizeof(a.un.sun_path))
		return sd_diag_set(diag, SD_ERR_TOO_BIG, "%s: longer than %zu bytes", path,
				   sizeof(a.un.sun_path) - 1);
	memcpy(a.un.sun_path, path, strlen(path) + 1);
	err = clear_stale(&a, sizeof(a.un), diag);
	if (err != SD_OK)
		return err;
	s->is_unix = true;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return fail(diag, path, "socket");
	if (bind(s->fd, &a.any, sizeof(a.un)) != 0)
		return fail(diag, path, "bind");
	s->is_ours = true;
	(void)snprintf(s->shown, sizeof(s->shown), "unix:%.300s", path);
	/* between bind and chmod the umask (0077) keeps others out */
	if (chmod(path, UNIX_MODE) != 0 || listen(s->fd, BACKLOG) != 0)
		return fail(diag, path, "listen");
	return SD_OK;
}

/* systemd:NAME - the n-th name of LISTEN_FDNAMES is the n-th descriptor (sd_listen_fds(3)). */
static int open_passed(struct sockets_one *s, const char *name, struct sd_diag *diag)
{
	const char *names = getenv("LISTEN_FDNAMES"), *count = getenv("LISTEN_FDS");
	uint64_t n = 0;
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (count == NULL || sd_slice_u64(sd_slice_str(count), &n) != SD_OK)
		n = 0;
	for (uint64_t i = 0; i < n && names != NULL; i++) {
		size_t len = strcspn(names, ":");

		if (len == strlen(name) && memcmp(names, name, len) == 0) {
			s->fd = fcntl(HERITAGE_FD_LISTEN + (int)i, F_DUPFD_CLOEXEC,
				      HERITAGE_FD_LISTEN + (int)n);
			if (s->fd < 0 || fcntl(s->fd, F_SETFL, O_NONBLOCK) != 0 ||
			    getsockopt(s->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
				return fail(diag, name, "passed socket");
			s->is_unix = domain == AF_UNIX;
			show_ip(s, name);
			return SD_OK;
		}
		names = names[len] == ':' ? names + len + 1 : NULL;
	}
	return sd_diag_set(diag, SD_ERR_NOT_FOUND,
			   "systemd:%s: the service manager passed no socket of that name", name);
}

int sockets_open(struct sockets *s, const struct server_conf *server, struct sd_diag *diag)
{
	for (size_t i = 0; i < server->listen_count; i++) {
		const struct conf_listen *l = &server->listen[i];
		struct sockets_one *one = &s->one[s->count++];
		int err;

		*one = (struct sockets_one){.fd = -1, .role = l->role};
		if (strncmp(l->address, "unix:", 5) == 0)
			err = open_unix(one, l->address + 5, diag);
		else if (strncmp(l->address, "systemd:", 8) == 0)
			err = open_passed(one, l->address + 8, diag);
		else
			err = open_ip(one, l->address, diag);
		if (err != SD_OK) {
			sockets_close(s);
			return err;
		}
	}
	return SD_OK;
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct sockets_one *one = &s->one[i];

		if (one->fd >= 0)
			(void)close(one->fd);
		if (one->is_ours)
			(void)unlink(one->shown + strlen("unix:"));
	}
	s->count = 0;
}

void sockets_text(const struct sockets *s, char *out, size_t size)
{
	static const char *const roles[] = {[LISTENER_NONE] = "?", [LISTENER_API] = "api",
					    [LISTENER_GATEWAY] = "gateway", [LISTENER_ADMIN] = "admin"};
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->count && n < size; i++) {
		uint32_t role = s->one[i].role;
		int add = snprintf(out + n, size - n, "%s%s (%s)", i > 0 ? ", " : "", s->one[i].shown,
				   role < SD_ARRAY_LEN(roles) ? roles[role] : "?");

		n += add > 0 ? (size_t)add : 0;
	}
}
