/* SPDX-License-Identifier: MIT
 * One line whatever the values hold; secrets as their length; bounded. */
#include "base.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"

#define HEAD "{\"ts\":\"1970-01-01T00:00:01.000Z\",\"level\":\"info\",\"role\":\"test\",\"pid\":"

static char last[5000];
static int lines;

static void take(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	lines++;
	(void)snprintf(last, sizeof(last), "%s", line);
}

static void start(enum sd_log_format format)
{
	lines = 0;
	last[0] = '\0';
	sd_clock_test_set(0, 1000);
	sd_log_init(STDERR_FILENO, "test", format, SD_LOG_INFO);
	sd_log_capture(take, NULL);
}

static int teardown(void **state)
{
	(void)state;
	sd_log_capture(NULL, NULL);
	sd_clock_test_off();
	return 0;
}

/* What follows the event's name. */
static const char *after_event(void)
{
	const char *at = strstr(last, "event");

	assert_non_null(at);
	return at;
}

static void test_json_line(void **state)
{
	(void)state;
	start(SD_LOG_JSON);
	sd_log(SD_LOG_INFO, "child-ended", SD_FS("name", "w\"1"), SD_FI("n", -3),
	       SD_FL("s", SD_SLICE("a b")), SD_FS("none", NULL));
	assert_memory_equal(last, HEAD, sizeof(HEAD) - 1);
	assert_string_equal(after_event(), "event\":\"child-ended\",\"name\":\"w\\\"1\",\"n\":-3,"
					   "\"s\":\"a b\",\"none\":null}");
	sd_log(SD_LOG_INFO, "bare");
	assert_string_equal(after_event(), "event\":\"bare\"}");
}

static void test_logfmt_line(void **state)
{
	(void)state;
	start(SD_LOG_LOGFMT);
	sd_log(SD_LOG_INFO, "x", SD_FS("a", "plain-1.2"), SD_FS("b", "two words"), SD_FS("c", ""),
	       SD_FS("k y=", "v=1"));
	assert_memory_equal(last, "ts=1970-01-01T00:00:01.000Z level=info role=test pid=", 53);
	assert_string_equal(after_event(), "event=x a=plain-1.2 b=\"two words\" c=\"\" k_y_=\"v=1\"");
}

static void check_hostile(enum sd_log_format format)
{
	char hostile[256];

	for (size_t i = 0; i < sizeof(hostile); i++)
		hostile[i] = (char)i;
	start(format);
	sd_log(SD_LOG_INFO, "x", SD_FL("v", sd_slice(hostile, sizeof(hostile))),
	       SD_FS("w", "\nlevel=error event=forged"), SD_FS("k\n\"", "\xc2\x9b" "31m"));
	for (const char *p = last; *p != '\0'; p++) {
		assert_true((unsigned char)*p >= 0x20);
		assert_int_not_equal((unsigned char)*p, 0x7f);
	}
	assert_null(strstr(last, "\xff"));
	assert_non_null(strstr(last, "\\nlevel=error"));
	assert_non_null(strstr(last, "\\u009b31m"));
}

static void test_hostile_values_stay_one_line(void **state)
{
	(void)state;
	check_hostile(SD_LOG_JSON);
	check_hostile(SD_LOG_LOGFMT);
}

static void test_secret_is_its_length(void **state)
{
	(void)state;
	start(SD_LOG_JSON);
	sd_log(SD_LOG_INFO, "x", SD_FSECRET("token", SD_SLICE("sds_hunter2")));
	assert_null(strstr(last, "hunter2"));
	assert_string_equal(after_event(), "event\":\"x\",\"token\":\"[redacted 11 bytes]\"}");
}

static void test_levels(void **state)
{
	(void)state;
	start(SD_LOG_JSON);
	sd_log(SD_LOG_DEBUG, "quiet");
	assert_int_equal(lines, 0);
	sd_log_level_set(SD_LOG_DEBUG, SD_LOG_JSON);
	sd_log(SD_LOG_DEBUG, "loud");
	assert_int_equal(lines, 1);
	sd_log_level_set(SD_LOG_ERROR, SD_LOG_JSON);
	sd_log(SD_LOG_WARN, "quiet");
	assert_int_equal(lines, 1);
}

static void test_long_values_are_cut_and_said(void **state)
{
	static char big[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(big); i += 2)
		memcpy(big + i, "\xc3\xa4", 2);
	start(SD_LOG_JSON);
	sd_log(SD_LOG_INFO, "x", SD_FL("odd", sd_slice(big + 1, 2999)), SD_FS("after", "kept"));
	assert_non_null(strstr(last, "\"after\":\"kept\",\"truncated\":true}"));
	assert_true(strlen(last) < 1400);
}

static void test_line_is_bounded(void **state)
{
	static char ctl[1024];

	(void)state;
	memset(ctl, 1, sizeof(ctl)); /* six times as long when escaped */
	start(SD_LOG_JSON);
	sd_log(SD_LOG_INFO, "x", SD_FL("a", sd_slice(ctl, 500)), SD_FL("b", sd_slice(ctl, 1024)),
	       SD_FI("c", 5));
	assert_true(strlen(last) < 4096);
	assert_null(strstr(last, "\"b\""));
	assert_non_null(strstr(last, "\"c\":5,\"truncated\":true}"));
}

static void test_one_write_per_line(void **state)
{
	char got[4096];
	int fds[2];
	ssize_t n;

	(void)state;
	start(SD_LOG_LOGFMT);
	sd_log_capture(NULL, NULL);
	assert_int_equal(pipe(fds), 0);
	sd_log_init(fds[1], "test", SD_LOG_LOGFMT, SD_LOG_INFO);
	sd_log(SD_LOG_INFO, "written");
	n = read(fds[0], got, sizeof(got));
	assert_true(n > 0 && got[n - 1] == '\n');
	assert_ptr_equal(memchr(got, '\n', (size_t)n), got + n - 1);
	sd_log_init(STDERR_FILENO, "test", SD_LOG_LOGFMT, SD_LOG_INFO);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_json_line, teardown),
	    cmocka_unit_test_teardown(test_logfmt_line, teardown),
	    cmocka_unit_test_teardown(test_hostile_values_stay_one_line, teardown),
	    cmocka_unit_test_teardown(test_secret_is_its_length, teardown),
	    cmocka_unit_test_teardown(test_levels, teardown),
	    cmocka_unit_test_teardown(test_long_values_are_cut_and_said, teardown),
	    cmocka_unit_test_teardown(test_line_is_bounded, teardown),
	    cmocka_unit_test_teardown(test_one_write_per_line, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
