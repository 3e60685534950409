/* SPDX-License-Identifier: MIT
 * redis_sub_node - this node's lease in the registry of nodes, and the registry as it was seen.
 * Who waits for all nodes to obey a revocation waits for those whose lease and longest staleness
 * are not over. So a poll proves something only while our own row stands there: read before the
 * logs are, in the same write.
 * Owns:      the row of this node, the removal of rows long dead
 * Runs in:   master, on bytes of the network
 * Fails by:  polls that do not count
 * Never:     say "proven" for more than the last counted poll proved
 */
#include "base.h"
#include "redis_sub_state.h"

#include <inttypes.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "err.h"
#include "redis_read.h"

#define DEAD_MS 60000 /* a row stays so long after nobody has to wait for it */
#define PRUNE_MAX 8

int64_t redis_sub_store_ms(const struct redis_sub *s, int64_t boot_ns)
{
	const struct sub_node *n = &s->node;

	return n->clock_ms == 0 ? 0 : n->clock_ms + (boot_ns - n->clock_ns) / SD_NS_PER_MS;
}

unsigned redis_sub_nodes(const struct redis_sub *s, const struct node_row **rows_out)
{
	*rows_out = s->node.seen;
	return s->node.rows_n;
}

static bool say(struct redis_sub *s, const char *const *words, int n, struct redis_req *req)
{
	const char *p[8];
	size_t len[8];
	struct redis_args args = {0, SD_ARRAY_LEN(p), p, len};

	for (int i = 0; i < n; i++)
		redis_args_str(&args, words[i]);
	return redis_link_send_args(s->commands.link, &args, req,
				    sd_loop_now_ns(s->conf.loop) + s->conf.timeout_ns) == SD_OK;
}

/* --- the registry, for the operator --- */

static void prune(struct redis_sub *s, const char *key, const struct node_row *row)
{
	const char *const words[] = {"HDEL", key, row->id};

	/* Without an answer it is done again; a node that comes back finds its row missing. */
	(void)say(s, words, 3, NULL);
}

static void take_rows(struct redis_sub *s, const struct redisReply *reply)
{
	struct sub_node *n = &s->node;
	int64_t now = redis_sub_store_ms(s, sd_clock_boot_ns());
	struct store_key key;
	unsigned pruned = 0;

	store_key_nodes(&key, s->prefix);
	n->rows_n = 0;
	for (size_t i = 0; i < reply->elements && n->rows_n < REDIS_SUB_NODES_MAX; i++) {
		struct node_row *row = &n->seen[n->rows_n];

		if (node_row_parse(redis_slice(reply->element[i]), row) != SD_OK)
			continue;
		n->rows_n++;
		if (now - row->lease_ms - row->staleness_ms > DEAD_MS && pruned++ < PRUNE_MAX)
			prune(s, key.s, row);
	}
}

static void on_rows(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, node.rows);

	(void)late;
	s->node.listing = false;
	if (!reply)
		return;
	if (reply->type == REDIS_REPLY_ARRAY && !s->closing && s->commands.ready)
		take_rows(s, reply);
	freeReplyObject(reply);
}

/* --- our row --- */

static void on_renewed(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, node.renew);

	(void)late;
	s->node.renewing = false;
	if (redis_is_error(reply)) {
		s->node.refused = sub_check_error(reply);
		s->node.due = true;
	}
	if (reply)
		freeReplyObject(reply);
}

static void on_own(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, node.own);
	struct sub_node *n = &s->node;

	(void)late;
	n->owning = false;
	n->held = reply && reply->type == REDIS_REPLY_STRING &&
		  node_row_parse(redis_slice(reply), &n->row) == SD_OK &&
		  strcmp(n->row.id, s->conf.node.id) == 0;
	if (reply)
		freeReplyObject(reply);
}

