/* SPDX-License-Identifier: MIT
 * arena - bump allocation for the life of one request.
 * Owns:      its blocks
 * Runs in:   every process, before and after its sandbox
 * Fails by:  returning NULL
 * Never:     a way to free one allocation; what outlives the request does not belong here */
#include "base.h"
#include "arena.h"

#include "secret.h"
#include "starved.h"

#define ARENA_ALIGN 16
#define ARENA_BLOCK 4032 /* bytes of an ordinary block: a page with its header and malloc's */

struct sd_arena_block {
	struct sd_arena_block *next;
	size_t size;
	size_t used;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void sd_arena_init(struct sd_arena *a, size_t max)
{
	*a = (struct sd_arena){.max = max};
}

void sd_arena_reset(struct sd_arena *a)
{
	struct sd_arena_block *b, *next, *keep = NULL;

	for (b = a->head; b != NULL; b = next) {
		next = b->next;
		sd_wipe(b->bytes, b->used); /* bodies, tokens, answers of the request */
#ifndef SD_SANITIZERS
		if (keep == NULL && b->size == ARENA_BLOCK) {
			keep = b;
			continue;
		}
#endif
		free(b);
	}
	if (keep != NULL) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->head = keep;
	a->used = 0;
}

void sd_arena_fini(struct sd_arena *a)
{
	if (a == NULL)
		return;
	sd_arena_reset(a);
	free(a->head);
	a->head = NULL;
}

/* Behind the head when it is big: what is left of the head stays usable. */
static struct sd_arena_block *block_new(struct sd_arena *a, size_t size, bool behind)
{
	struct sd_arena_block *b = sd_starved_note(malloc(sizeof(*b) + size));

	if (b == NULL)
		return NULL;
	b->size = size;
	b->used = 0;
	if (behind && a->head != NULL) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

void *sd_arena_alloc(struct sd_arena *a, size_t n)
{
	size_t left = a->max - a->used, want;
	struct sd_arena_block *b = a->head;
	unsigned char *p;

	if (n > left)
		return NULL;
	want = (SD_MAX(n, (size_t)1) + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (want < n)
		return NULL;
#ifdef SD_SANITIZERS
	b = block_new(a, n, false); /* exactly n bytes: one more is a report */
#else
	if (b == NULL || want > b->size - b->used)
		b = want > ARENA_BLOCK / 4 ? block_new(a, want, true) : block_new(a, ARENA_BLOCK, false);
#endif
	if (b == NULL)
		return NULL;
	p = b->bytes + b->used;
	b->used += want;
	a->used += SD_MIN(want, left); /* rounding up must not run past max */
	memset(p, 0, n);
	return p;
}

struct sd_slice sd_arena_copy(struct sd_arena *a, struct sd_slice s)
{
	char *p = s.n < SIZE_MAX ? sd_arena_alloc(a, s.n + 1) : NULL;

	if (p == NULL)
		return (struct sd_slice){NULL, 0};
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct sd_slice){p, s.n};
}
