/* SPDX-License-Identifier: MIT
 * sessionctl's end of the control socket against a master that answers in parts, refuses, breaks
 * off, or is not there. */
#include "base.h"

#include <setjmp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_client_socket.h"
#include "fdpass.h"

struct part {
	const char *text;
	uint32_t failed, more, magic;
};

struct fixture {
	char dir[64], path[128];
	struct ctl ctl;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/ctl-socket-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/control.sock", f->dir);
	f->ctl.socket = f->path;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->path);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

static int bind_there(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(a.sun_path));
	memcpy(a.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* A master that gives these answers to one question, then ends. */
static pid_t serve(struct fixture *f, const struct part *parts, size_t n)
{
	int listening = bind_there(f->path);
	pid_t pid;

	assert_int_equal(listen(listening, 1), 0);
	pid = fork();
	if (pid == 0) {
		int fd = accept(listening, NULL, NULL);
		struct ctl_request r = {0};

		if (recv(fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r) || r.magic != CTL_MAGIC || r.op != CTL_STATUS)
			_exit(1);
		for (size_t i = 0; i < n; i++) {
			struct ctl_answer a = {.magic = parts[i].magic, .version = CTL_VERSION,
					       .failed = parts[i].failed, .more = parts[i].more,
					       .n = (uint32_t)strlen(parts[i].text)};

			if (sd_fdpass_send(fd, &a, sizeof(a), parts[i].text, a.n, -1) != 0)
				_exit(1);
		}
		_exit(0);
	}
	(void)close(listening);
	return pid;
}

static int ask(struct fixture *f, const struct part *parts, size_t n, struct sd_buf *out)
{
	pid_t pid = serve(f, parts, n);
	int code = ctl_client_socket_text(&f->ctl, CTL_STATUS, out);
	int status = 1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return code;
}

static void test_parts_are_joined(void **state)
{
	const struct part parts[] = {{"{\"a\":", 0, 1, CTL_MAGIC}, {"1}", 0, 0, CTL_MAGIC}};
	struct sd_buf out;

	assert_int_equal(ask(*state, parts, 2, &out), CTL_DONE);
	assert_true(sd_slice_is(sd_buf_slice(&out), "{\"a\":1}"));
	sd_buf_fini(&out);
}

static void test_refused(void **state)
{
	const struct part parts[] = {{"tenants.d/a.yaml:1:1: no\n", 1, 0, CTL_MAGIC}};
	struct sd_buf out;

	assert_int_equal(ask(*state, parts, 1, &out), CTL_FAILED);
	assert_int_equal(out.len, 0);
	sd_buf_fini(&out);
}

static void test_broken_off(void **state)
{
	const struct part parts[] = {{"half", 0, 1, CTL_MAGIC}};
	struct sd_buf out;

	assert_int_equal(ask(*state, parts, 1, &out), CTL_FAILED);
	sd_buf_fini(&out);
}

static void test_another_version(void **state)
{
	const struct part parts[] = {{"x", 0, 0, 1}};
	struct sd_buf out;

	assert_int_equal(ask(*state, parts, 1, &out), CTL_FAILED);
	sd_buf_fini(&out);
}

static void test_nobody_there(void **state)
{
	struct fixture *f = *state;
	struct sd_buf out;

	assert_int_equal(ctl_client_socket_text(&f->ctl, CTL_STATUS, &out), CTL_NOT_RUNNING);
	sd_buf_fini(&out);
	(void)close(bind_there(f->path)); /* left over from one that was killed */
	assert_int_equal(ctl_client_socket_text(&f->ctl, CTL_STATUS, &out), CTL_NOT_RUNNING);
	sd_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_parts_are_joined, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_broken_off, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_version, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nobody_there, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
