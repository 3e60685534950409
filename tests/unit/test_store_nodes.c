/* SPDX-License-Identifier: MIT
 * Registry, asks and answers against a real Redis: masters' side (redis_sub_node, redis_sub_ask)
 * and a worker's (store_nodes). */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_sub.h"
#include "store_nodes.h"
#include "store_rig.h"

#define LIVE "sdt:{nodes}:live"
#define ID_A "aaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbb"

struct master {
	struct redis_sub *sub;
	unsigned proofs, left;
	int64_t staleness_ms;
	enum health_reason reason;
};

static struct master a, b;

static void on_proof(void *arg, int64_t sent_ns)
{
	(void)sent_ns;
	((struct master *)arg)->proofs++;
}

static void on_state(void *arg, enum health_status status, enum health_reason reason)
{
	(void)status;
	((struct master *)arg)->reason = reason;
}

static void on_left(void *arg)
{
	((struct master *)arg)->left++;
}

static int64_t staleness(void *arg)
{
	return ((struct master *)arg)->staleness_ms;
}

static int64_t poll_ms = 20;

static void start(struct store_rig *rig, struct master *m, const char *id, const char *name)
{
	struct redis_sub_conf conf = {
	    .loop = rig->loop,
	    .prefix = RIG_PREFIX,
	    .poll_interval_ns = poll_ms * SD_NS_PER_MS,
	    .timeout_ns = 2 * SD_NS_PER_S,
	    .events = {.arg = m, .proof = on_proof, .state = on_state, .left = on_left},
	    .node = {.id = id, .name = name, .version = "1", .staleness_ms = staleness, .arg = m}};
	char url[128];

	memset(m, 0, sizeof(*m));
	m->staleness_ms = 1000;
	snprintf(url, sizeof(url), "unix:%s", rig->redis.path);
	assert_int_equal(redis_addr_parse(url, &conf.addr, NULL), SD_OK);
	assert_int_equal(redis_sub_new(&conf, &m->sub), SD_OK);
}

#define UNTIL(rig, cond)                                                                           \
	do {                                                                                       \
		int64_t end_ = sd_clock_boot_ns() + 10 * SD_NS_PER_S;                              \
		while (!(cond) && sd_clock_boot_ns() < end_)                                       \
			assert_int_equal(sd_loop_turn((rig)->loop, 5), SD_OK);                     \
		assert_true(cond);                                                                 \
	} while (0)

static unsigned looks;

static void on_done(struct store_nodes *q)
{
	(void)q;
	looks++;
}

static void look(struct store_rig *rig, struct store_nodes *q, bool ask)
{
	unsigned before = looks;

	q->done = on_done;
	assert_int_equal(store_nodes_look(rig->store, q, ask), SD_OK);
	UNTIL(rig, looks > before);
}

static void look_until(struct store_rig *rig, struct store_nodes *q, bool all)
{
	int64_t until = sd_clock_boot_ns() + 10 * SD_NS_PER_S;

	for (int i = 0; store_nodes_all(q) != all && sd_clock_boot_ns() < until; i++)
		look(rig, q, i % 100 == 0);
	assert_int_equal(store_nodes_all(q), all);
}

/* As if the registry had been there for long. */
static void settle(struct store_rig *rig)
{
	(void)real_redis_ask(&rig->redis, "HSET " LIVE " began 1");
}

static int teardown(void **state)
{
	redis_sub_free(&a.sub);
	redis_sub_free(&b.sub);
	return rig_flush(state);
}

static void put_row(struct store_rig *rig, const char *id, const char *name, int64_t lease_in_ms)
{
	struct node_row row = {.version = "1", .staleness_ms = 1000};
	char text[NODE_ROW_MAX];

	snprintf(row.id, sizeof(row.id), "%s", id);
	snprintf(row.name, sizeof(row.name), "%s", name);
	row.lease_ms = sd_clock_wall_ms() + lease_in_ms;
	node_row_format(&row, text);
	(void)real_redis_ask(&rig->redis, "HSET " LIVE " %s %s", id, text);
}

static void both_have_applied(void **state)
{
	struct store_rig *rig = *state;
	struct store_nodes q = {.self = ID_A};
	struct store_call call;
	struct sid sid = rig_session(rig, RIG_USER, NULL);

	start(rig, &a, ID_A, "first");
	start(rig, &b, ID_B, "second");
	UNTIL(rig, a.proofs > 1 && b.proofs > 1);
	settle(rig);
	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	q.partition = call.partition;
	snprintf(q.pos, sizeof(q.pos), "%s", call.log_id);
	store_call_release(&call);
	look(rig, &q, true);
	look_until(rig, &q, true);
	assert_int_equal(q.count, 2);
	assert_string_equal(q.node[0].name, "first");
	assert_string_equal(q.node[1].name, "second");
	/* By time alone: what was committed before a proof. */
	snprintf(q.pos, sizeof(q.pos), "%lld-18446744073709551615", (long long)sd_clock_wall_ms());
	look(rig, &q, true);
	assert_false(store_nodes_all(&q)); /* an answer to another ask is none */
	look_until(rig, &q, true);
}

