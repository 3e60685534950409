/* SPDX-License-Identifier: MIT
 * sub_rig - a subscriber on a real Redis, and what it has reported (ev). */
#ifndef SD_TEST_SUB_RIG_H
#define SD_TEST_SUB_RIG_H

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_sub.h"
#include "store_key.h"
#include "store_rig.h"

#define MAX_SEEN 4096

static struct {
	struct redis_sub *sub;
	unsigned entries, resets, first_resets, proofs, kinds[LOG_KEY + 1], entries_at_reset;
	struct sid seen[MAX_SEEN];
	struct log_entry last;
	char last_user[64];
	int64_t sent_ns, clock_ms, clock_ns;
	enum health_status status;
	enum health_reason reason;
	bool was_replica, was_policy, was_loading, unsettled;
	uint64_t applied_pos[256];
	unsigned asked, sent; /* while unsettled; by our own connection */
	unsigned reset_after_proofs; /* proofs counted when the last reset came */
} ev;

static inline void on_entry(void *arg SD_UNUSED, const struct log_entry *e)
{
	ev.seen[ev.entries++ % MAX_SEEN] = e->sid;
	ev.kinds[e->kind]++;
	ev.last = *e;
	snprintf(ev.last_user, sizeof(ev.last_user), SD_SLICE_FMT, SD_SLICE_ARG(e->user));
}

static inline void on_reset(void *arg SD_UNUSED, bool first)
{
	ev.resets++;
	ev.first_resets += first;
	ev.entries_at_reset = ev.entries;
	ev.reset_after_proofs = ev.proofs;
}

static inline bool on_settled(void *arg SD_UNUSED)
{
	ev.asked += ev.unsettled;
	return !ev.unsettled;
}

static inline void on_proof(void *arg SD_UNUSED, int64_t sent_ns)
{
	assert_true(sent_ns <= sd_clock_boot_ns());
	assert_true(sent_ns >= ev.sent_ns);
	ev.sent_ns = sent_ns;
	ev.proofs++;
}

static inline void on_applied(void *arg SD_UNUSED, uint8_t partition, uint64_t pos)
{
	ev.applied_pos[partition] = pos;
}

static inline void on_clock(void *arg SD_UNUSED, int64_t store_ms, int64_t boot_ns)
{
	ev.clock_ms = store_ms;
	ev.clock_ns = boot_ns;
}

static inline void on_state(void *arg SD_UNUSED, enum health_status status, enum health_reason reason)
{
	ev.status = status;
	ev.reason = reason;
	ev.was_replica |= reason == HEALTH_STORE_REPLICA;
	ev.was_loading |= reason == HEALTH_STORE_LOADING;
	ev.was_policy |= reason == HEALTH_STORE_POLICY;
}

static const char *way; /* another way to the server than its own socket */

static inline void start(struct store_rig *rig, int64_t poll_ms)
{
	struct redis_sub_conf conf = {
	    .loop = rig->loop,
	    .prefix = RIG_PREFIX,
	    .poll_interval_ns = poll_ms * SD_NS_PER_MS,
	    .timeout_ns = 2 * SD_NS_PER_S,
	    .events = {.entry = on_entry,
		       .reset = on_reset,
		       .settled = on_settled,
		       .proof = on_proof,
		       .applied = on_applied,
		       .clock = on_clock,
		       .state = on_state}};
	char url[128];
	memset(&ev, 0, sizeof(ev));
	snprintf(url, sizeof(url), "unix:%s", way ? way : rig->redis.path);
	assert_int_equal(redis_addr_parse(url, &conf.addr, NULL), SD_OK);
	assert_int_equal(redis_sub_new(&conf, &ev.sub), SD_OK);
}

static inline void turn(struct store_rig *rig)
{
	assert_int_equal(sd_loop_turn(rig->loop, 10), SD_OK);
}

/* At most some ten seconds. */
#define UNTIL(rig, cond)                                                                           \
	do {                                                                                       \
		int64_t end_ = sd_clock_boot_ns() + 10 * SD_NS_PER_S;                              \
		while (!(cond) && sd_clock_boot_ns() < end_)                                       \
			turn(rig);                                                                 \
		assert_true(cond);                                                                 \
	} while (0)

static inline void proof_again(struct store_rig *rig)
{
	unsigned n = ev.proofs + 1;
	UNTIL(rig, ev.proofs > n);
}

static inline bool saw(const struct sid *sid)
{
	for (unsigned i = 0; i < SD_MIN(ev.entries, MAX_SEEN); i++)
		if (memcmp(&ev.seen[i], sid, sizeof(*sid)) == 0)
			return true;
	return false;
}

static inline struct sid end_one(struct store_rig *rig, struct sd_slice user)
{
	struct sid sid = rig_session(rig, user, NULL);
	struct store_call call;

	assert_int_equal(rig_end(rig, sid, END_LOGOUT, &call), STORE_OK);
	store_call_release(&call);
	return sid;
}

static inline int stop(void **state SD_UNUSED)
{
	redis_sub_free(&ev.sub);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_flush, stop)

#endif