static void renew(struct redis_sub *s, const char *key, int64_t store_ms, int64_t staleness_ms)
{
	struct sub_node *n = &s->node;
	struct node_row row = {.lease_ms = store_ms + NODE_LEASE_MS,
			       .staleness_ms = staleness_ms,
			       .proven_ms = n->proven_ms};
	char text[NODE_ROW_MAX], began[24];
	const char *const begin[] = {"HSETNX", key, NODE_BEGAN, began};
	const char *const set[] = {"HSET", key, s->conf.node.id, text};
	const char *const list[] = {"HVALS", key};

	snprintf(row.id, sizeof(row.id), "%s", s->conf.node.id);
	snprintf(row.name, sizeof(row.name), "%s", s->conf.node.name);
	snprintf(row.version, sizeof(row.version), "%s", s->conf.node.version);
	node_row_format(&row, text);
	snprintf(began, sizeof(began), "%" PRId64, store_ms);
	n->refused = HEALTH_REASON_NONE;
	n->renew.fn = on_renewed;
	n->rows.fn = on_rows;
	(void)say(s, begin, 4, NULL);
	n->renewing = n->renewed = say(s, set, 4, &n->renew);
	if (!n->listing)
		n->listing = say(s, list, 2, &n->rows);
	if (!n->renewed)
		return;
	n->due = false;
	n->renewed_ns = sd_clock_boot_ns();
	n->staleness_ms = staleness_ms;
}

void sub_node_poll(struct redis_sub *s)
{
	struct sub_node *n = &s->node;
	const struct redis_sub_node *conf = &s->conf.node;
	int64_t now = sd_clock_boot_ns(), staleness, store_ms;
	struct store_key key;
	const char *const own[] = {"HGET", key.s, conf->id};

	if (!conf->id)
		return;
	staleness = conf->staleness_ms(conf->arg);
	store_ms = redis_sub_store_ms(s, now);
	store_key_nodes(&key, s->prefix);
	n->held = n->renewed = false;
	n->due |= staleness != n->staleness_ms ||
		  now - n->renewed_ns >= NODE_RENEW_MS * SD_NS_PER_MS;
	if (n->due && store_ms > 0 && !n->renewing)
		renew(s, key.s, store_ms, staleness);
	n->own.fn = on_own;
	if (!n->owning)
		n->owning = say(s, own, 3, &n->own);
	sub_ask_read(s);
}

bool sub_node_check(struct redis_sub *s, int64_t store_ms)
{
	struct sub_node *n = &s->node;

	if (!s->conf.node.id)
		return true;
	if (n->held && n->row.lease_ms >= store_ms &&
	    n->row.staleness_ms >= s->conf.node.staleness_ms(s->conf.node.arg))
		return true;
	if (!n->renewed) { /* the clock was not known yet, or the row was lost: again, at once */
		n->due = s->poll_wanted = true;
		return false;
	}
	n->due = true;
	s->fresh = false;
	sub_state(s, HEALTH_DEGRADED,
		  n->refused == HEALTH_STORE_AUTH ? n->refused : HEALTH_STORE_LEASE);
	return false;
}

/* --- the end --- */

static void has_left(struct redis_sub *s)
{
	if (s->conf.events.left && !s->closing)
		s->conf.events.left(s->conf.events.arg);
}

static void on_left(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_sub *s = SD_CONTAINER_OF(req, struct redis_sub, node.leave);

	(void)late;
	if (reply)
		freeReplyObject(reply);
	has_left(s);
}

void redis_sub_leave(struct redis_sub *s)
{
	struct sub_node *n = &s->node;
	struct store_key key;
	const char *const words[] = {"HDEL", key.s, s->conf.node.id};

	n->leaving = true;
	sd_timer_off(s->conf.loop, &s->poll_timer);
	store_key_nodes(&key, s->prefix);
	n->leave.fn = on_left;
	if (!s->conf.node.id || !s->commands.ready || !say(s, words, 3, &n->leave))
		has_left(s);
}
