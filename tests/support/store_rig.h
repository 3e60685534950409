/* SPDX-License-Identifier: MIT
 * store_rig - a store client on a loop of its own against a real Redis; calls made as if they
 * blocked. */
#ifndef SD_TEST_STORE_RIG_H
#define SD_TEST_STORE_RIG_H

#include "loop.h"
#include "real_redis.h"
#include "store_life.h"

#define RIG_PREFIX "sdt:"
#define RIG_TENANT SD_SLICE("brand-a")
#define RIG_USER SD_SLICE("alice")

struct store_rig {
	struct real_redis redis;
	struct sd_loop *loop;
	struct shm_control *control;
	struct store *store;
	unsigned lost, touches_lost;
};

/* 77 when there is no redis-server, else 0; for group setups (*state = rig). */
int rig_setup(void **state);
int rig_teardown(void **state);
/* Between tests: an empty server. */
int rig_flush(void **state);

/* A create with sound values: 1 refresh hash, limit 5, sid of the user's partition. */
struct store_create rig_create_input(struct sd_slice user, struct handle *refresh_out);
void rig_begin(struct store_call *call);
/* Turns the loop until the call has ended. */
void rig_wait(struct store_rig *rig, struct store_call *call);
enum store_status rig_create(struct store_rig *rig, const struct store_create *in,
			     struct store_call *call);
/* A session with the input's defaults; the call's extras are released. */
struct sid rig_session(struct store_rig *rig, struct sd_slice user, struct handle *refresh_out);
struct store_refresh rig_refresh_input(const struct handle *presented, struct handle *next_out);
enum store_status rig_refresh(struct store_rig *rig, const struct store_refresh *in,
			      struct store_call *call);
enum store_status rig_end(struct store_rig *rig, struct sid sid, enum end_reason reason,
			  struct store_call *call);
enum store_status rig_read(struct store_rig *rig, struct sid sid, struct store_call *call);
/* Nobody waits for it. The policy as rig_create_input() has it. */
void rig_touch(struct store_rig *rig, const struct sid *sid, int64_t seen_ms, uint32_t requests);
/* The record reads so. */
void rig_expect_ended(struct store_rig *rig, struct sid sid, enum end_reason reason);
void rig_expect_active(struct store_rig *rig, struct sid sid);
/* A field of the record as if it had been written so much earlier. */
void rig_age(struct store_rig *rig, struct sid sid, const char *name, long long by);
/* The key of a session's record, for the test's own questions; static memory. */
const char *rig_key(struct sid sid);
/* How many entries the log of a partition has. */
long long rig_log_len(struct store_rig *rig, uint8_t partition);
/* Calls of a command as the server counted them. */
long long rig_calls(struct store_rig *rig, const char *command);

#endif
