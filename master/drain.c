/* SPDX-License-Identifier: MIT
 * drain - the ordered end: workers finish what is in flight, then the auditor has written
 * everything, then the lease of the node is given up, then the store.
 * Owns:      the order and its deadlines
 * Runs in:   master (after the sandbox)
 * Fails by:  killing who does not end in time
 * Never:     ends the auditor before those who report to it */
#include "base.h"
#include "master.h"

#include "log.h"

#define WORKERS_MS 10000
#define OTHERS_MS 4000
#define REDIS_MS 6000

enum drain_step { DRAIN_NONE = 0, DRAIN_WORKERS, DRAIN_SIGNERS, DRAIN_AUDITOR, DRAIN_NODES, DRAIN_REDIS, DRAIN_DONE };

static void retire_role(struct master *m, enum role role, int64_t wait_ms)
{
	for (uint32_t i = 0; i < FLEET_MAX; i++)
		if (m->fleet.child[i].role == role)
			fleet_child_retire(&m->fleet.child[i], wait_ms);
}

static void next_step(struct master *m)
{
	m->drain_step++;
	switch ((enum drain_step)m->drain_step) {
	case DRAIN_WORKERS:
		retire_role(m, ROLE_WORKER, WORKERS_MS);
		retire_role(m, ROLE_FETCHER, OTHERS_MS);
		retire_role(m, ROLE_GEO, OTHERS_MS);
		break;
	case DRAIN_SIGNERS:
		retire_role(m, ROLE_SIGNER, OTHERS_MS);
		break;
	case DRAIN_AUDITOR:
		retire_role(m, ROLE_AUDITOR, OTHERS_MS);
		break;
	case DRAIN_NODES:
		nodes_leave(m);
		break;
	case DRAIN_REDIS:
		subscriber_stop(m);
		retire_role(m, ROLE_REDIS, REDIS_MS);
		break;
	case DRAIN_NONE:
	case DRAIN_DONE:
		break;
	}
}

static bool step_is_over(const struct master *m)
{
	switch ((enum drain_step)m->drain_step) {
	case DRAIN_WORKERS:
		return fleet_role_gone(&m->fleet, ROLE_WORKER);
	case DRAIN_SIGNERS:
		return fleet_role_gone(&m->fleet, ROLE_SIGNER) &&
		       fleet_role_gone(&m->fleet, ROLE_FETCHER) && fleet_role_gone(&m->fleet, ROLE_GEO);
	case DRAIN_AUDITOR:
		return fleet_role_gone(&m->fleet, ROLE_AUDITOR);
	case DRAIN_NODES:
		return m->nodes.left;
	case DRAIN_REDIS:
		return fleet_role_gone(&m->fleet, ROLE_REDIS);
	case DRAIN_NONE:
	case DRAIN_DONE:
		break;
	}
	return false;
}

void drain_child_ended(struct master *m)
{
	if (m->phase != MASTER_DRAINING)
		return;
	while (step_is_over(m))
		next_step(m);
	if (m->drain_step == DRAIN_DONE) {
		sd_log(SD_LOG_INFO, "stopped");
		sd_loop_stop(m->loop);
	}
}

void drain_start(struct master *m)
{
	if (m->phase == MASTER_DRAINING)
		return;
	m->phase = MASTER_DRAINING;
	sd_log(SD_LOG_INFO, "stopping");
	notify_send(&m->notify, "STOPPING=1");
	reload_cancel(m);
	control_close(m);
	sweeper_stop(m);
	reclock_stop(m);
	board_state(m->board.p, BOARD_DRAINING);
	next_step(m);
	/* Workers hold the sockets too: what waits in the queue is served before they close. */
	sockets_close(&m->sockets);
	drain_child_ended(m);
}
