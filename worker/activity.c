/* SPDX-License-Identifier: MIT
 * activity - when this worker last saw each session, and what it has told the store of that.
 * Owns:      its entries
 * Runs in:   worker
 * Fails by:  SD_ERR_MEMORY at creation; forgetting: a session then counts as seen when recorded
 * Never:     tell the store itself, or decide whether a session is idle */
#include "base.h"
#include "activity.h"

#include "err.h"
#include "siphash.h"

#define WAYS 8

struct activity {
	struct sd_siphash_key secret;
	uint64_t sets; /* a power of two */
	struct activity_entry entry[]; /* sets * WAYS */
};

int activity_new(uint64_t entries, const uint64_t secret[2], struct activity **out)
{
	uint64_t sets = 1;
	while (sets * WAYS < entries)
		sets *= 2;
	struct activity *a = calloc(1, sizeof(*a) + sets * WAYS * sizeof(a->entry[0]));
	*out = a;
	if (!a)
		return SD_ERR_MEMORY;
	a->secret = (struct sd_siphash_key){~secret[0], secret[1]};
	a->sets = sets;
	return SD_OK;
}

void activity_free(struct activity **a)
{
	free(*a);
	*a = NULL;
}

static uint64_t tag_of(const struct activity *a, const struct sid *sid)
{
	uint64_t tag = sd_siphash(a->secret, sid->b, sizeof(sid->b));
	return tag ? tag : 1;
}

static uint64_t set_of(const struct activity *a, uint64_t tag)
{
	return (tag & (a->sets - 1)) * WAYS;
}

struct activity_entry *activity_find(struct activity *a, const struct sid *sid)
{
	uint64_t tag = tag_of(a, sid);
	struct activity_entry *set = &a->entry[set_of(a, tag)];
	for (int i = 0; i < WAYS; i++)
		if (set[i].tag == tag)
			return &set[i];
	return NULL;
}

int64_t activity_seen_ms(struct activity *a, const struct sid *sid)
{
	const struct activity_entry *e = activity_find(a, sid);
	return e ? e->seen_ms : 0;
}

/* Its own place, else a free one, else that of what was seen longest ago. */
static struct activity_entry *place(struct activity *a, uint64_t tag)
{
	struct activity_entry *set = &a->entry[set_of(a, tag)], *best = set;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].seen_ms < best->seen_ms)
			best = &set[i];
	}
	return best;
}

struct activity_entry *activity_use(struct activity *a, const struct sid *sid, int64_t now_ms,
				    int64_t recorded_ms)
{
	uint64_t tag = tag_of(a, sid);
	struct activity_entry *e = place(a, tag);
	if (e->tag != tag)
		*e = (struct activity_entry){.tag = tag};
	e->seen_ms = SD_MAX(e->seen_ms, now_ms);
	e->told_ms = SD_MAX(e->told_ms, recorded_ms);
	e->untold += e->untold < UINT32_MAX;
	return e;
}

void activity_lost(struct activity *a, const struct sid *sid)
{
	struct activity_entry *e = activity_find(a, sid);
	if (e)
		e->lost = 1;
}
