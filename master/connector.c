/* SPDX-License-Identifier: MIT
 * connector - makes the workers' connections to the store: they can neither open nor connect.
 * Owns:      one dial or one back-off timer for each connection of each worker
 * Runs in:   master (after the sandbox)
 * Fails by:  trying again: 50 ms .. 1 s, with jitter, at most one attempt a connection
 * Never:     keeps a connection: it is the worker's from its hand-over on */
#include "base.h"
#include "master.h"

#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "log.h"
#include "secret.h"

#define BACK_OFF_FIRST_MS 50
#define BACK_OFF_MAX_MS 1000
#define STEADY_NS (2 * SD_NS_PER_S) /* a connection that lived this long forgets the back-off */
#define DIAL_TIMEOUT_NS (2 * SD_NS_PER_S)
#define SAY_EVERY_NS (10 * SD_NS_PER_S)

struct connector_slot {
	struct master *m;
	uint32_t worker, index;
	bool wanted;
	struct redis_dial *dial;
	struct sd_timer timer;
	int64_t back_off_ms;
	int64_t given_ns; /* when the last connection was handed over */
};

int connector_open(struct master *m)
{
	struct connector *c = &m->connector;

	c->per_worker = m->server.store_connections;
	c->slot = calloc((size_t)m->workers * c->per_worker, sizeof(*c->slot));
	if (c->slot == NULL)
		return SD_ERR_MEMORY;
	for (uint32_t i = 0; i < m->workers * c->per_worker; i++)
		c->slot[i] = (struct connector_slot){.m = m, .worker = i / c->per_worker,
						     .index = i % c->per_worker};
	return SD_OK;
}

static void dial(struct connector_slot *s);

static void on_timer(struct sd_timer *t)
{
	dial(SD_CONTAINER_OF(t, struct connector_slot, timer));
}

static void dial_later(struct connector_slot *s)
{
	uint32_t jitter = 0;
	int64_t wait_ms;

	if (s->back_off_ms == 0)
		s->back_off_ms = BACK_OFF_FIRST_MS;
	(void)!sd_random(&jitter, sizeof(jitter));
	wait_ms = s->back_off_ms / 2 + jitter % (uint32_t)s->back_off_ms;
	s->back_off_ms = SD_MIN(s->back_off_ms * 2, BACK_OFF_MAX_MS);
	if (sd_timer_at(s->m->loop, &s->timer, sd_clock_boot_ns() + wait_ms * SD_NS_PER_MS, on_timer) !=
	    SD_OK)
		sd_log(SD_LOG_ERROR, "store-dial", SD_FS("text", "out of memory"));
}

static void say(struct connector *c, const char *why)
{
	int64_t now = sd_clock_boot_ns();

	c->failures++;
	if (c->said_ns != 0 && now - c->said_ns < SAY_EVERY_NS)
		return;
	c->said_ns = now;
	sd_log(SD_LOG_WARN, "store-dial", SD_FS("text", why), SD_FI("failures", c->failures));
}

static void on_dialled(void *arg, int fd, bool loading SD_UNUSED, const char *why)
{
	struct connector_slot *s = arg;
	struct hm_store body = {.index = s->index};

	s->dial = NULL;
	if (fd < 0) {
		say(&s->m->connector, why);
		if (s->wanted)
			dial_later(s);
		return;
	}
	if (s->wanted) {
		s->given_ns = sd_clock_boot_ns();
		handover_send(fleet_worker(&s->m->fleet, s->worker), HM_STORE, &body, sizeof(body), fd);
	}
	(void)close(fd);
	master_check_serving(s->m);
}

bool connector_all_given(const struct master *m)
{
	const struct connector *c = &m->connector;

	for (size_t i = 0; i < (size_t)m->workers * c->per_worker; i++)
		if (c->slot[i].given_ns == 0)
			return false;
	return true;
}

static void dial(struct connector_slot *s)
{
	char name[32];
	const struct redis_dial_conf conf = {
	    .loop = s->m->loop,
	    .addr = &s->m->store.worker,
	    .name = name,
	    .timeout_ns = DIAL_TIMEOUT_NS,
	    .fn = on_dialled,
	    .arg = s,
	};

	if (!s->wanted || s->dial != NULL)
		return;
	s->m->connector.dials++;
	(void)snprintf(name, sizeof(name), "sessiond-worker-%u", s->worker);
	if (redis_dial_start(&conf, &s->dial) != SD_OK) {
		s->dial = NULL;
		say(&s->m->connector, "no attempt could be made");
		dial_later(s);
	}
}

void connector_worker_started(struct master *m, uint32_t worker)
{
	struct connector *c = &m->connector;

	for (uint32_t i = 0; i < c->per_worker; i++) {
		struct connector_slot *s = &c->slot[worker * c->per_worker + i];

		s->wanted = true;
		s->back_off_ms = 0;
		dial(s);
	}
}

void connector_worker_ended(struct master *m, uint32_t worker)
{
	struct connector *c = &m->connector;

	for (uint32_t i = 0; i < c->per_worker; i++) {
		struct connector_slot *s = &c->slot[worker * c->per_worker + i];

		s->wanted = false;
		sd_timer_off(m->loop, &s->timer);
		redis_dial_cancel(&s->dial);
	}
}

void connector_lost(struct master *m, uint32_t worker, uint32_t index)
{
	struct connector_slot *s;

	if (index >= m->connector.per_worker)
		return;
	s = &m->connector.slot[worker * m->connector.per_worker + index];
	if (!s->wanted || s->dial != NULL || s->timer.heap_pos != 0)
		return;
	if (sd_clock_boot_ns() - s->given_ns > STEADY_NS)
		s->back_off_ms = 0;
	dial_later(s);
}
