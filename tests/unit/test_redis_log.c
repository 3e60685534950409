/* SPDX-License-Identifier: MIT
 * Log entries: positions, the fields of each kind, what is none of ours. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "redis_log.h"
#include "resp.h"
#include "shm_layout.h"

static void positions(void **state)
{
	static const char *const bad[] = {"",
					  "-",
					  "1",
					  "1-",
					  "-1",
					  "01-1",
					  "1-01",
					  "1-1-1",
					  "a-1",
					  "1-a",
					  "17592186044416-0",
					  "1-18446744073709551616",
					  "+1-1",
					  "1 -1"};
	struct redis_log_pos p;
	char before[REDIS_LOG_ID_MAX];

	(void)state;
	assert_int_equal(redis_log_pos_parse(SD_SLICE("1700000000000-18446744073709551615"), &p),
			 SD_OK);
	assert_true(p.ms == 1700000000000 && p.seq == UINT64_MAX);
	redis_log_before(p, before);
	assert_string_equal(before, "1700000000000-18446744073709551614");
	redis_log_before((struct redis_log_pos){5, 0}, before);
	assert_string_equal(before, "4-18446744073709551615");
	redis_log_before((struct redis_log_pos){0, 0}, before);
	assert_string_equal(before, "0-0");
	assert_true(redis_log_cmp((struct redis_log_pos){1, 9}, (struct redis_log_pos){2, 0}) < 0);
	assert_true(redis_log_cmp((struct redis_log_pos){2, 1}, (struct redis_log_pos){2, 0}) > 0);
	assert_int_equal(redis_log_cmp((struct redis_log_pos){2, 1}, (struct redis_log_pos){2, 1}),
			 0);
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(redis_log_pos_parse(sd_slice_str(bad[i]), &p), SD_ERR_INVALID);
}

static struct redisReply *reply;

/* words: fields of an entry "7-1", separated by blanks; "~" is an empty one. */
static enum redis_log_result decode(uint8_t partition, const char *words, struct log_entry *e)
{
	char text[1024], body[900] = "", *save, copy[512];
	struct redis_log_pos pos;
	unsigned n = 0;
	enum redis_log_result result;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save), n++) {
		size_t at = strlen(body);

		w = *w == '~' ? w + 1 : w;
		snprintf(body + at, sizeof(body) - at, "$%zu\r\n%s\r\n", strlen(w), w);
	}
	snprintf(text, sizeof(text), "*2\r\n$3\r\n7-1\r\n*%u\r\n%s", n, body);
	if (reply)
		freeReplyObject(reply);
	reply = resp(text);
	result = redis_log_decode(partition, reply, &pos, e);
	assert_true(pos.ms == 7 && pos.seq == 1);
	assert_int_equal(e->pos, shm_log_pos(7, 1));
	return result;
}

#define END                                                                                        \
	"kind end tenant t user alice sid qwECAAAAAAAAAAAAAAAAAA until 50 reason reuse absolute "  \
	"60"

static void kinds(void **state)
{
	struct log_entry e;

	(void)state;
	assert_int_equal(decode(0xab, END, &e), REDIS_LOG_ENTRY);
	assert_int_equal(e.kind, LOG_SESSION_END);
	assert_int_equal(e.reason, END_REUSE);
	assert_int_equal(e.until_s, 50);
	assert_int_equal(e.absolute_s, 60);
	assert_int_equal(e.at_ms, 7);
	assert_int_equal(e.partition, 0xab);
	assert_int_equal(e.sid.b[0], 0xab);
	assert_true(sd_slice_is(e.user, "alice") && sd_slice_is(e.tenant, "t"));
	assert_int_equal(decode(0xab, END " later field", &e), REDIS_LOG_ENTRY);
	assert_int_equal(
	    decode(0xab, "kind change tenant t user u sid qwECAAAAAAAAAAAAAAAAAA until 1", &e),
	    REDIS_LOG_ENTRY);
	assert_int_equal(e.kind, LOG_CHANGE);
	assert_int_equal(decode(1, "kind tenant tenant t id ~ before 5 until 9", &e),
			 REDIS_LOG_ENTRY);
	assert_int_equal(e.kind, LOG_TENANT);
	assert_int_equal(e.before_s, 5);
	assert_int_equal(decode(1, "kind client tenant t id web before 5 until 9", &e),
			 REDIS_LOG_ENTRY);
	assert_int_equal(e.kind, LOG_CLIENT);
	assert_int_equal(decode(1, "kind key tenant t id k before 5 until 9", &e), REDIS_LOG_ENTRY);
	assert_int_equal(e.kind, LOG_KEY);
	assert_true(sd_slice_is(e.id, "k"));
}

static void none_of_ours(void **state)
{
	static const char *const bad[] = {
	    "what ever",
	    "kind",
	    "kind nothing tenant t",
	    "kind end tenant t user u until 5 reason admin absolute 6",
	    "kind end tenant t user u sid short until 5 reason admin absolute 6",
	    "kind end user u sid qwECAAAAAAAAAAAAAAAAAA until 5 reason admin absolute 6",
	    "kind end tenant t user u sid qwECAAAAAAAAAAAAAAAAAA until 5 absolute 6",
	    "kind end tenant t user u sid qwECAAAAAAAAAAAAAAAAAA until 5 reason bored absolute 6",
	    "kind end tenant t user u sid qwECAAAAAAAAAAAAAAAAAA until -5 reason admin absolute 6",
	    "kind end tenant t user u sid qwECAAAAAAAAAAAAAAAAAA until 5 reason admin absolute x",
	    "kind tenant tenant t until 5",
	    "kind client tenant t before 5 until 9",
	    "kind key tenant t id ~ before 5 until 9",
	};
	struct log_entry e;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++)
		assert_int_equal(decode(0xab, bad[i], &e), REDIS_LOG_UNREADABLE);
	/* An id of another partition. */
	assert_int_equal(decode(0xaa, END, &e), REDIS_LOG_UNREADABLE);
}

static void broken_shapes(void **state)
{
	static const char *const bad[] = {"+OK\r\n",
					  "*0\r\n",
					  "*1\r\n$3\r\n7-1\r\n",
					  "*2\r\n:7\r\n*0\r\n",
					  "*2\r\n$1\r\n7\r\n*0\r\n",
					  "*2\r\n$-1\r\n*0\r\n",
					  "$-1\r\n"};
	struct redis_log_pos pos;
	struct log_entry e;

	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(bad); i++) {
		struct redisReply *r = resp(bad[i]);

		assert_int_equal(redis_log_decode(0, r, &pos, &e), REDIS_LOG_BROKEN);
		freeReplyObject(r);
	}
	{
		struct redisReply *r = resp("*2\r\n$3\r\n7-1\r\n*2\r\n$4\r\nkind\r\n:1\r\n");

		assert_int_equal(redis_log_decode(0, r, &pos, &e), REDIS_LOG_UNREADABLE);
		freeReplyObject(r);
	}
	if (reply)
		freeReplyObject(reply);
	reply = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(positions),
	    cmocka_unit_test(kinds),
	    cmocka_unit_test(none_of_ours),
	    cmocka_unit_test(broken_shapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
