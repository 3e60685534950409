/* SPDX-License-Identifier: MIT
 * ctl_client_socket - one question to the running master, over its socket in state_dir.
 * Owns:      the connection
 * Runs in:   sessionctl
 * Fails by:  CTL_NOT_RUNNING, CTL_FAILED with a line on standard error
 * Never:     wait for ever: a reload is bounded, and so are we */
#include "base.h"
#include "ctl_client_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl_config.h"
#include "err.h"
#include "fdpass.h"

#define WAIT_S 60 /* longer than the master gives a reload */

struct packet {
	struct ctl_answer head;
	char text[CTL_MAX_TEXT];
};

static int not_running(const char *path, const char *why)
{
	fprintf(stderr, "sessionctl: %s: %s: sessiond is not running\n", path, why);
	return CTL_NOT_RUNNING;
}

/* Socket addresses are short: where the path is longer, through its folder's descriptor. */
static int open_socket(const char *path, struct sockaddr_un *a, int *folder_out)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];

	*folder_out = -1;
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(a->sun_path)) {
		memcpy(a->sun_path, path, strlen(path) + 1);
		return 0;
	}
	if (slash == NULL || sd_slice_copy(sd_slice(path, (size_t)(slash - path)), folder, sizeof(folder)) != 0)
		return -1;
	*folder_out = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder_out < 0 || snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d%s", *folder_out,
					slash) >= (int)sizeof(a->sun_path))
		return -1;
	return 0;
}

static int connect_to(const char *path, int *fd_out)
{
	struct timeval wait = {.tv_sec = WAIT_S};
	struct sockaddr_un a;
	int folder, err = 0;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*fd_out = -1;
	if (fd < 0 || open_socket(path, &a, &folder) != 0 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0)
		err = errno != 0 ? errno : EINVAL;
	if (fd >= 0 && folder >= 0)
		(void)close(folder);
	if (err == 0) {
		*fd_out = fd;
		return CTL_DONE;
	}
	if (fd >= 0)
		(void)close(fd);
	if (err == ENOENT || err == ECONNREFUSED)
		return not_running(path, strerror(err));
	fprintf(stderr, "sessionctl: %s: %s\n", path, strerror(err));
	return CTL_FAILED;
}

/* -s, or where the configuration says. */
static int socket_path(const struct ctl *ctl, char *out, size_t size)
{
	struct ctl_config c;
	int code;

	if (ctl->socket != NULL) {
		(void)snprintf(out, size, "%s", ctl->socket);
		return CTL_DONE;
	}
	code = ctl_config_load(ctl, CTL_CONFIG_SERVER, &c);
	if (code == CTL_DONE)
		(void)snprintf(out, size, "%s/" CTL_SOCKET, c.config->server.state_dir);
	ctl_config_fini(&c);
	return code;
}

static int broken(const char *how)
{
	fprintf(stderr, "sessionctl: the connection to sessiond broke: %s\n", how);
	return CTL_FAILED;
}

static bool is_sound(const struct packet *p, size_t n)
{
	return n >= sizeof(p->head) && p->head.magic == CTL_MAGIC && p->head.version == CTL_VERSION &&
	       p->head.n == n - sizeof(p->head);
}

static int take(const struct packet *p, ctl_client_packet_fn *fn, void *arg, int fd)
{
	if (p->head.failed == 0)
		return fn(p->head.kind, sd_slice(p->text, p->head.n), fd, arg);
	if (fd >= 0)
		(void)close(fd);
	fprintf(stderr, "%.*s%s", (int)p->head.n, p->text,
		p->head.n > 0 && p->text[p->head.n - 1] == '\n' ? "" : "\n");
	return CTL_FAILED;
}

static int converse(int sock, enum ctl_op op, ctl_client_packet_fn *fn, void *arg)
{
	static struct packet p; /* too big for a stack */
	struct ctl_request r = {.magic = CTL_MAGIC, .version = CTL_VERSION, .op = (uint32_t)op};
	int code = CTL_DONE;

	if (sd_fdpass_send(sock, &r, sizeof(r), NULL, 0, -1) != SD_OK)
		return broken("it does not take the question");
	do {
		size_t n = 0;
		int fd = -1, took;
		int err = sd_fdpass_recv(sock, &p, sizeof(p), &n, &fd);

		if (err != SD_OK)
			return broken(err == SD_ERR_AGAIN ? "no answer in time" : sd_err_text(err));
		if (!is_sound(&p, n)) {
			if (fd >= 0)
				(void)close(fd);
			return broken("an answer of another version");
		}
		took = take(&p, fn, arg, fd);
		code = took != CTL_DONE ? took : code;
	} while (p.head.more != 0);
	return code;
}

int ctl_client_socket_ask(const struct ctl *ctl, enum ctl_op op, ctl_client_packet_fn *fn, void *arg)
{
	char path[4096];
	int sock = -1;
	int code = socket_path(ctl, path, sizeof(path));

	if (code == CTL_DONE)
		code = connect_to(path, &sock);
	if (code != CTL_DONE)
		return code;
	code = converse(sock, op, fn, arg);
	(void)close(sock);
	return code;
}

static int append(uint32_t kind, struct sd_slice text, int fd, void *arg)
{
	(void)kind;
	if (fd >= 0)
		(void)close(fd);
	sd_buf_put(arg, text);
	return CTL_DONE;
}

int ctl_client_socket_text(const struct ctl *ctl, enum ctl_op op, struct sd_buf *out)
{
	int code;

	sd_buf_init(out, CTL_CLIENT_TEXT_MAX);
	code = ctl_client_socket_ask(ctl, op, append, out);
	if (code == CTL_DONE && out->failed) {
		fprintf(stderr, "sessionctl: the answer is too long\n");
		code = CTL_FAILED;
	}
	return code;
}
