/* SPDX-License-Identifier: MIT
 * remember - a private, bounded, set-associative table.
 * Owns:      its values
 * Runs in:   worker
 * Fails by:  SD_ERR_MEMORY at creation; forgetting
 * Never:     decide whether a value is still true: its user does (generation, bucket, exp) */
#include "base.h"
#include "remember.h"

#include "err.h"
#include "siphash.h"

#define WAYS 8

struct remember {
	struct sd_siphash_key secret;
	uint64_t sets; /* a power of two */
	uint64_t clock;
	uint64_t count;
	struct remember_head *way[]; /* sets * WAYS */
};

int remember_new(uint32_t entries, const uint64_t secret[2], struct remember **out)
{
	uint64_t sets = 1;
	while (sets * WAYS < entries)
		sets *= 2;
	struct remember *r = calloc(1, sizeof(*r) + sets * WAYS * sizeof(r->way[0]));
	*out = r;
	if (!r)
		return SD_ERR_MEMORY;
	r->secret = (struct sd_siphash_key){secret[0], secret[1]};
	r->sets = sets;
	return SD_OK;
}

void remember_free(struct remember **pr)
{
	struct remember *r = *pr;
	*pr = NULL;
	if (!r)
		return;
	for (uint64_t i = 0; i < r->sets * WAYS; i++)
		free(r->way[i]);
	free(r);
}

static struct remember_head **set_of(struct remember *r, const uint8_t key[32])
{
	return &r->way[(sd_siphash(r->secret, key, 32) & (r->sets - 1)) * WAYS];
}

static struct remember_head **find(struct remember *r, const uint8_t key[32])
{
	struct remember_head **set = set_of(r, key);
	for (int i = 0; i < WAYS; i++)
		if (set[i] && memcmp(set[i]->key, key, 32) == 0)
			return &set[i];
	return NULL;
}

void *remember_find(struct remember *r, const uint8_t key[32])
{
	struct remember_head **p = find(r, key);
	if (!p)
		return NULL;
	(*p)->used = ++r->clock;
	return *p;
}

void remember_put(struct remember *r, struct remember_head *value)
{
	struct remember_head **place = find(r, value->key);
	struct remember_head **set = set_of(r, value->key);
	for (int i = 0; !place && i < WAYS; i++)
		if (!set[i])
			place = &set[i];
	if (!place) {
		place = &set[0];
		for (int i = 1; i < WAYS; i++)
			if (set[i]->used < (*place)->used)
				place = &set[i];
	}
	if (!*place)
		r->count++;
	free(*place);
	value->used = ++r->clock;
	*place = value;
}

uint64_t remember_count(const struct remember *r)
{
	return r->count;
}
