/* SPDX-License-Identifier: MIT
 * test_metrics_render - labels, histograms, one HELP a metric, no series twice. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "http_msg.h"
#include "labels.h"
#include "metrics.h"

static struct sd_slice tenant(const void *arg, uint32_t slot)
{
	(void)arg;
	return slot == 3 ? SD_SLICE("brand-a") : (struct sd_slice){NULL, 0};
}

struct fixture {
	struct shm_stats *sum;
	struct metrics_in in;
	struct sd_buf out;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->sum = calloc(1, sizeof(*f->sum));
	f->in = (struct metrics_in){.sum = f->sum, .tenant = tenant};
	for (int r = 0; r < ROLE_COUNT; r++)
		f->in.sandbox[r] = -1;
	sd_buf_init(&f->out, METRICS_MAX);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sd_buf_fini(&f->out);
	free(f->sum);
	free(f);
	return 0;
}

static void render(struct fixture *f)
{
	metrics_render(&f->in, &f->out);
	sd_buf_char(&f->out, '\0');
	assert_false(f->out.failed);
}

static void has(const struct fixture *f, const char *line)
{
	if (strstr(f->out.p, line) == NULL)
		fail_msg("missing: %s", line);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void test_methods_are_those_of_http(void **state)
{
	static const struct {
		enum http_method method;
		const char *name;
	} rows[] = {{HTTP_GET, "GET"},	   {HTTP_HEAD, "HEAD"},	    {HTTP_POST, "POST"},
		    {HTTP_PUT, "PUT"},	   {HTTP_PATCH, "PATCH"},   {HTTP_DELETE, "DELETE"},
		    {HTTP_OPTIONS, "OPTIONS"}, {HTTP_OTHER, "OTHER"}};
	struct fixture *f = *state;
	char wanted[128];

	(void)snprintf(f->sum->route[2], sizeof(f->sum->route[2]), "sessions/{id}");
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++)
		board_count(f->sum, METRIC_HTTP_REQUESTS, 3, (uint16_t)(2 << 4 | rows[i].method), 200, i + 1);
	render(f);
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		(void)snprintf(wanted, sizeof(wanted),
			       "sessiond_http_requests_total{tenant=\"brand-a\",route=\"sessions/{id}\","
			       "method=\"%s\",status=\"200\"} %zu\n", rows[i].name, i + 1);
		has(f, wanted);
	}
	assert_int_equal(count(f->out.p, "# HELP sessiond_http_requests_total "), 1);
}

static void test_labels_of_closed_lists(void **state)
{
	struct fixture *f = *state;

	board_count(f->sum, METRIC_VALIDATE, 3, RESULT_VALID, SOURCE_MEMORY, 7);
	board_count(f->sum, METRIC_ENDED, SHM_SLOT_NONE, END_LOGOUT, 0, 1);
	board_count(f->sum, METRIC_CHILD_RESTARTS, SHM_SLOT_NONE, ROLE_SIGNER, 0, 2);
	board_count(f->sum, METRIC_RELOADS, SHM_SLOT_NONE, RELOAD_DONE, 0, 3);
	board_count(f->sum, METRIC_CREATED, 9, 0, 0, 4); /* a tenant that is gone */
	f->in.sandbox[ROLE_WORKER] = 1;
	render(f);
	has(f, "sessiond_validate_total{tenant=\"brand-a\",result=\"valid\",source=\"memory\"} 7\n");
	has(f, "sessiond_sessions_ended_total{reason=\"logout\"} 1\n");
	has(f, "sessiond_child_restarts_total{role=\"signer\"} 2\n");
	has(f, "sessiond_reloads_total{result=\"done\"} 3\n");
	has(f, "sessiond_reloads_total{result=\"unchanged\"} 0\n"); /* there before the first */
	has(f, "sessiond_child_restarts_total{role=\"worker\"} 0\n");
	has(f, "sessiond_store_fallbacks_total{reason=\"idle\"} 0\n");
	assert_int_equal(count(f->out.p, "{role=\"signer\"}"), 1);
	has(f, "sessiond_sessions_created_total{tenant=\"(gone 9)\"} 4\n");
	has(f, "sessiond_sandbox_enforced{role=\"worker\"} 1\n");
	has(f, "sessiond_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	has(f, "\nsessiond_writebacks_total 0\n");
	assert_null(strstr(f->out.p, "sandbox_enforced{role=\"signer\"}"));
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_no_series_twice_when_the_table_is_full(void **state)
{
	struct fixture *f = *state;
	char **series;
	size_t n = 0;

	for (uint32_t i = 0; i < 3 * SHM_STATS_COUNTERS; i++)
		board_count(f->sum, METRIC_HTTP_REQUESTS, i % 8000, (uint16_t)(i & 0x3ff), 200, 1);
	render(f);
	series = calloc(f->out.len, sizeof(*series));
	for (char *line = f->out.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (line[0] == '#')
			continue;
		*strrchr(line, ' ') = '\0';
		series[n++] = line;
	}
	qsort(series, n, sizeof(*series), compare);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(series[i - 1], series[i]);
	assert_true(n > 1000);
	free(series);
}

static void test_hostile_route_names_cannot_break_a_line(void **state)
{
	struct fixture *f = *state;

	memcpy(f->sum->route[1], "a\"} 1\nx{b=\"\\", 13);
	memset(f->sum->route[3], 'r', sizeof(f->sum->route[3])); /* not terminated */
	board_count(f->sum, METRIC_HTTP_REQUESTS, SHM_SLOT_NONE, 1 << 4 | 1, 200, 1);
	board_count(f->sum, METRIC_HTTP_REQUESTS, SHM_SLOT_NONE, 3 << 4 | 1, 200, 1);
	render(f);
	has(f, "route=\"a\\\"} 1?x{b=\\\"\\\\\",method=\"GET\"");
	assert_int_equal(count(f->out.p, "\nx{"), 0);
}

static void test_histograms_in_seconds(void **state)
{
	struct fixture *f = *state;

	board_observe(f->sum, HISTOGRAM_APPLY, 10);
	board_observe(f->sum, HISTOGRAM_APPLY, 1500000);
	board_observe(f->sum, HISTOGRAM_APPLY, UINT64_MAX / 4);
	board_gauge(f->sum, GAUGE_STALENESS_US, 2500);
	render(f);
	has(f, "sessiond_revocation_apply_seconds_bucket{le=\"0.000016\"} 1\n");
	has(f, "sessiond_revocation_apply_seconds_bucket{le=\"2.097152\"} 2\n");
	has(f, "sessiond_revocation_apply_seconds_bucket{le=\"+Inf\"} 3\n");
	has(f, "sessiond_revocation_apply_seconds_count 3\n");
	has(f, "sessiond_freshness_staleness_seconds 0.002500\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_methods_are_those_of_http, setup, teardown),
		cmocka_unit_test_setup_teardown(test_labels_of_closed_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_series_twice_when_the_table_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_route_names_cannot_break_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_histograms_in_seconds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
