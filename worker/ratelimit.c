/* SPDX-License-Identifier: MIT
 * ratelimit - this worker's share of a node's limits.
 * Owns:      buckets per tenant, a fixed table of failing sources
 * Runs in:   worker
 * Fails by:  false = over the limit
 * Never:     ask the clock; grow with what clients send */
#include "base.h"
#include "ratelimit.h"

#include "err.h"
#include "shm_layout.h"
#include "siphash.h"

#define SOURCES 8192 /* direct-mapped: a collision forgets the older one */

struct bucket {
	int64_t at_ms;
	uint32_t milli; /* tokens * 1000 */
	uint32_t in_flight;
};

struct source {
	uint64_t tag;
	int64_t minute;
	uint32_t failures;
};

struct ratelimit {
	struct sd_siphash_key secret;
	struct bucket tenant[SHM_TENANTS];
	struct source source[SOURCES];
	struct hm_failures untold;
};

int ratelimit_new(const uint64_t secret[2], struct ratelimit **out)
{
	struct ratelimit *r = calloc(1, sizeof(*r));
	*out = r;
	if (!r)
		return SD_ERR_MEMORY;
	r->secret = (struct sd_siphash_key){secret[0], secret[1]};
	return SD_OK;
}

void ratelimit_free(struct ratelimit **r)
{
	free(*r);
	*r = NULL;
}

static uint32_t share(uint32_t limit, uint32_t workers)
{
	uint32_t w = SD_MAX(workers, 1u);
	return SD_MAX((limit + w - 1) / w, 1u);
}

bool ratelimit_create(struct ratelimit *r, uint32_t tenant_slot, uint32_t per_second,
		      uint32_t workers, int64_t now_ms)
{
	if (tenant_slot >= SHM_TENANTS || per_second == 0)
		return true;
	struct bucket *b = &r->tenant[tenant_slot];
	uint64_t rate = share(per_second, workers);
	uint64_t full = rate * 1000; /* one second's worth may come at once */
	if (b->at_ms == 0)
		b->milli = (uint32_t)SD_MIN(full, (uint64_t)UINT32_MAX);
	else if (now_ms > b->at_ms) {
		uint64_t gained = (uint64_t)SD_MIN(now_ms - b->at_ms, (int64_t)1000) * rate;
		b->milli = (uint32_t)SD_MIN(SD_MIN(full, b->milli + gained), (uint64_t)UINT32_MAX);
	}
	b->at_ms = now_ms;
	if (b->milli < 1000)
		return false;
	b->milli -= 1000;
	return true;
}

static uint64_t tag_of(const struct ratelimit *r, uint32_t tenant_slot, struct sd_slice ip)
{
	return sd_siphash(r->secret, ip.p, ip.n) ^
	       (0x9e3779b97f4a7c15ull * ((uint64_t)tenant_slot + 1));
}

static void note_untold(struct hm_failures *f, uint64_t tag, uint32_t minute)
{
	uint32_t i = 0;
	while (i < f->count && (f->source[i].tag != tag || f->source[i].minute != minute))
		i++;
	if (i == HM_FAILURES_MOST)
		return;
	if (i == f->count)
		f->source[f->count++] = (struct hm_source){.tag = tag, .minute = minute};
	f->source[i].failures++;
}

void ratelimit_failed(struct ratelimit *r, uint32_t tenant_slot, struct sd_slice ip, int64_t now_ms)
{
	uint64_t tag = tag_of(r, tenant_slot, ip);
	struct source *s = &r->source[tag % SOURCES];
	int64_t minute = now_ms / 60000;
	if (ip.n == 0)
		return;
	if (s->tag != tag || s->minute != minute)
		*s = (struct source){.tag = tag, .minute = minute};
	s->failures++;
	note_untold(&r->untold, tag, (uint32_t)minute);
}

bool ratelimit_untold(struct ratelimit *r, struct hm_failures *out)
{
	*out = r->untold;
	memset(&r->untold, 0, sizeof(r->untold));
	return out->count > 0;
}

void ratelimit_heard(struct ratelimit *r, const struct hm_failures *what)
{
	for (uint32_t i = 0; i < SD_MIN(what->count, (uint32_t)HM_FAILURES_MOST); i++) {
		const struct hm_source *f = &what->source[i];
		struct source *s = &r->source[f->tag % SOURCES];
		if (s->tag == f->tag && s->minute == f->minute)
			s->failures += SD_MIN(f->failures, UINT32_MAX - s->failures);
		else if (s->minute <= f->minute)
			*s = (struct source){f->tag, f->minute, f->failures};
	}
}

bool ratelimit_source_ok(const struct ratelimit *r, uint32_t tenant_slot, struct sd_slice ip,
			 uint32_t per_minute, int64_t now_ms)
{
	/* Looking changes nothing: honest traffic must not push out the failures of an attacker. */
	uint64_t tag = tag_of(r, tenant_slot, ip);
	const struct source *s = &r->source[tag % SOURCES];
	return ip.n == 0 || per_minute == 0 || s->tag != tag || s->minute != now_ms / 60000 ||
	       s->failures < per_minute;
}

bool ratelimit_enter(struct ratelimit *r, uint32_t tenant_slot, uint32_t in_flight,
		     uint32_t workers)
{
	if (tenant_slot >= SHM_TENANTS)
		return true;
	if (in_flight != 0 && r->tenant[tenant_slot].in_flight >= share(in_flight, workers))
		return false;
	r->tenant[tenant_slot].in_flight++;
	return true;
}

void ratelimit_leave(struct ratelimit *r, uint32_t tenant_slot)
{
	if (tenant_slot < SHM_TENANTS && r->tenant[tenant_slot].in_flight > 0)
		r->tenant[tenant_slot].in_flight--;
}
