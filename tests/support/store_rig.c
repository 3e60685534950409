/* SPDX-License-Identifier: MIT
 * store_rig - a store client against a real Redis.
 * Owns:      server, loop, control memory and client of a test
 * Runs in:   tests
 * Fails by:  aborting
 * Never:     sleep: the loop waits for what it is told of
 */
#include "base.h"
#include "store_rig.h"

#include <hiredis/hiredis.h>

#include "clock.h"
#include "die.h"
#include "err.h"
#include "store_key.h"

static void on_lost(void *arg, uint32_t index)
{
	struct store_rig *rig = arg;

	(void)index;
	rig->lost++;
}

static void on_touch_lost(void *arg, const struct sid *sid)
{
	struct store_rig *rig = arg;

	(void)sid;
	rig->touches_lost++;
}

int rig_setup(void **state)
{
	struct store_rig *rig = calloc(1, sizeof(*rig));
	struct store_conf conf = {
	    .prefix = RIG_PREFIX, .connections = 2, .timeout_ns = 2 * SD_NS_PER_S, .lost = on_lost};

	if (!real_redis_start(&rig->redis, NULL)) {
		fprintf(stderr, "no redis-server\n");
		exit(77);
	}
	rig->control = calloc(1, sizeof(*rig->control));
	atomic_store(&rig->control->store_offset_ms,
		     sd_clock_wall_ms() - sd_clock_boot_ns() / SD_NS_PER_MS);
	sd_bug_if(sd_loop_new(&rig->loop) != SD_OK);
	conf.loop = rig->loop;
	conf.control = rig->control;
	conf.arg = rig;
	conf.touch_lost = on_touch_lost;
	sd_bug_if(store_new(&conf, &rig->store) != SD_OK);
	for (uint32_t i = 0; i < 2; i++)
		sd_bug_if(store_connection(rig->store, i, real_redis_fd(&rig->redis)) != SD_OK);
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct store_rig *rig = *state;

	store_free(&rig->store);
	sd_loop_free(&rig->loop);
	real_redis_stop(&rig->redis);
	free(rig->control);
	free(rig);
	return 0;
}

int rig_flush(void **state)
{
	struct store_rig *rig = *state;

	(void)real_redis_ask(&rig->redis, "FLUSHALL");
	(void)real_redis_ask(&rig->redis, "CONFIG RESETSTAT");
	return 0;
}

struct store_create rig_create_input(struct sd_slice user, struct handle *refresh_out)
{
	struct store_create in = {.tenant = RIG_TENANT,
				  .user = user,
				  .client = SD_SLICE("web"),
				  .scope = SD_SLICE("read"),
				  .audience = SD_SLICE("[\"api\"]"),
				  .ip = SD_SLICE("192.0.2.1"),
				  .device_id = SD_SLICE("d1"),
				  .device_type = SD_SLICE("phone"),
				  .data = sd_slice("\0\1\xff", 3),
				  .mode = SESSION_MODE_TOKEN,
				  .auth_time_s = 1700000000,
				  .idle_s = 1800,
				  .absolute_s = 43200,
				  .access_ttl_s = 900,
				  .refresh_ttl_s = 2592000,
				  .retain_s = 3600,
				  .max_per_user = 5,
				  .on_limit = 1};
	struct handle h;

	sd_bug_if(sid_new(handle_partition(RIG_TENANT, user), &in.sid) != SD_OK);
	sd_bug_if(handle_new(HANDLE_REFRESH, &in.sid, 1, &h) != SD_OK);
	handle_hash(&h, in.refresh_hash);
	if (refresh_out)
		*refresh_out = h;
	return in;
}

void rig_touch(struct store_rig *rig, const struct sid *sid, int64_t seen_ms, uint32_t requests)
{
	struct store_touch in = {.tenant = RIG_TENANT,
				 .sid = *sid,
				 .seen_ms = seen_ms,
				 .requests = requests,
				 .now = {.idle_s = 1800,
					 .absolute_s = 43200,
					 .remember_idle_s = 3600,
					 .remember_absolute_s = 86400}};

	store_touch(rig->store, &in);
}

static void on_done(struct store_call *call)
{
	call->next = call; /* the store uses it no more */
}

