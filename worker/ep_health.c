/* SPDX-License-Identifier: MIT
 * ep_health - GET /health, /livez, /readyz: what the master wrote into control memory.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  503 when not serving
 * Never:     probe anything itself; take the master's "ok" for more than its proofs; show a name or
 *            address
 */
#include "base.h"
#include "ep.h"

#include "clock.h"
#include "respond.h"
#include "shm_fresh.h"
#include "shm_health.h"

/* Until every partition was read once nothing can be answered from memory. */
static bool ready(const struct request *r)
{
	if (r->w->draining)
		return false;
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		if (shm_fresh_as_of(r->w->control, (uint8_t)p) <= 0)
			return false;
	return true;
}

static int64_t oldest_proof_ns(const struct request *r)
{
	int64_t as_of = INT64_MAX;
	for (uint32_t p = 0; p < SHM_PARTITIONS; p++)
		as_of = SD_MIN(as_of, shm_fresh_as_of(r->w->control, (uint8_t)p));
	return as_of;
}

/* The strictest tenant's bound, at most a second. */
static int64_t strictest_staleness_ns(const struct request *r)
{
	const struct policy_view *v = &r->gen->view;
	int64_t ms = 1000;
	for (uint32_t i = 0; i < v->image->tenants.count; i++)
		ms = SD_MIN(ms, (int64_t)policy_view_tenant(v, i)->max_staleness_ms);
	return ms * SD_NS_PER_MS;
}

/* A master that does not run says nothing new: its last word may be "ok". Its proofs grow old all
 * the same; said a fifth before the bound, so that it is said within a second. */
static void check_freshness(const struct request *r, struct health *h)
{
	int64_t as_of = oldest_proof_ns(r), now = sd_clock_boot_ns();
	if (h->status != HEALTH_OK ||
	    shm_fresh_holds(as_of, now, strictest_staleness_ns(r) / 5 * 4))
		return;
	h->status = HEALTH_DEGRADED;
	h->reason = HEALTH_NOT_PROVEN;
	h->since_s = (r->now_ms - (as_of > 0 ? (now - as_of) / SD_NS_PER_MS : 0)) / 1000;
}

static enum step health(struct request *r)
{
	struct sd_buf *b = &r->body;
	bool all_ok = true;
	struct sd_buf checks;
	sd_buf_init(&checks, 8192);
	for (unsigned i = 0; i < CHECK_COUNT; i++) {
		struct health h;
		health_read(r->w->control, (enum shm_check)i, &h);
		if (i == CHECK_FRESHNESS)
			check_freshness(r, &h);
		all_ok &= h.status == HEALTH_OK;
		sd_buf_printf(&checks, "%s\"%s\":{\"status\":\"%s\",\"reason\":", i ? "," : "",
			      health_check_name((enum shm_check)i), health_status_name(h.status));
		sd_buf_json_str(&checks, sd_slice_str(health_reason_text(h.reason)));
		sd_buf_printf(&checks, ",\"since_at\":%lld}", (long long)h.since_s);
	}
	sd_buf_printf(b, "{\"status\":\"%s\",\"checks\":{", all_ok ? "ok" : "degraded");
	sd_buf_put(b, sd_buf_slice(&checks));
	sd_buf_str(b, "}}");
	sd_buf_fini(&checks);
	return respond_json(r, r->w->draining ? 503 : 200);
}

static enum step livez(struct request *r)
{
	return respond_text(r, 200, "text/plain; charset=utf-8", SD_SLICE("alive\n"));
}

static enum step readyz(struct request *r)
{
	if (ready(r))
		return respond_text(r, 200, "text/plain; charset=utf-8", SD_SLICE("ready\n"));
	return respond_text(r, 503, "text/plain; charset=utf-8", SD_SLICE("not ready\n"));
}

const request_step ep_health_steps[] = {health, NULL};
const request_step ep_livez_steps[] = {livez, NULL};
const request_step ep_readyz_steps[] = {readyz, NULL};
