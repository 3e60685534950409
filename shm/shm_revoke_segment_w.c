/* SPDX-License-Identifier: MIT
 * shm_revoke_segment_w - a segment of the revocation table: made, given back.
 * Owns:      a segment's descriptor, mapping and list of owners
 * Runs in:   master
 * Fails by:  SD_ERR_MEMORY/SYSTEM with nothing left behind
 * Never:     touches a segment that readers have */
#include "base.h"

#include "shm_revoke_priv.h"

#include <sys/mman.h>
#include <unistd.h>

#include "err.h"
#include "fault.h"
#include "shm_map.h"

/* Unmapped at once: some tens of microseconds. */
#define FREE_PIECE ((size_t)1 << 20)

/* At three quarters at most a way is short: a bucket without an empty slot is the exception. */
uint64_t revoke_buckets_for(uint64_t entries)
{
	uint64_t buckets = REVOKE_MIN_BUCKETS;

	while (buckets * SHM_REVOKE_SLOTS * 3 / 4 < entries)
		buckets *= 2;
	return buckets;
}

static size_t owner_bytes(const struct revoke_segment *s)
{
	return (s->size - sizeof(*s->table)) / sizeof(struct shm_revoke_slot) * sizeof(*s->owner);
}

int revoke_segment_begin(struct revoke_segment *out, uint64_t number, uint64_t buckets,
			 struct sd_diag *diag)
{
	struct revoke_segment s = {.fd = -1};
	void *p = NULL;
	int err;

	*out = s;
	s.size = sizeof(*s.table) + buckets * SHM_REVOKE_SLOTS * sizeof(struct shm_revoke_slot);
	p = mmap(NULL, owner_bytes(&s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || sd_fault("revoke-segment")) {
		if (p != MAP_FAILED)
			(void)munmap(p, owner_bytes(&s));
		return sd_diag_set(diag, SD_ERR_MEMORY, "revocation table: out of memory");
	}
	s.owner = p;
	err = shm_create_begun(SHM_KIND_REVOCATIONS, number, s.size, &s.fd, &p, diag);
	if (err != 0) {
		(void)munmap(s.owner, owner_bytes(&s));
		return err;
	}
	s.table = p;
	s.table->buckets = buckets;
	err = shm_seal_shared(s.fd);
	if (err != 0) {
		(void)sd_diag_set(diag, err, "revocation table: seal: %s", strerror(errno));
		revoke_segment_fini(&s);
		return err;
	}
	*out = s;
	return 0;
}

int revoke_segment_new(struct revoke_segment *out, uint64_t number, uint64_t buckets,
		       struct sd_diag *diag)
{
	int err = revoke_segment_begin(out, number, buckets, diag);

	if (err != 0)
		return err;
	err = shm_reserve(out->fd, 0, out->size);
	if (err == 0)
		return 0;
	(void)sd_diag_set(diag, err, "revocation table of %zu bytes: %s", out->size, strerror(errno));
	revoke_segment_fini(out);
	return err;
}

/* From the end of a mapping; true when nothing is left of it. */
static bool unmap_piece(void *p, size_t *bytes)
{
	size_t from = *bytes > FREE_PIECE ? (*bytes - FREE_PIECE) & ~(FREE_PIECE - 1) : 0;

	(void)munmap((uint8_t *)p + from, *bytes - from);
	*bytes = from;
	return from == 0;
}

/* The descriptor last: the segment's pages are freed by whoever lets go of it last, all at once
 * (a sealed file can have no holes), and that is not to be a worker. */
bool revoke_segment_fini_piece(struct revoke_segment *s)
{
	if (s->owner) {
		size_t bytes = s->owner_left ? s->owner_left : owner_bytes(s);

		if (unmap_piece(s->owner, &bytes))
			s->owner = NULL;
		s->owner_left = bytes;
	} else if (s->table && unmap_piece(s->table, &s->size)) {
		s->table = NULL;
	} else if (!s->table && s->fd >= 0) {
		(void)close(s->fd);
		s->fd = -1;
	}
	return !s->owner && !s->table && s->fd < 0;
}

void revoke_segment_fini(struct revoke_segment *s)
{
	while (!revoke_segment_fini_piece(s))
		;
	*s = (struct revoke_segment){.fd = -1};
}

bool revoke_copy_in(struct revoke_segment *s, uint64_t tag, uint64_t word, uint32_t user)
{
	uint64_t buckets = s->table->buckets, way = revoke_way(buckets);

	for (uint64_t i = 0; i < way * SHM_REVOKE_SLOTS; i++) {
		uint64_t n = revoke_bucket(buckets, tag, i / SHM_REVOKE_SLOTS) + i % SHM_REVOKE_SLOTS;
		struct shm_revoke_slot *slot = &s->table->slot[n];
		uint64_t was = atomic_load_explicit(&slot->tag, memory_order_relaxed);

		if (was >= REVOKE_FIRST_TAG)
			continue;
		atomic_store_explicit(&slot->word, word, memory_order_relaxed);
		atomic_store_explicit(&slot->tag, tag, memory_order_relaxed);
		s->owner[n] = user;
		revoke_count_add(&s->table->live, 1);
		revoke_count_add(&s->table->used, was == REVOKE_EMPTY);
		revoke_count_add(&s->table->collapsed, revoke_kind(word) == REVOKE_USER);
		return true;
	}
	return false;
}
