/* SPDX-License-Identifier: MIT
 * ep_health - GET /health, /livez, /readyz: what the master wrote into control memory.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  503 when not serving
 * Never:     probe anything itself; show a name or address
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

static enum step health(struct request *r)
{
	struct sd_buf *b = &r->body;
	bool all_ok = true;
	struct sd_buf checks;
	sd_buf_init(&checks, 8192);
	for (unsigned i = 0; i < CHECK_COUNT; i++) {
		struct health h;
		health_read(r->w->control, (enum shm_check)i, &h);
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
