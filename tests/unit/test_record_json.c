/* SPDX-License-Identifier: MIT
 * test_record_json - the exact line, and that no byte of a record leaves its string.
 * Owns:      nothing
 * Runs in:   make check
 * Fails by:  cmocka
 * Never:     compare with anything but the whole line */
#include "base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "record_json.h"

static void line_of(const struct audit_record *r, uint64_t seq, struct sd_buf *out)
{
	struct record_json_in in = {.record = r, .seq = seq, .node = "node-1", .src = "worker-0"};

	sd_buf_init(out, RECORD_JSON_MAX);
	record_json(out, &in);
	assert_false(out->failed);
	sd_buf_char(out, '\0');
}

static struct audit_record full_record(void)
{
	struct audit_record r = {
	    .id = 123,
	    .ts_ms = 1795271400123,
	    .gen = 7,
	    .event = AUDIT_SESSION_CREATED,
	    .outcome = AUDIT_OK,
	    .actor_type = AUDIT_ACTOR_CLIENT,
	    .tenant = SD_SLICE("brand-a"),
	    .actor_id = SD_SLICE("web-backend"),
	    .user_id = SD_SLICE("u1"),
	    .session_id = SD_SLICE("AAAAAAAAAAAAAAAAAAAAAA"),
	    .ip = SD_SLICE("192.0.2.1"),
	    .reason = SD_SLICE("login"),
	    .request_id = SD_SLICE("req-00000001"),
	    .detail_count = 1,
	    .detail = {{SD_SLICE("device"), SD_SLICE("tv")}},
	};

	return r;
}

static void test_golden(void **state)
{
	struct audit_record r = full_record();
	struct sd_buf b;

	(void)state;
	line_of(&r, 42, &b);
	assert_string_equal(
	    b.p, "{\"ts\":\"2026-11-21T14:30:00.123Z\",\"seq\":42,\"event\":\"session.created\","
		 "\"outcome\":\"ok\",\"tenant\":\"brand-a\",\"actor\":{\"type\":\"client\","
		 "\"id\":\"web-backend\"},\"user_id\":\"u1\","
		 "\"session_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"ip\":\"192.0.2.1\","
		 "\"reason\":\"login\",\"request_id\":\"req-00000001\",\"node\":\"node-1\",\"gen\":7,"
		 "\"detail\":{\"src\":\"worker-0\",\"id\":\"123\",\"device\":\"tv\"}}\n");
	sd_buf_fini(&b);
}

static void test_absent_is_null(void **state)
{
	struct audit_record r = {.id = 1, .event = AUDIT_STORE_LOST};
	struct sd_buf b;

	(void)state;
	line_of(&r, 1, &b);
	assert_string_equal(
	    b.p, "{\"ts\":\"1970-01-01T00:00:00.000Z\",\"seq\":1,\"event\":\"store.lost\","
		 "\"outcome\":\"refused\",\"tenant\":null,\"actor\":null,\"user_id\":null,"
		 "\"session_id\":null,\"ip\":null,\"reason\":null,\"request_id\":null,"
		 "\"node\":\"node-1\",\"gen\":0,\"detail\":{\"src\":\"worker-0\",\"id\":\"1\"}}\n");
	sd_buf_fini(&b);
}

/* Quotes that open or close a string; no control byte stands anywhere. */
static size_t count_quotes(const struct sd_buf *b)
{
	size_t quotes = 0;

	for (size_t at = 0; at + 2 < b->len; at++) {
		unsigned char c = (unsigned char)b->p[at];

		assert_true(c >= 0x20 && c != 0x7f);
		if (c == '\\')
			at++;
		else if (c == '"')
			quotes++;
	}
	return quotes;
}

