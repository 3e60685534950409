/* SPDX-License-Identifier: MIT
 * The parameters of a query: each known, once, in its bounds; and where a refusal points to. */
#include "base.h"

#include "err.h"
#include "query.h"
#include "worker_rig.h"

static struct request *asked(struct worker_rig *rig, const char *query)
{
	return worker_rig_message(rig, query, NULL, NULL);
}

static const char *const names[] = {"b", "a"};

struct seen {
	char order[8];
	char value[2][16];
};

static const char *read_two(struct request *r, int which, struct sd_slice value, void *into)
{
	struct seen *s = into;
	assert_non_null(r);
	(void)snprintf(s->order + strlen(s->order), sizeof(s->order) - strlen(s->order), "%s", names[which]);
	assert_int_equal(sd_slice_copy(value, s->value[which], sizeof(s->value[which])), SD_OK);
	return sd_slice_is(value, "bad") ? "must not be bad" : NULL;
}

static void test_each_by_its_reader(void **state)
{
	struct seen s = {""};
	assert_int_equal(query_read(asked(*state, ""), names, 2, read_two, &s), STEP_NEXT);
	assert_string_equal(s.order, "");
	assert_int_equal(query_read(asked(*state, "a=%2F1&b="), names, 2, read_two, &s), STEP_NEXT);
	assert_string_equal(s.order, "ba"); /* the table's order, not the sender's */
	assert_string_equal(s.value[0], "");
	assert_string_equal(s.value[1], "/1");
	assert_int_equal(query_read(asked(*state, ""), NULL, 0, NULL, NULL), STEP_NEXT);
}

static void test_refused(void **state)
{
	static const struct {
		const char *query, *refusal;
	} rows[] = {
	    {"c=1", "unknown-field ?"}, {"a=1&c=1", "unknown-field ?"}, {"A=1", "unknown-field ?"},
	    {"a=1&aa=2", "unknown-field ?"}, {"a=1&a=1", "field-invalid ?a"},
	    {"b=1&a=1&b=2", "field-invalid ?b"}, {"a=%", "field-invalid ?a"},
	    {"a=%00x", "field-invalid ?a"}, {"a=bad", "field-invalid ?a"}, {"b=bad&a=1", "field-invalid ?b"},
	};
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		struct seen s = {""};
		struct request *r = asked(*state, rows[i].query);
		assert_int_equal(query_read(r, names, 2, read_two, &s), STEP_DONE);
		assert_string_equal(worker_rig_refusal(*state), rows[i].refusal);
	}
	struct request *r = asked(*state, "a=1");
	assert_int_equal(query_read(r, names, 0, NULL, NULL), STEP_DONE);
	assert_string_equal(worker_rig_refusal(*state), "unknown-field ?");
	/* What is taken is said, what was sent is not. */
	r = asked(*state, "secret=1");
	assert_int_equal(query_read(r, names, 2, read_two, NULL), STEP_DONE);
	sd_buf_char(&r->body, '\0');
	assert_non_null(strstr(r->body.p, "what is taken here: b, a"));
	assert_null(strstr(r->body.p, "secret"));
}

static void test_values(void **state)
{
	int64_t s = 7;
	uint32_t n = 7;
	(void)state;
	assert_null(query_time(SD_SLICE("0"), &s));
	assert_int_equal(s, 0);
	assert_null(query_time(SD_SLICE("1099511627776"), &s)); /* 2^40 */
	assert_true(s == INT64_C(1) << 40);
	assert_non_null(query_time(SD_SLICE("1099511627777"), &s));
	assert_non_null(query_time(SD_SLICE("-1"), &s));
	assert_non_null(query_time(SD_SLICE("1.0"), &s));
	assert_non_null(query_time(SD_SLICE(""), &s));
	assert_true(s == INT64_C(1) << 40);
	assert_null(query_limit(SD_SLICE("1"), &n));
	assert_int_equal(n, 1);
	assert_null(query_limit(SD_SLICE("500"), &n));
	assert_int_equal(n, 500);
	assert_non_null(query_limit(SD_SLICE("0"), &n));
	assert_non_null(query_limit(SD_SLICE("501"), &n));
	assert_non_null(query_limit(SD_SLICE("4294967297"), &n));
	assert_int_equal(n, 500);
}

static void test_pages(void **state)
{
	static const char *const bad[] = {"cursor=", "cursor=AAAA", "cursor=%", "cursor=a&cursor=a"};
	struct cursor at = {.ms = 12345, .sid.b = {1, 2, 3}};
	struct query_page page;
	char query[160];
	struct request *r = asked(*state, "");
	assert_int_equal(query_page_read(r, SD_SLICE("x"), true, &page), STEP_NEXT);
	assert_int_equal(page.limit, QUERY_LIMIT_DEFAULT);
	assert_false(page.has_cursor);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		r = asked(*state, bad[i]);
		assert_int_equal(query_page_read(r, SD_SLICE("x"), true, &page), STEP_DONE);
		assert_string_equal(worker_rig_refusal(*state), "cursor-invalid");
	}
	/* The one that an answer of this list has given is taken, by this list alone. */
	r = asked(*state, "");
	cursor_end(r, cursor_scope(r, "x", SD_SLICE("alice")), &at);
	sd_buf_char(&r->body, '\0');
	assert_ptr_equal(strstr(r->body.p, "],\"next_cursor\":\""), r->body.p);
	(void)snprintf(query, sizeof(query), "limit=3&cursor=%.*s", (int)strcspn(r->body.p + 17, "\""),
		       r->body.p + 17);
	assert_string_equal(r->body.p + 17 + strcspn(r->body.p + 17, "\""), "\"}");
	r = asked(*state, query);
	assert_int_equal(query_page_read(r, cursor_scope(r, "x", SD_SLICE("alice")), true, &page), STEP_NEXT);
	assert_int_equal(page.limit, 3);
	assert_true(page.has_cursor && page.cursor.ms == at.ms);
	assert_memory_equal(page.cursor.sid.b, at.sid.b, sizeof(at.sid.b));
	r = asked(*state, query);
	assert_int_equal(query_page_read(r, cursor_scope(r, "x", SD_SLICE("bob")), true, &page), STEP_DONE);
	assert_string_equal(worker_rig_refusal(*state), "cursor-invalid");
	r = asked(*state, query);
	assert_int_equal(query_page_read(r, cursor_scope(r, "y", SD_SLICE("alice")), true, &page), STEP_DONE);
	/* A list of fixed pages takes no limit. */
	r = asked(*state, query);
	assert_int_equal(query_page_read(r, cursor_scope(r, "x", SD_SLICE("alice")), false, &page), STEP_DONE);
	assert_string_equal(worker_rig_refusal(*state), "unknown-field ?");
	r = asked(*state, "");
	cursor_end(r, SD_SLICE("x"), NULL);
	sd_buf_char(&r->body, '\0');
	assert_string_equal(r->body.p, "],\"next_cursor\":null}");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_each_by_its_reader),
	    TEST(test_refused),
	    cmocka_unit_test(test_values),
	    TEST(test_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