static void a_position_not_reached_is_not_acknowledged(void **state)
{
	struct store_rig *rig = *state;
	struct store_nodes q = {.self = ID_A, .partition = 7};

	start(rig, &a, ID_A, "first");
	start(rig, &b, ID_B, "second");
	UNTIL(rig, a.proofs > 1 && b.proofs > 1);
	settle(rig);
	snprintf(q.pos, sizeof(q.pos), "%lld-0", (long long)sd_clock_wall_ms() + 3600000);
	look(rig, &q, true);
	for (int i = 0; i < 30; i++)
		look(rig, &q, false);
	assert_int_equal(q.status, STORE_OK);
	assert_int_equal(q.count, 2);
	assert_true(q.node[0].applied); /* itself */
	assert_false(q.node[1].applied);
}

static void a_vanished_node_is_waited_for_until_its_trust_is_over(void **state)
{
	struct store_rig *rig = *state;
	struct store_nodes q = {.self = ID_A, .pos = "0-0"};

	start(rig, &a, ID_A, "first");
	UNTIL(rig, a.proofs > 1);
	settle(rig);
	put_row(rig, ID_B, "second", -900); /* the lease is over, the longest staleness not */
	look(rig, &q, true);
	assert_int_equal(q.count, 2);
	assert_false(store_nodes_all(&q));
	put_row(rig, ID_B, "second", -1100);
	look_until(rig, &q, true);
	assert_int_equal(q.count, 1);
	/* Long dead: removed by who sees it. */
	put_row(rig, ID_B, "second", -100000);
	UNTIL(rig, real_redis_int(&rig->redis, "HEXISTS " LIVE " " ID_B) == 0);
}

static void what_is_not_known_is_not_all(void **state)
{
	struct store_rig *rig = *state;
	struct store_nodes q = {.self = ID_A, .pos = "0-0"};

	look(rig, &q, true); /* an empty registry: not even ourselves */
	assert_int_equal(q.status, STORE_OK);
	assert_false(store_nodes_all(&q));
	put_row(rig, ID_A, "first", 5000);
	look(rig, &q, false);
	assert_false(store_nodes_all(&q)); /* nobody knows how young it is */
	settle(rig);
	look(rig, &q, false);
	assert_true(store_nodes_all(&q));
	(void)real_redis_ask(&rig->redis, "HSET " LIVE " x garbage");
	look(rig, &q, false);
	assert_false(store_nodes_all(&q));
	assert_string_equal(q.node[0].name, "?");
	(void)real_redis_ask(&rig->redis, "HDEL " LIVE " x");
	for (int i = 0; i < STORE_NODES_MAX; i++) {
		char id[NODE_ID_LEN + 1];

		snprintf(id, sizeof(id), "%016x", i);
		put_row(rig, id, "many", 5000);
	}
	look(rig, &q, false);
	assert_int_equal(q.count, STORE_NODES_MAX);
	assert_false(store_nodes_all(&q));
	(void)real_redis_ask(&rig->redis, "DEL " LIVE);
	(void)real_redis_ask(&rig->redis, "SET " LIVE " x");
	look(rig, &q, false);
	assert_int_equal(q.status, STORE_UNAVAILABLE);
	assert_false(store_nodes_all(&q));
}

/* Without its row nothing is proven: nobody would wait for such a node. */
static void no_proof_without_a_lease(void **state)
{
	struct store_rig *rig = *state;
	unsigned proofs;

	start(rig, &a, ID_A, "first");
	UNTIL(rig, a.proofs > 1);
	(void)real_redis_ask(&rig->redis, "DEL " LIVE);
	UNTIL(rig, real_redis_int(&rig->redis, "HEXISTS " LIVE " " ID_A) == 1);
	(void)real_redis_ask(&rig->redis, "DEL " LIVE);
	(void)real_redis_ask(&rig->redis, "SET " LIVE " x"); /* now it cannot be taken */
	UNTIL(rig, a.reason == HEALTH_STORE_LEASE);
	assert_false(redis_sub_is_fresh(a.sub));
	proofs = a.proofs;
	for (int i = 0; i < 30; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 5), SD_OK);
	assert_int_equal(a.proofs, proofs);
	(void)real_redis_ask(&rig->redis, "DEL " LIVE);
	UNTIL(rig, a.proofs > proofs && a.reason != HEALTH_STORE_LEASE);
}

