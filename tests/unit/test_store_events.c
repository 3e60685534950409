/* SPDX-License-Identifier: MIT
 * A tenant's audit records in the store against a real Redis: put, found by each filter, in both
 * directions, piece by piece, kept as long as the policy says. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "err.h"
#include "store_events.h"
#include "store_key.h"
#include "store_privacy.h"
#include "store_rig.h"

#define RETAIN_S 3600

static void put(struct store_rig *rig, int64_t ts_ms, const char *event, const char *user, const char *record)
{
	struct store_event in = {.tenant = RIG_TENANT, .ts_ms = ts_ms, .retain_s = RETAIN_S,
				 .event = sd_slice_str(event), .user = sd_slice_str(user),
				 .session = SD_SLICE("sid"), .record = sd_slice_str(record)};

	store_event_put(rig->store, &in);
}

static struct store_events_in all(void)
{
	return (struct store_events_in){.tenant = RIG_TENANT, .first = SD_SLICE("+"), .last = SD_SLICE("-"),
					.looks = 500, .limit = 500, .to_ms = INT64_C(1) << 51,
					.retain_s = RETAIN_S, .event = SD_SLICE(""), .user = SD_SLICE(""),
					.session = SD_SLICE("")};
}

static void read_them(struct store_rig *rig, const struct store_events_in *in, struct store_events *e)
{
	rig_begin(&e->call);
	store_events_read(rig->store, in, e);
	rig_wait(rig, &e->call);
	assert_int_equal(e->call.status, STORE_OK);
}

/* The records as one text. */
static const char *texts(const struct store_events *e)
{
	static char out[4096];
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < e->count; i++) {
		struct sd_slice id, record;

		store_events_row(e, i, &id, &record);
		n += (size_t)snprintf(out + n, sizeof(out) - n, SD_SLICE_FMT, SD_SLICE_ARG(record));
	}
	return out;
}

static void expect(struct store_rig *rig, const struct store_events_in *in, const char *want)
{
	struct store_events e = {.count = 0};

	read_them(rig, in, &e);
	assert_string_equal(texts(&e), want);
	assert_false(e.more);
	store_call_release(&e.call);
}

/* All that was put is there: what nobody waits for goes over several connections. */
static void settle(struct store_rig *rig, uint32_t count)
{
	for (int i = 0; i < 1000; i++) {
		struct store_events e = {.count = 0};
		struct store_events_in in = all();
		uint32_t have;

		read_them(rig, &in, &e);
		have = e.count;
		store_call_release(&e.call);
		if (have == count)
			return;
	}
	fail_msg("not all are there");
}

static void each_filter_alone(void **state)
{
	struct store_rig *rig = *state;
	struct store_events_in in = all();

	expect(rig, &in, "");
	put(rig, 1000, "session.created", "alice", "a");
	settle(rig, 1);
	put(rig, 2000, "session.ended", "bob", "b");
	settle(rig, 2);
	put(rig, 3000, "session.created", "bob", "c");
	settle(rig, 3);
	expect(rig, &in, "cba");
	in.event = SD_SLICE("session.created");
	expect(rig, &in, "ca");
	in.user = SD_SLICE("bob");
	expect(rig, &in, "c");
	in = all();
	in.from_ms = 2000;
	expect(rig, &in, "cb");
	in.to_ms = 3000;
	expect(rig, &in, "b");
	in = all();
	in.session = SD_SLICE("other");
	expect(rig, &in, "");
	in = all();
	in.tenant = SD_SLICE("brand-b");
	expect(rig, &in, "");
	in = all();
	in.newer = true;
	in.first = SD_SLICE("-");
	in.last = SD_SLICE("+");
	expect(rig, &in, "abc");
}

static void a_piece_says_where_to_go_on(void **state)
{
	struct store_rig *rig = *state;
	struct store_events_in in = all();
	struct store_events e = {.count = 0};
	char term[64], got[256] = "";
	uint64_t ms, seq;
	unsigned pieces = 0;
	size_t n = 0;

	for (uint32_t i = 0; i < 8; i++) {
		put(rig, 1000, "session.created", i % 2 ? "odd" : "even", (char[]){(char)('a' + i), '\0'});
		settle(rig, i + 1);
	}
	in.looks = 3;
	in.user = SD_SLICE("odd");
	do {
		read_them(rig, &in, &e);
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s", texts(&e));
		assert_true(store_event_id(e.at, &ms, &seq));
		(void)snprintf(term, sizeof(term), "(" SD_SLICE_FMT, SD_SLICE_ARG(e.at));
		in.first = sd_slice_str(term);
		store_call_release(&e.call);
		pieces++;
	} while (e.more);
	assert_string_equal(got, "hfdb");
	assert_int_equal(pieces, 3);
	in = all();
	in.limit = 2;
	read_them(rig, &in, &e);
	assert_string_equal(texts(&e), "hg");
	assert_true(e.more);
	store_call_release(&e.call);
}

