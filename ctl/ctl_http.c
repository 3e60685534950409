/* SPDX-License-Identifier: MIT
 * ctl_http - one request to the API of a node on this machine.
 * Owns:      the key, until it is sent and wiped
 * Runs in:   sessionctl
 * Fails by:  exit codes, told on standard error
 * Never:     send the key over a network: only to this machine; take it from the command line
 */
#include "base.h"
#include "ctl_http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "err.h"
#include "secret.h"

#define KEY_MAX 256
#define WAIT_S 150 /* a preview may count for two minutes */

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "sessionctl: %s: %s\n", what, why);
	return CTL_FAILED;
}

/* --- the key ---------------------------------------------------------------------------------- */

static int read_key(const char *file, char key[KEY_MAX])
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a fifo must not hold us */
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
			(void)close(fd);
			return complain(file, "must be a file that only its owner can read (chmod 600)");
		}
		n = read(fd, key, KEY_MAX - 1);
	}
	if (fd < 0 || n < 0) {
		int code = complain(file, strerror(errno));

		if (fd >= 0)
			(void)close(fd);
		return code;
	}
	(void)close(fd);
	key[n] = '\0';
	key[strcspn(key, "\r\n")] = '\0';
	for (const char *c = key; *c != '\0'; c++)
		if (*c <= 0x20 || *c >= 0x7f)
			return complain(file, "is no API key");
	return key[0] != '\0' ? CTL_DONE : complain(file, "is empty");
}

/* --- the connection --------------------------------------------------------------------------- */

static bool is_here(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* 127.0.0.1:8440, [::1]:8440, localhost:8440 */
static bool parse_host(const char *text, struct sockaddr_storage *out, socklen_t *n_out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
	const char *colon = strrchr(text, ':');
	char host[64];
	uint64_t port;
	size_t n = colon ? (size_t)(colon - text) : 0;

	memset(out, 0, sizeof(*out));
	if (n == 0 || n >= sizeof(host) || sd_slice_u64(sd_slice_str(colon + 1), &port) != SD_OK ||
	    port == 0 || port > 65535)
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		out->ss_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*n_out = sizeof(*v6);
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
	}
	out->ss_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	*n_out = sizeof(*v4);
	return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
			 &v4->sin_addr) == 1;
}

static int address(const char *url, struct sockaddr_storage *out, socklen_t *n_out)
{
	struct sockaddr_un *u = (struct sockaddr_un *)(void *)out;
	char host[96];

	if (strncmp(url, "unix:", 5) == 0) {
		memset(out, 0, sizeof(*out));
		u->sun_family = AF_UNIX;
		*n_out = sizeof(*u);
		if (strlen(url + 5) >= sizeof(u->sun_path))
			return complain(url, "the path is too long");
		memcpy(u->sun_path, url + 5, strlen(url + 5) + 1);
		return CTL_DONE;
	}
	if (strncmp(url, "http://", 7) != 0 || strlen(url + 7) >= sizeof(host))
		return complain(url, "must be http://ADDRESS:PORT or unix:PATH");
	memcpy(host, url + 7, strlen(url + 7) + 1);
	host[strcspn(host, "/")] = '\0';
	if (!parse_host(host, out, n_out))
		return complain(url, "must be http://ADDRESS:PORT or unix:PATH");
	if (!is_here(out))
		return complain(url, "is not this machine: an API key does not go over a network in the clear");
	return CTL_DONE;
}

static int connect_to(const char *url, int *fd_out)
{
	struct sockaddr_storage a;
	struct timeval wait = {.tv_sec = WAIT_S};
	socklen_t n;
	int code = address(url, &a, &n);

	*fd_out = -1;
	if (code != CTL_DONE)
		return code;
	*fd_out = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd_out >= 0 && setsockopt(*fd_out, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	    setsockopt(*fd_out, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
	    connect(*fd_out, (const struct sockaddr *)&a, n) == 0)
		return CTL_DONE;
	(void)complain(url, strerror(errno));
	return errno == ECONNREFUSED || errno == ENOENT ? CTL_NOT_RUNNING : CTL_FAILED;
}

/* --- request and answer ----------------------------------------------------------------------- */

static bool send_all(int fd, const struct sd_buf *b)
{
	size_t at = 0;

	while (!b->failed && at < b->len) {
		ssize_t n = send(fd, b->p + at, b->len - at, MSG_NOSIGNAL);

		if (n <= 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return !b->failed;
}

/* HTTP/1.0: the answer ends with the connection, and comes in no chunks. */
static bool send_request(int fd, const struct ctl_http *in, const char *key)
{
	struct sd_buf b;

	sd_buf_init(&b, 1 << 20);
	sd_buf_printf(&b, "%s %s HTTP/1.0\r\nHost: localhost\r\nX-Tenant-ID: %s\r\nAuthorization: Bearer %s\r\n",
		      in->method, in->path, in->tenant, key);
	if (in->body.n > 0)
		sd_buf_printf(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", in->body.n);
	sd_buf_str(&b, "\r\n");
	sd_buf_put(&b, in->body);
	bool sent = send_all(fd, &b);

	sd_buf_wipe_fini(&b);
	return sent;
}

static int receive(int fd, struct sd_buf *out)
{
	char part[16384];

	for (;;) {
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SD_ERR_SYSTEM;
		if (n == 0)
			return out->failed ? SD_ERR_TOO_BIG : SD_OK;
		sd_buf_append(out, part, (size_t)n);
	}
}

/* The status; what is left in out is the body. */
static bool split(struct sd_buf *out, unsigned *status_out)
{
	static const char start[] = "HTTP/1.1 ";
	const char *end = out->len > 0 ? memmem(out->p, out->len, "\r\n\r\n", 4) : NULL;
	uint64_t status;

	if (end == NULL || out->len < sizeof(start) + 3 || memcmp(out->p, start, sizeof(start) - 1) != 0 ||
	    sd_slice_u64(sd_slice(out->p + sizeof(start) - 1, 3), &status) != SD_OK)
		return false;
	*status_out = (unsigned)status;
	sd_buf_consume(out, (size_t)(end - out->p) + 4);
	return true;
}

int ctl_http_ask(const struct ctl_http *in, unsigned *status_out, struct sd_buf *out)
{
	char key[KEY_MAX];
	int fd = -1;
	int code = read_key(in->key_file, key);

	*status_out = 0;
	sd_buf_init(out, CTL_HTTP_ANSWER_MAX);
	if (code == CTL_DONE)
		code = connect_to(in->url, &fd);
	if (code == CTL_DONE && !send_request(fd, in, key))
		code = complain(in->url, "the request could not be sent");
	sd_wipe(key, sizeof(key));
	if (code == CTL_DONE && receive(fd, out) != SD_OK)
		code = complain(in->url, "the answer broke off");
	if (code == CTL_DONE && !split(out, status_out))
		code = complain(in->url, "is no answer of sessiond");
	if (fd >= 0)
		(void)close(fd);
	return code;
}

void ctl_http_escape(struct sd_buf *b, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
			     *c == '-' || *c == '_' || *c == '.' || *c == '~';

		if (plain)
			sd_buf_char(b, *c);
		else
			sd_buf_printf(b, "%%%02X", (unsigned)(unsigned char)*c);
	}
}
