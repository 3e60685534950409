/* SPDX-License-Identifier: MIT
 * control_status - the state of the whole node as one JSON object, for `sessionctl status`.
 * Owns:      the names of its fields
 * Runs in:   master (after the sandbox)
 * Fails by:  out->failed
 * Never:     a secret, a path of a key, a token */
#include "base.h"
#include "control.h"

#include <unistd.h>

#include "clock.h"
#include "master.h"
#include "shm_health.h"

static void key(struct sd_buf *out, const char *name)
{
	if (out->len > 0 && out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
		sd_buf_char(out, ',');
	sd_buf_json_str(out, sd_slice_str(name));
	sd_buf_char(out, ':');
}

static void text(struct sd_buf *out, const char *name, const char *value)
{
	key(out, name);
	sd_buf_json_str(out, sd_slice_str(value));
}

static void number(struct sd_buf *out, const char *name, int64_t value)
{
	key(out, name);
	sd_buf_i64(out, value);
}

static void flag(struct sd_buf *out, const char *name, bool value)
{
	key(out, name);
	sd_buf_str(out, value ? "true" : "false");
}

static const char *child_state_name(const struct child *c)
{
	switch (c->state) {
	case CHILD_NONE:
		break;
	case CHILD_HELD:
		return "held back";
	case CHILD_BOOTING:
		return "booting";
	case CHILD_READY:
		return "ready";
	case CHILD_LEAVING:
		return "leaving";
	}
	return "none";
}

static const char *mode_name(uint32_t mode)
{
	return mode == SD_SANDBOX_ENFORCE ? "enforce" : mode == SD_SANDBOX_LOG ? "log" : "off";
}

static void sandbox(struct sd_buf *out, const struct sd_sandbox_report *r)
{
	key(out, "sandbox");
	sd_buf_char(out, '{');
	text(out, "mode", mode_name(r->mode));
	number(out, "seccomp", r->seccomp);
	number(out, "rules", r->rules);
	flag(out, "no_new_privs", r->no_new_privs == 1);
	number(out, "landlock_abi", r->landlock_abi);
	flag(out, "mdwe", r->mdwe == 1);
	flag(out, "dumpable", r->dumpable != 0);
	flag(out, "own_user", r->own_user == 1);
	sd_buf_char(out, '}');
}

static void child(struct sd_buf *out, const struct child *c, int64_t now)
{
	if (out->p[out->len - 1] == '}')
		sd_buf_char(out, ',');
	sd_buf_char(out, '{');
	text(out, "role", role_name(c->role));
	number(out, "index", c->index);
	number(out, "pid", c->pid);
	text(out, "state", child_state_name(c));
	number(out, "uptime_s", c->pid > 0 ? (now - c->started_ns) / SD_NS_PER_S : 0);
	number(out, "restarts", (int64_t)c->restarts);
	number(out, "generation", (int64_t)c->generation);
	if (c->role != ROLE_REDIS)
		sandbox(out, &c->sandbox);
	sd_buf_char(out, '}');
}

static void children(struct master *m, struct sd_buf *out)
{
	int64_t now = sd_clock_boot_ns();

	key(out, "children");
	sd_buf_char(out, '[');
	for (uint32_t i = 0; i < FLEET_MAX; i++)
		if (m->fleet.child[i].state != CHILD_NONE)
			child(out, &m->fleet.child[i], now);
	sd_buf_char(out, ']');
}

static void store(struct master *m, struct sd_buf *out)
{
	static const char *const modes[] = {"managed", "redis", "sentinel", "cluster"};
	int64_t offset = atomic_load_explicit(&m->seg.control->store_offset_ms, memory_order_relaxed);
	uint32_t mode = (uint32_t)m->server.store_mode;

	key(out, "store");
	sd_buf_char(out, '{');
	text(out, "mode", mode < SD_ARRAY_LEN(modes) ? modes[mode] : "?");
	flag(out, "up", m->subscriber.status != HEALTH_DOWN);
	text(out, "status", health_status_name(m->subscriber.status));
	text(out, "reason", health_reason_text(m->subscriber.reason));
	if (offset != INT64_MIN)
		/* how far the store's wall clock is from ours */
		number(out, "offset_ms", offset + sd_clock_boot_ns() / SD_NS_PER_MS - sd_clock_wall_ms());
	sd_buf_char(out, '}');
}

static void freshness(struct master *m, struct sd_buf *out)
{
	struct shm_revoke_counts counts;
	int64_t stale = subscriber_staleness_ns(&m->subscriber, sd_clock_boot_ns());

	key(out, "freshness");
	sd_buf_char(out, '{');
	key(out, "staleness_ms");
	if (stale == INT64_MAX)
		sd_buf_str(out, "null");
	else
		sd_buf_i64(out, stale / SD_NS_PER_MS);
	flag(out, "fresh", m->subscriber.sub != NULL && redis_sub_is_fresh(m->subscriber.sub));
	control_fresh(m, out);
	sd_buf_str(out, "},");
	nodes_status(m, out);
	segments_table_counts(&m->seg, &counts);
	key(out, "table");
	sd_buf_char(out, '{');
	number(out, "number", (int64_t)shm_revoke_w_number(m->seg.table));
	number(out, "live", (int64_t)counts.live);
	number(out, "capacity", (int64_t)counts.capacity);
	number(out, "collapsed", (int64_t)counts.collapsed);
	sd_buf_char(out, '}');
}

static void health(struct master *m, struct sd_buf *out)
{
	key(out, "health");
	sd_buf_char(out, '{');
	for (int i = 0; i < CHECK_COUNT; i++) {
		struct health h;

		health_read(m->seg.control, (enum shm_check)i, &h);
		key(out, health_check_name((enum shm_check)i));
		sd_buf_char(out, '{');
		text(out, "status", health_status_name(h.status));
		text(out, "reason", health_reason_text(h.reason));
		number(out, "since_at", h.since_s);
		sd_buf_char(out, '}');
	}
	sd_buf_char(out, '}');
}

static void last_reload(struct master *m, struct sd_buf *out)
{
	key(out, "reload");
	sd_buf_char(out, '{');
	text(out, "result", reload_result_text((unsigned)m->reload.result));
	number(out, "at", m->reload.at_s);
	flag(out, "under_way", m->reload.step != RELOAD_IDLE);
	sd_buf_char(out, '}');
}

static void listeners(struct master *m, struct sd_buf *out)
{
	char all[1024];

	sockets_text(&m->sockets, all, sizeof(all));
	text(out, "listening", all);
}

void control_status(struct master *m, struct sd_buf *out)
{
	static const char *const phases[] = {"starting", "serving", "draining"};

	sd_buf_char(out, '{');
	text(out, "version", PACKAGE_VERSION);
	text(out, "node", m->node);
	number(out, "pid", getpid());
	text(out, "phase", phases[m->phase]);
	number(out, "generation", (int64_t)policy_view_generation(&m->seg.policy.view));
	number(out, "uptime_s", (sd_clock_boot_ns() - m->started_ns) / SD_NS_PER_S);
	text(out, "users", m->own_users ? "own" : "shared");
	listeners(m, out);
	sandbox(out, &m->sandbox);
	children(m, out);
	store(m, out);
	freshness(m, out);
	health(m, out);
	last_reload(m, out);
	sd_buf_str(out, "}\n");
}