void rig_begin(struct store_call *call)
{
	memset(call, 0, sizeof(*call));
	call->done = on_done;
}

void rig_wait(struct store_rig *rig, struct store_call *call)
{
	for (int i = 0; i < 2000 && call->next != call; i++)
		sd_bug_if(sd_loop_turn(rig->loop, 10) != SD_OK);
	sd_bug_if(call->next != call);
}

enum store_status rig_create(struct store_rig *rig, const struct store_create *in,
			     struct store_call *call)
{
	rig_begin(call);
	store_create(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

struct sid rig_session(struct store_rig *rig, struct sd_slice user, struct handle *refresh_out)
{
	struct store_create in = rig_create_input(user, refresh_out);
	struct store_call call;

	in.max_per_user = 0;
	sd_bug_if(rig_create(rig, &in, &call) != STORE_OK);
	store_call_release(&call);
	return in.sid;
}

struct store_refresh rig_refresh_input(const struct handle *presented, struct handle *next_out)
{
	struct store_refresh in = {.tenant = RIG_TENANT,
				   .presented = *presented,
				   .grace_ms = 10000,
				   .refresh_ttl_s = 2592000,
				   .access_ttl_s = 900,
				   .idle_s = 1800,
				   .absolute_s = 43200,
				   .remember_idle_s = 3600,
				   .remember_absolute_s = 86400,
				   .retain_s = 3600};

	sd_bug_if(handle_new(HANDLE_REFRESH, &presented->sid, presented->generation + 1,
			     next_out) != SD_OK);
	handle_hash(next_out, in.new_hash);
	/* In place of a sealed token: enough to tell successors apart. */
	in.successor = sd_slice(next_out->random, sizeof(next_out->random));
	return in;
}

enum store_status rig_refresh(struct store_rig *rig, const struct store_refresh *in,
			      struct store_call *call)
{
	rig_begin(call);
	store_refresh(rig->store, in, call);
	rig_wait(rig, call);
	return call->status;
}

enum store_status rig_end(struct store_rig *rig, struct sid sid, enum end_reason reason,
			  struct store_call *call)
{
	struct store_end in = {
	    .tenant = RIG_TENANT, .sid = sid, .reason = reason, .retain_s = 3600};

	rig_begin(call);
	store_end(rig->store, &in, call);
	rig_wait(rig, call);
	return call->status;
}

enum store_status rig_read(struct store_rig *rig, struct sid sid, struct store_call *call)
{
	rig_begin(call);
	store_read(rig->store, RIG_TENANT, &sid, SD_SLICE("web"), SD_SLICE("kid"), call);
	rig_wait(rig, call);
	return call->status;
}

void rig_expect_ended(struct store_rig *rig, struct sid sid, enum end_reason reason)
{
	struct store_call call;

	sd_bug_if(rig_read(rig, sid, &call) != STORE_ENDED);
	sd_bug_if(call.session.end_reason != reason || call.session.ended_ms <= 0);
	store_call_release(&call);
}

void rig_expect_active(struct store_rig *rig, struct sid sid)
{
	struct store_call call;

	sd_bug_if(rig_read(rig, sid, &call) != STORE_OK);
	store_call_release(&call);
}

void rig_age(struct store_rig *rig, struct sid sid, const char *name, long long by)
{
	(void)real_redis_int(&rig->redis, "HINCRBY %s %s %lld", rig_key(sid), name, -by);
}

const char *rig_key(struct sid sid)
{
	static struct store_key key;

	store_key_session(&key, RIG_PREFIX, RIG_TENANT, &sid);
	return key.s;
}

long long rig_log_len(struct store_rig *rig, uint8_t partition)
{
	struct store_key key;

	store_key_log(&key, RIG_PREFIX, partition);
	return real_redis_int(&rig->redis, "XLEN %s", key.s);
}

long long rig_calls(struct store_rig *rig, const char *command)
{
	const char *info = real_redis_str(&rig->redis, "INFO commandstats");
	char want[64];
	const char *at;

	snprintf(want, sizeof(want), "cmdstat_%s:calls=", command);
	at = strstr(info, want);
	return at ? strtoll(at + strlen(want), NULL, 10) : 0;
}
