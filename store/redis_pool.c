/* SPDX-License-Identifier: MIT
 * redis_pool - connections by index, the least loaded one, the breaker.
 * Owns:      a worker's links and the breaker's state
 * Runs in:   worker, inside the sandbox
 * Fails by:  having no link to give
 * Never:     let a request of a user be the probe
 */
#include "base.h"
#include "redis_pool.h"

#include <unistd.h>

#include <hiredis/hiredis.h>

#include "err.h"

#define MAX_REPLY (1u << 20)
#define BREAK_AFTER 5
#define PROBE_NS (500 * 1000000LL)
#define STALL_NS (2 * 1000000000LL) /* at least; a slow server has four times its time-out */

struct place {
	struct redis_pool *pool;
	uint32_t index;
	struct redis_link *link; /* NULL: lost, another was asked for */
	bool dropping;
	const char *why;
	struct sd_task drop;
};

struct redis_pool {
	struct redis_pool_conf conf;
	struct place place[REDIS_POOL_MAX];
	unsigned timeouts; /* in a row */
	bool open;	   /* the breaker */
	struct sd_timer probe_timer;
	struct redis_req probe; /* a PING while the breaker is open */
	bool probing;
};

static void on_probe_timer(struct sd_timer *t);

static void probe_later(struct redis_pool *pool)
{
	/* Without memory for a timer the breaker would stay open for ever: better to try. */
	if (sd_timer_at(pool->conf.loop, &pool->probe_timer,
			sd_loop_now_ns(pool->conf.loop) + PROBE_NS, on_probe_timer) != SD_OK)
		pool->open = false;
}

static void on_result(void *arg, bool answered)
{
	struct redis_pool *pool = ((struct place *)arg)->pool;

	if (answered) {
		pool->timeouts = 0;
		return;
	}
	if (++pool->timeouts >= BREAK_AFTER && !pool->open) {
		pool->open = true;
		probe_later(pool);
	}
}

static void on_probe(struct redis_req *req, struct redisReply *reply, bool late)
{
	struct redis_pool *pool = SD_CONTAINER_OF(req, struct redis_pool, probe);

	(void)late;
	pool->probing = false;
	if (reply) { /* any answer: what it says is the next call's to judge */
		freeReplyObject(reply);
		pool->open = false;
		pool->timeouts = 0;
	} else {
		probe_later(pool);
	}
}

static struct redis_link *least_loaded(struct redis_pool *pool)
{
	struct redis_link *best = NULL;

	for (uint32_t i = 0; i < pool->conf.connections; i++) {
		struct redis_link *l = pool->place[i].dropping ? NULL : pool->place[i].link;

		if (l && (!best || redis_link_pending(l) < redis_link_pending(best)))
			best = l;
	}
	return best;
}

static void on_probe_timer(struct sd_timer *t)
{
	struct redis_pool *pool = SD_CONTAINER_OF(t, struct redis_pool, probe_timer);
	struct redis_link *link = least_loaded(pool);

	if (!pool->open || pool->probing)
		return;
	pool->probe.fn = on_probe;
	pool->probing = true;
	if (!link ||
	    redis_link_send(link, SD_SLICE("*1\r\n$4\r\nPING\r\n"), &pool->probe,
			    sd_loop_now_ns(pool->conf.loop) + pool->conf.timeout_ns) != SD_OK) {
		pool->probing = false;
		probe_later(pool);
	}
}

static void on_closed(void *arg, const char *why)
{
	struct place *p = arg;

	redis_link_free(&p->link);
	p->dropping = false;
	sd_loop_undefer(p->pool->conf.loop, &p->drop);
	if (p->pool->conf.lost)
		p->pool->conf.lost(p->pool->conf.arg, p->index, why);
}

int redis_pool_new(const struct redis_pool_conf *conf, struct redis_pool **out)
{
	struct redis_pool *pool;

	*out = NULL;
	if (conf->connections == 0 || conf->connections > REDIS_POOL_MAX)
		return SD_ERR_INVALID;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return SD_ERR_MEMORY;
	pool->conf = *conf;
	for (uint32_t i = 0; i < REDIS_POOL_MAX; i++) {
		pool->place[i].pool = pool;
		pool->place[i].index = i;
	}
	*out = pool;
	return SD_OK;
}

void redis_pool_free(struct redis_pool **pp)
{
	struct redis_pool *pool = *pp;

	if (!pool)
		return;
	pool->open = true; /* nobody picks any more */
	for (uint32_t i = 0; i < REDIS_POOL_MAX; i++) {
		sd_loop_undefer(pool->conf.loop, &pool->place[i].drop);
		redis_link_free(&pool->place[i].link);
	}
	sd_timer_off(pool->conf.loop, &pool->probe_timer);
	free(pool);
	*pp = NULL;
}

int redis_pool_add(struct redis_pool *pool, uint32_t index, int fd)
{
	struct redis_link_conf conf = {.loop = pool->conf.loop,
				       .max_reply = MAX_REPLY,
				       .stall_ns = SD_MAX(STALL_NS, 4 * pool->conf.timeout_ns),
				       .closed = on_closed,
				       .result = on_result,
				       .tagged = true};
	struct place *p;

	if (index >= pool->conf.connections) {
		close(fd);
		return SD_ERR_INVALID;
	}
	p = &pool->place[index];
	conf.arg = p;
	redis_link_free(&p->link);
	sd_loop_undefer(pool->conf.loop, &p->drop);
	p->dropping = false;
	return redis_link_new(&conf, fd, &p->link);
}

struct redis_link *redis_pool_pick(struct redis_pool *pool)
{
	return pool->open ? NULL : least_loaded(pool);
}

bool redis_pool_has(const struct redis_pool *pool, const struct redis_link *link)
{
	for (uint32_t i = 0; i < pool->conf.connections; i++)
		if (link && pool->place[i].link == link && !pool->place[i].dropping)
			return true;
	return false;
}

bool redis_pool_is_up(const struct redis_pool *pool)
{
	if (pool->open)
		return false;
	for (uint32_t i = 0; i < pool->conf.connections; i++)
		if (pool->place[i].link && !pool->place[i].dropping)
			return true;
	return false;
}

static void on_drop(struct sd_task *task)
{
	struct place *p = SD_CONTAINER_OF(task, struct place, drop);

	on_closed(p, p->why);
}

void redis_pool_drop(struct redis_pool *pool, struct redis_link *link, const char *why)
{
	for (uint32_t i = 0; i < pool->conf.connections; i++) {
		struct place *p = &pool->place[i];

		/* Later: the link may be in the middle of its replies. */
		if (p->link == link && !p->dropping) {
			p->dropping = true;
			p->why = why;
			sd_loop_defer(pool->conf.loop, &p->drop, on_drop);
		}
	}
}