static void a_longer_staleness_is_said_before_it_counts(void **state)
{
	struct store_rig *rig = *state;
	const struct node_row *rows;
	unsigned proofs;

	start(rig, &a, ID_A, "first");
	UNTIL(rig, a.proofs > 1);
	a.staleness_ms = 4000;
	proofs = a.proofs;
	UNTIL(rig, a.proofs > proofs + 1);
	assert_non_null(strstr(real_redis_str(&rig->redis, "HGET " LIVE " " ID_A), " 4000 "));
	UNTIL(rig, redis_sub_nodes(a.sub, &rows) == 1 && rows[0].staleness_ms == 4000);
	assert_string_equal(rows[0].name, "first");
	assert_true(node_row_is_live(&rows[0], redis_sub_store_ms(a.sub, sd_clock_boot_ns())));
}

static void who_leaves_is_gone_at_once(void **state)
{
	struct store_rig *rig = *state;
	unsigned proofs;

	start(rig, &a, ID_A, "first");
	UNTIL(rig, a.proofs > 1);
	redis_sub_leave(a.sub);
	UNTIL(rig, a.left == 1);
	assert_int_equal(real_redis_int(&rig->redis, "HEXISTS " LIVE " " ID_A), 0);
	proofs = a.proofs;
	for (int i = 0; i < 20; i++)
		assert_int_equal(sd_loop_turn(rig->loop, 5), SD_OK);
	assert_in_range(a.proofs, proofs, proofs + 1);
	assert_int_equal(real_redis_int(&rig->redis, "HEXISTS " LIVE " " ID_A), 0);
	/* Without a connection it is over at once as well. */
	start(rig, &b, ID_B, "second");
	redis_sub_leave(b.sub);
	assert_int_equal(b.left, 1);
}

/* The channel is lost, the ask is not. */
static void polls_read_the_asks_too(void **state)
{
	struct store_rig *rig = *state;

	start(rig, &a, ID_A, "first");
	UNTIL(rig, a.proofs > 1);
	(void)real_redis_ask(&rig->redis, "XADD sdt:{nodes}:asks * ask 00:0-0:0badc0de");
	(void)real_redis_ask(&rig->redis, "XADD sdt:{nodes}:asks * ask garbage");
	(void)real_redis_ask(&rig->redis, "XADD sdt:{nodes}:asks 1-1 ask 00:0-0:00"); /* refused: older */
	UNTIL(rig, real_redis_int(&rig->redis, "HEXISTS sdt:{nodes}:acks:0badc0de " ID_A) == 1);
	assert_true(real_redis_int(&rig->redis, "PTTL sdt:{nodes}:acks:0badc0de") > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_flush, teardown)

static bool is_acknowledged(struct store_rig *rig, const char *nonce)
{
	return real_redis_int(&rig->redis, "HEXISTS sdt:{nodes}:acks:%s " ID_A, nonce) == 1;
}

/* After a failover to a server whose clock is behind, a position may come again that we passed on
 * the one before, and the store's time may be earlier than our last proof's. Only a poll that is
 * sent after the ask was read says that what it asks about is here; it is not waited for long. */
static void a_position_passed_before_says_nothing(void **state)
{
	struct store_rig *rig = *state;
	struct sid sid = rig_session(rig, RIG_USER, NULL);
	struct store_call call;
	unsigned proofs;
	int64_t asked;

	poll_ms = 3000;
	start(rig, &a, ID_A, "first");
	poll_ms = 20;
	UNTIL(rig, a.proofs > 0);
	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	proofs = a.proofs;
	asked = sd_clock_boot_ns();
	(void)real_redis_ask(&rig->redis, "XADD sdt:{nodes}:asks * ask %02x:1-1:0badc0de", sid.b[0]);
	(void)real_redis_ask(&rig->redis, "PUBLISH sdt:wake ask");
	UNTIL(rig, is_acknowledged(rig, "0badc0de"));
	assert_true(a.proofs > proofs);
	assert_true(sd_clock_boot_ns() - asked < 2 * SD_NS_PER_S);
	/* Many at once have one poll, or two, in common. */
	proofs = a.proofs;
	for (unsigned i = 0; i < 100; i++)
		(void)real_redis_ask(&rig->redis, "XADD sdt:{nodes}:asks * ask %02x:1-1:%08x", i, i);
	(void)real_redis_ask(&rig->redis, "PUBLISH sdt:wake ask");
	UNTIL(rig, is_acknowledged(rig, "00000063"));
	assert_true(is_acknowledged(rig, "00000000"));
	assert_in_range(a.proofs - proofs, 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(both_have_applied),
	    TEST(a_position_not_reached_is_not_acknowledged),
	    TEST(a_vanished_node_is_waited_for_until_its_trust_is_over),
	    TEST(what_is_not_known_is_not_all),
	    TEST(no_proof_without_a_lease),
	    TEST(a_longer_staleness_is_said_before_it_counts),
	    TEST(who_leaves_is_gone_at_once),
	    TEST(polls_read_the_asks_too),
	    TEST(a_position_passed_before_says_nothing),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