/* Each hostile text in each field: one line, no control byte, no quote that closes anything. */
static void test_injection(void **state)
{
	static const struct sd_slice hostile[] = {
	    SD_SLICE("a\n{\"ts\":\"forged\"}"), SD_SLICE("\"}\n"),	SD_SLICE("\\\""),
	    SD_SLICE("\x1b[2J\x1b]0;x\x07"),	SD_SLICE("\xff\xfe\xc0\x80"), SD_SLICE("a\0b"),
	    SD_SLICE("\xe2\x80\xa8\xc2\x85"),	SD_SLICE("\r\t\x7f"),
	};

	struct audit_record plain = full_record();
	struct sd_buf b;
	size_t quotes;

	(void)state;
	line_of(&plain, 1, &b);
	quotes = count_quotes(&b);
	sd_buf_fini(&b);
	for (size_t i = 0; i < SD_ARRAY_LEN(hostile); i++) {
		struct audit_record r = full_record();

		r.tenant = r.actor_id = r.user_id = r.session_id = r.ip = hostile[i];
		r.reason = r.request_id = r.detail[0].value = hostile[i];
		line_of(&r, 1, &b);
		assert_ptr_equal(strchr(b.p, '\n'), b.p + b.len - 2);
		assert_int_equal(count_quotes(&b), quotes);
		sd_buf_fini(&b);
	}
}

static void test_src_cannot_be_forged(void **state)
{
	struct audit_record r = full_record();
	struct sd_buf b;

	(void)state;
	r.detail_count = 4;
	r.detail[0].key = SD_SLICE("src");
	r.detail[0].value = SD_SLICE("master-0");
	r.detail[1].key = SD_SLICE("id");
	r.detail[1].value = SD_SLICE("9");
	r.detail[2].key = r.detail[3].key = SD_SLICE("twice");
	r.detail[2].value = SD_SLICE("one");
	r.detail[3].value = SD_SLICE("two");
	line_of(&r, 1, &b);
	assert_non_null(strstr(b.p, "\"detail\":{\"src\":\"worker-0\",\"id\":\"123\",\"twice\":\"one\"}}"));
	sd_buf_fini(&b);
}

static void test_seq_of_a_line(void **state)
{
	struct audit_record r = full_record();
	struct sd_buf b;

	(void)state;
	line_of(&r, 18446744073ULL, &b);
	assert_int_equal(record_json_seq(sd_slice(b.p, b.len - 2)), 18446744073ULL);
	assert_int_equal(record_json_seq(sd_slice(b.p, b.len - 5)), 0); /* torn */
	assert_int_equal(record_json_seq(SD_SLICE("")), 0);
	assert_int_equal(record_json_seq(SD_SLICE("{\"ts\":\"2026\",\"seq\":1}")), 0);
	sd_buf_fini(&b);
}

/* What is put into an answer beside others: one object, on one line. */
static void test_is_one_line(void **state)
{
	struct audit_record r = full_record();
	struct sd_buf b;

	(void)state;
	r.user_id = SD_SLICE("\",\"event\":\"forged");
	line_of(&r, 0, &b);
	assert_non_null(strstr(b.p, "\"seq\":null,"));
	assert_true(record_json_is(sd_slice(b.p, b.len - 2)));
	assert_true(sd_slice_is(record_json_event(sd_slice(b.p, b.len - 2)), "session.created"));
	assert_false(record_json_is(sd_slice(b.p, b.len - 1))); /* with its newline */
	assert_false(record_json_is(sd_slice(b.p, b.len - 4)));
	assert_false(record_json_is(SD_SLICE("")));
	assert_false(record_json_is(SD_SLICE("{\"ts\":\"\n}")));
	assert_false(record_json_is(SD_SLICE("{\"x\":1}")));
	assert_int_equal(record_json_event(SD_SLICE("{\"ts\":\"}")).n, 0);
	sd_buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	    cmocka_unit_test(test_absent_is_null),
	    cmocka_unit_test(test_injection),
	    cmocka_unit_test(test_src_cannot_be_forged),
	    cmocka_unit_test(test_seq_of_a_line),
	    cmocka_unit_test(test_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
