/* SPDX-License-Identifier: MIT
 * Arbitrary bytes as a segment: verified, shown and asked without harm. The first byte chooses the
 * kind; with its high bit the head and the size are made to fit, so that what follows is reached. */
#include "base.h"

#include "die.h"
#include "fuzz.h"
#include "shm_board.h"
#include "shm_dump.h"
#include "shm_revoke.h"
#include "shm_verify.h"

#define MAX_BUCKETS 64u

static size_t full_size(enum shm_kind kind, size_t size)
{
	uint64_t buckets = 1;

	if (kind == SHM_KIND_CONTROL)
		return sizeof(struct shm_control);
	if (kind == SHM_KIND_STATS)
		return sizeof(struct shm_stats);
	if (kind != SHM_KIND_REVOCATIONS)
		return SD_MAX(size, sizeof(struct shm_head));
	while (buckets < MAX_BUCKETS && 128 + buckets * 64 < size)
		buckets *= 2;
	return 128 + buckets * 64;
}

static void make_fit(enum shm_kind kind, void *p, size_t size)
{
	*(struct shm_head *)p = (struct shm_head){
		.magic = SHM_MAGIC, .major = SHM_MAJOR, .kind = (uint32_t)kind, .size = size};
	if (kind == SHM_KIND_REVOCATIONS)
		((struct shm_revocations *)p)->buckets = (size - 128) / 64;
}

static void ask(const struct shm_revocations *t, size_t size)
{
	static struct shm_control control;
	struct shm_query q = {.iat_s = INT64_MAX};
	enum shm_scope scope;

	if (!shm_revoke_fits(t, size))
		return;
	for (size_t i = 0; i < 8; i++) {
		q.tags.session = t->slot[i % 4].tag;
		q.tags.user = t->slot[3 - i % 4].tag + i;
		sd_bug_if(shm_revoke_check(&control, t, &q, &scope) > SHM_CLEAR);
	}
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	static struct shm_stats sum;
	enum shm_kind kind = size ? (enum shm_kind)(data[0] & 7) : SHM_KIND_NONE;
	bool fit = size && (data[0] & 0x80) != 0;
	size_t n = size ? size - 1 : 0, full = fit ? full_size(kind, n) : n;
	uint8_t *p = calloc(1, full ? full : 1);
	struct sd_buf out;

	if (!p)
		return;
	memcpy(p, data + (size ? 1 : 0), SD_MIN(n, full));
	if (fit)
		make_fit(kind, p, full);
	sd_buf_init(&out, 1 << 20);
	(void)shm_verify(kind, p, full, &out);
	shm_dump_json(kind, p, full, &out);
	shm_dump_text(kind, p, full, &out);
	if (kind == SHM_KIND_REVOCATIONS)
		ask((const struct shm_revocations *)(const void *)p, full);
	if (kind == SHM_KIND_STATS && full == sizeof(sum))
		board_merge(&sum, (const struct shm_stats *)(const void *)p);
	sd_buf_fini(&out);
	free(p);
}
