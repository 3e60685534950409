/* SPDX-License-Identifier: MIT
 * The key of a client goes to this machine alone, out of a file that nobody else can read; and what
 * of an answer is one. */
#include "base.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl_http.h"

#define KEY "sdk_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char folder[64], key_file[96], url[128], heard[4096];
static const char *reply;
static int listener;

static void key_is(const char *text, mode_t mode)
{
	(void)unlink(key_file);
	int fd = open(key_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/sessiond-ctl-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(key_file, sizeof(key_file), "%s/key", folder);
	(void)snprintf(url, sizeof(url), "unix:%s/socket", folder);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", folder);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(listener, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(listener, 1) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	(void)close(listener);
	(void)unlink(key_file);
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	(void)unlink(path);
	return rmdir(folder);
}

/* Takes one request to its empty line and its body, answers with reply. */
static void *node(void *arg)
{
	size_t n = 0;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	const char *end = NULL;

	while (!end || (strstr(heard, "Content-Length") && !strchr(end, '}'))) {
		ssize_t got = read(fd, heard + n, sizeof(heard) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		heard[n] = '\0';
		end = strstr(heard, "\r\n\r\n");
	}
	if (write(fd, reply, strlen(reply)) < 0)
		heard[0] = '\0';
	(void)close(fd);
	return arg;
}

static struct ctl_http question(void)
{
	return (struct ctl_http){url, key_file, "brand-a", "GET", "/sessions?limit=1", SD_SLICE("")};
}

/* The exit code; status and body of the node's answer. */
static int asked(const struct ctl_http *in, const char *says, unsigned *status, struct sd_buf *out)
{
	pthread_t thread;
	int code;

	heard[0] = '\0';
	reply = says;
	assert_int_equal(pthread_create(&thread, NULL, node, NULL), 0);
	code = ctl_http_ask(in, status, out);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return code;
}

static void test_asks_and_is_answered(void **state)
{
	struct ctl_http in = question();
	struct sd_buf out;
	unsigned status;

	(void)state;
	key_is(KEY "\n", 0600);
	assert_int_equal(asked(&in, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"x\":1}", &status, &out), CTL_DONE);
	assert_int_equal(status, 200);
	assert_true(sd_slice_is(sd_buf_slice(&out), "{\"x\":1}"));
	sd_buf_fini(&out);
	assert_string_equal(heard, "GET /sessions?limit=1 HTTP/1.0\r\nHost: localhost\r\nX-Tenant-ID: brand-a\r\n"
				   "Authorization: Bearer " KEY "\r\n\r\n");
	in.method = "POST";
	in.body = SD_SLICE("{\"user_id\":\"a\"}");
	assert_int_equal(asked(&in, "HTTP/1.1 204 No Content\r\n\r\n", &status, &out), CTL_DONE);
	assert_int_equal(status, 204);
	assert_int_equal(out.len, 0);
	sd_buf_fini(&out);
	assert_non_null(strstr(heard, "\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"user_id\":\"a\"}"));
}

static void test_what_is_no_answer(void **state)
{
	static const char *const bad[] = {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
					  "HTTP/1.1 ", "SSH-2.0\r\n\r\n"};
	struct ctl_http in = question();
	struct sd_buf out;
	unsigned status;

	(void)state;
	key_is(KEY, 0600);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		if (asked(&in, bad[i], &status, &out) != CTL_FAILED || status != 0)
			fail_msg("taken: %s", bad[i]);
		sd_buf_fini(&out);
	}
}

static int refused(const struct ctl_http *in)
{
	struct sd_buf out;
	unsigned status = 1;
	int code = ctl_http_ask(in, &status, &out);

	assert_int_equal(status, 0);
	assert_int_equal(out.len, 0);
	sd_buf_fini(&out);
	return code;
}

static void test_the_key_file(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} bad[] = {{KEY, 0640}, {KEY, 0604}, {KEY, 0610}, {"", 0600}, {"\n", 0600}, {"a b", 0600}, {"a\x7f", 0600},
		   {"k\xc3\xa9y", 0600}, {"a\tb", 0600}};
	struct ctl_http in = question();

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		key_is(bad[i].text, bad[i].mode);
		if (refused(&in) != CTL_FAILED)
			fail_msg("taken: %s %o", bad[i].text, bad[i].mode);
	}
	(void)unlink(key_file);
	assert_int_equal(refused(&in), CTL_FAILED);
	assert_int_equal(mkfifo(key_file, 0600), 0); /* nobody writes: it is not waited for */
	assert_int_equal(refused(&in), CTL_FAILED);
	in.key_file = folder;
	assert_int_equal(refused(&in), CTL_FAILED);
}

/* What is refused is refused before a connection is made: none of these is dialled. */
static void test_only_this_machine(void **state)
{
	static const char *const bad[] = {
		"http://192.0.2.1:8440", "http://0.0.0.0:8440", "http://128.0.0.1:8440", "http://[2001:db8::1]:8440",
		"http://[::ffff:127.0.0.1]:8440", "http://[::]:8440", "http://example.org:8440", "http://127.0.0.1",
		"http://127.0.0.1:0", "http://127.0.0.1:65536", "http://127.0.0.1:x", "http://127.1:8440", "http://:8440",
		"http://127.0.0.1:8440@192.0.2.1:80", "https://127.0.0.1:8440", "127.0.0.1:8440", "", "unix", "http://",
		"http://localhost.example:80", "http://[::1:80",
	};
	struct ctl_http in = question();
	char path[200];

	(void)state;
	key_is(KEY, 0600);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		in.url = bad[i];
		if (refused(&in) != CTL_FAILED)
			fail_msg("taken: %s", bad[i]);
	}
	(void)snprintf(path, sizeof(path), "unix:/%0120d", 1);
	in.url = path;
	assert_int_equal(refused(&in), CTL_FAILED);
	/* These are this machine; nobody listens there. */
	in.url = "unix:/nonexistent/socket";
	assert_int_equal(refused(&in), CTL_NOT_RUNNING);
	in.url = "http://127.0.0.1:1";
	assert_int_equal(refused(&in), CTL_NOT_RUNNING);
	in.url = "http://127.9.9.9:1/path";
	assert_int_equal(refused(&in), CTL_NOT_RUNNING);
	in.url = "http://localhost:1";
	assert_int_equal(refused(&in), CTL_NOT_RUNNING);
}

static void test_escape(void **state)
{
	struct sd_buf b;

	(void)state;
	sd_buf_init(&b, 256);
	ctl_http_escape(&b, "aZ09-_.~ /?&=%+\n\xc3\xa9");
	assert_true(sd_slice_is(sd_buf_slice(&b), "aZ09-_.~%20%2F%3F%26%3D%25%2B%0A%C3%A9"));
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_asks_and_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_key_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_this_machine, setup, teardown),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