/* What is past the retention is not shown, and the stream goes as a whole when nothing comes. */
static void kept_as_long_as_the_policy_says(void **state)
{
	struct store_rig *rig = *state;
	struct store_events_in in = all();
	struct store_key key;

	store_key_events(&key, RIG_PREFIX, RIG_TENANT);
	(void)real_redis_ask(&rig->redis, "XADD %s 1000-1 t 1 e x u y s z r old", key.s);
	expect(rig, &in, "");
	put(rig, 1000, "session.created", "alice", "new");
	settle(rig, 1);
	expect(rig, &in, "new");
	assert_in_range(real_redis_int(&rig->redis, "PTTL %s", key.s), RETAIN_S * 1000 - 10000,
			RETAIN_S * 1000 + 300000);
}

/* One turn's records: of two tenants, more than a command takes, one of them long. */
static void what_a_turn_puts(void **state)
{
	struct store_rig *rig = *state;
	struct store_events_in in = all();
	char *big = malloc(300001);
	struct store_event other = {.tenant = SD_SLICE("other"), .ts_ms = 1, .retain_s = RETAIN_S,
				    .event = SD_SLICE("x"), .user = SD_SLICE("u"), .session = SD_SLICE("s"),
				    .record = SD_SLICE("theirs")};
	struct store_key key;

	assert_non_null(big);
	memset(big, 'b', 300000);
	big[300000] = '\0';
	for (int i = 0; i < 25; i++) {
		char record[16];

		snprintf(record, sizeof(record), "%c", 'a' + i);
		put(rig, i, "x", "u", record);
		if (i == 13)
			store_event_put(rig->store, &other);
	}
	settle(rig, 25);
	in.newer = true;
	in.first = SD_SLICE("-");
	in.last = SD_SLICE("+");
	put(rig, 30, "big", "u", big);
	settle(rig, 26);
	in.event = SD_SLICE("x");
	struct store_events e = {.count = 0};

	read_them(rig, &in, &e); /* several commands, by several connections: in any order */
	assert_int_equal(e.count, 25);
	for (int i = 0; i < 25; i++)
		assert_non_null(strchr(texts(&e), 'a' + i));
	store_call_release(&e.call);
	store_key_events(&key, RIG_PREFIX, SD_SLICE("other"));
	assert_int_equal(real_redis_int(&rig->redis, "XLEN %s", key.s), 1);
	free(big);
}

static void ids(void **state)
{
	uint64_t ms, seq;

	(void)state;
	assert_true(store_event_id(SD_SLICE("1700000000000-9446744073709551615"), &ms, &seq));
	assert_true(ms == UINT64_C(1700000000000) && seq == UINT64_C(9446744073709551615));
	assert_true(store_event_id(SD_SLICE("0-0"), &ms, &seq));
	assert_false(store_event_id(SD_SLICE(""), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("1"), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("-1"), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("1-"), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("1-2-3"), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("1-2 "), &ms, &seq));
	assert_false(store_event_id(SD_SLICE("+"), &ms, &seq));
}

static const char *stream(void)
{
	static struct store_key key;

	store_key_events(&key, RIG_PREFIX, RIG_TENANT);
	return key.s;
}

static enum store_status erase(struct store_rig *rig, const char *user, const char *owner, uint32_t limit,
			       uint32_t *records, uint32_t *left)
{
	struct store_erase_events in = {.tenant = RIG_TENANT, .user = sd_slice_str(user), .actor = SD_SLICE("@alice@"),
					.retain_s = RETAIN_S, .limit = limit, .owner = sd_slice_str(owner),
					.lease_ms = 5000};
	struct store_call call;
	enum store_status status;

	rig_begin(&call);
	store_erase_events(rig->store, &in, &call);
	rig_wait(rig, &call);
	status = call.status;
	*records = call.privacy.records;
	*left = call.privacy.left;
	store_call_release(&call);
	return status;
}

