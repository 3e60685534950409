/* SPDX-License-Identifier: MIT
 * security_tell - what the workers refused, by tenant, into the store's counts of the hour.
 * Owns:      when it is told
 * Runs in:   master (after the sandbox)
 * Fails by:  telling it again: what was lost with an answer may be counted twice, never not at all
 * Never:     cost a request anything: workers count in their own memory
 */
#include "base.h"
#include "security_tell.h"

#include "err.h"
#include "master.h"
#include "metrics.h"

int security_tell_open(struct master *m)
{
	struct security_tally *t = &m->security_tell.tally;

	m->security_tell.m = m;
	t->sum = calloc(1, sizeof(*t->sum));
	t->place = calloc(SECURITY_TALLY_PLACES, sizeof(*t->place));
	return t->sum != NULL && t->place != NULL ? SD_OK : SD_ERR_MEMORY;
}

static void next(struct security_tell *t);

static void on_told(struct redis_req *req, struct redisReply *reply, bool late SD_UNUSED)
{
	struct security_tell *t = SD_CONTAINER_OF(req, struct security_tell, req);
	enum store_back_result result = store_back_take(reply);
	bool arrived = result == STORE_BACK_STOOD;

	t->busy = false;
	t->known = arrived;
	security_tally_told(&t->tally, arrived || result == STORE_BACK_REFUSED);
	if (arrived && t->m->phase != MASTER_DRAINING)
		next(t);
}

static int ask(struct security_tell *t)
{
	struct master *m = t->m;
	struct sd_slice command;
	int err = store_back_count(m->writeback.store, &t->tally.in, writeback_deadline_ms(&m->writeback), !t->known,
				   &command);

	t->req.fn = on_told;
	if (err == SD_OK)
		err = redis_sub_send(m->subscriber.sub, command, &t->req);
	free((void *)(uintptr_t)command.p);
	return err;
}

/* The next of what sum has. A tenant that is configured no more has nobody who would read it. */
static void next(struct security_tell *t)
{
	for (;;) {
		uint32_t slot = security_tally_collect(&t->tally);

		if (slot == SHM_SLOT_NONE)
			return;
		t->tally.in.tenant = metrics_tenant_name(t->m, slot);
		if (t->tally.in.tenant.n > 0)
			break;
		security_tally_told(&t->tally, true);
	}
	t->busy = ask(t) == SD_OK;
	if (!t->busy)
		security_tally_told(&t->tally, false);
}

void security_tell_tick(struct master *m)
{
	struct security_tell *t = &m->security_tell;

	if (t->busy || m->subscriber.sub == NULL || !redis_sub_is_fresh(m->subscriber.sub))
		return;
	memset(t->tally.sum, 0, sizeof(*t->tally.sum));
	metrics_sum(m, t->tally.sum);
	next(t);
}