/* Does any key hold the text, in the bytes that the server would write to its disk? */
static bool is_kept(struct store_rig *rig, const char *text)
{
	(void)real_redis_ask(&rig->redis, "CONFIG SET rdbcompression no");
	return real_redis_int(&rig->redis, "EVAL %s 0 %s",
			      "for _, k in ipairs(redis.call('KEYS', '*')) do "
			      "if string.find(redis.call('DUMP', k), ARGV[1], 1, true) then return 1 end end return 0",
			      text) == 1;
}

/* Whoever is forgotten is in no byte of it; what is left has its order and its ids. */
static void forgotten(void **state)
{
	struct store_rig *rig = *state;
	struct store_events_in in = all();
	struct store_events e = {.count = 0};
	uint32_t records, left, rounds = 0;
	long long dies;

	for (int i = 0; i < 60; i++) {
		char record[64];

		snprintf(record, sizeof(record), "%c%d.", i % 3 ? 'b' : 'A', i);
		put(rig, i, "x", i % 3 ? "bob" : "alice", record);
	}
	put(rig, 60, "x", "", "by @alice@ himself");
	settle(rig, 61);
	assert_true(is_kept(rig, "alice"));
	dies = real_redis_int(&rig->redis, "PEXPIRETIME %s", stream());
	do {
		assert_int_equal(erase(rig, "alice", "one", 7, &records, &left), STORE_OK);
		if (rounds++ == 3) {
			assert_int_equal(erase(rig, "bob", "two", 7, &records, &left), STORE_LOCKED);
			put(rig, 70, "x", "alice", "late.");
			put(rig, 71, "x", "bob", "b71.");
			settle(rig, 63);
			left = 1;
		}
	} while (left);
	assert_true(rounds > 8);
	assert_int_equal(records, 22);
	assert_false(is_kept(rig, "alice"));
	assert_true(llabs(real_redis_int(&rig->redis, "PEXPIRETIME %s", stream()) - dies) < 60000);
	in.newer = true;
	in.first = SD_SLICE("-");
	in.last = SD_SLICE("+");
	read_them(rig, &in, &e);
	assert_int_equal(e.count, 41);
	store_call_release(&e.call);
	put(rig, 72, "x", "bob", "b72.");
	settle(rig, 42);
	in.user = SD_SLICE("alice");
	expect(rig, &in, "");
	/* nobody of that name: nothing is changed, nothing is left behind */
	assert_int_equal(erase(rig, "nobody", "three", 1000, &records, &left), STORE_OK);
	assert_int_equal(records + left, 0);
	settle(rig, 42);
	/* all that there was */
	assert_int_equal(erase(rig, "bob", "four", 1000, &records, &left), STORE_OK);
	assert_int_equal(records, 42);
	settle(rig, 0);
	assert_int_equal(real_redis_int(&rig->redis, "DBSIZE"), 0);
}

/* Who began and vanished: the next one begins anew, and what he left goes by itself. */
static void who_began_and_vanished(void **state)
{
	struct store_rig *rig = *state;
	uint32_t records, left;

	for (int i = 0; i < 20; i++)
		put(rig, i, "x", i % 2 ? "bob" : "alice", "r.");
	settle(rig, 20);
	assert_int_equal(erase(rig, "bob", "one", 5, &records, &left), STORE_OK);
	assert_int_equal(left, 1);
	assert_true(real_redis_int(&rig->redis, "PTTL %s:c", stream()) > 0);
	assert_true(real_redis_int(&rig->redis, "PTTL %s:l", stream()) > 0);
	(void)real_redis_int(&rig->redis, "HSET %s:l until 1", stream());
	assert_int_equal(erase(rig, "alice", "two", 1000, &records, &left), STORE_OK);
	assert_int_equal(records, 10);
	settle(rig, 10);
	assert_int_equal(erase(rig, "bob", "one", 1000, &records, &left), STORE_OK);
	assert_int_equal(records, 10);
	assert_int_equal(real_redis_int(&rig->redis, "DBSIZE"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_filter_alone, rig_flush),
	    cmocka_unit_test_setup(a_piece_says_where_to_go_on, rig_flush),
	    cmocka_unit_test_setup(kept_as_long_as_the_policy_says, rig_flush),
	    cmocka_unit_test_setup(what_a_turn_puts, rig_flush),
	    cmocka_unit_test_setup(forgotten, rig_flush),
	    cmocka_unit_test_setup(who_began_and_vanished, rig_flush),
	    cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
