/* SPDX-License-Identifier: MIT
 * shm_layout_dump - prints where each field of the segments stands, as the compiler sees it.
 * Owns:      the list of fields that docs/MEMORY.md and the golden test show
 * Runs in:   tools, tests
 * Fails by:  the buffer's own failure
 * Never:     a number written by hand */
#include "base.h"

#include "shm_dump.h"

struct field {
	const char *name;
	size_t offset, bytes;
};

#define FIELD(type, name) {#name, offsetof(type, name), sizeof(((type *)0)->name)}

static const struct field head_fields[] = {
	FIELD(struct shm_head, magic),	FIELD(struct shm_head, major),
	FIELD(struct shm_head, minor),	FIELD(struct shm_head, kind),
	FIELD(struct shm_head, size),	FIELD(struct shm_head, number),
	FIELD(struct shm_head, created_ms), FIELD(struct shm_head, reserved),
};

static const struct field control_fields[] = {
	FIELD(struct shm_control, head),
	FIELD(struct shm_control, seed),
	FIELD(struct shm_control, generation),
	FIELD(struct shm_control, table),
	FIELD(struct shm_control, wall_floor_ms),
	FIELD(struct shm_control, store_offset_ms),
	FIELD(struct shm_control, health),
	FIELD(struct shm_control, fresh_as_of_ns),
	FIELD(struct shm_control, applied),
	FIELD(struct shm_control, bucket),
	FIELD(struct shm_control, tenant_before_s),
	FIELD(struct shm_control, client_before_s),
	FIELD(struct shm_control, key_before_s),
	FIELD(struct shm_control, tenant_vague_until_s),
	FIELD(struct shm_control, unowned_vague_until_s),
	FIELD(struct shm_control, store_known),
};

static const struct field revocations_fields[] = {
	FIELD(struct shm_revocations, head),	  FIELD(struct shm_revocations, buckets),
	FIELD(struct shm_revocations, live),	  FIELD(struct shm_revocations, used),
	FIELD(struct shm_revocations, collapsed), FIELD(struct shm_revocations, moved),
	FIELD(struct shm_revocations, pad),	  FIELD(struct shm_revocations, reserved),
	FIELD(struct shm_revocations, slot[0]),
};

static const struct field slot_fields[] = {
	FIELD(struct shm_revoke_slot, tag),
	FIELD(struct shm_revoke_slot, word),
};

static const struct field stats_fields[] = {
	FIELD(struct shm_stats, head),	       FIELD(struct shm_stats, role),
	FIELD(struct shm_stats, index),	       FIELD(struct shm_stats, state),
	FIELD(struct shm_stats, heartbeat_ns), FIELD(struct shm_stats, generation),
	FIELD(struct shm_stats, last_route),   FIELD(struct shm_stats, panic),
	FIELD(struct shm_stats, route),	       FIELD(struct shm_stats, gauge),
	FIELD(struct shm_stats, histogram),    FIELD(struct shm_stats, counter),
};

static void layout(struct sd_buf *out, const char *name, size_t bytes, const struct field *f, size_t n)
{
	sd_buf_printf(out, "%-12s %-22s %9s %9zu\n", name, "(all)", "", bytes);
	for (size_t i = 0; i < n; i++)
		sd_buf_printf(out, "%-12s %-22s %9zu %9zu\n", name, f[i].name, f[i].offset,
			      f[i].bytes);
}

void shm_dump_layout(struct sd_buf *out)
{
	sd_buf_printf(out, "%-12s %-22s %9s %9s\n", "segment", "field", "offset", "bytes");
	layout(out, "head", sizeof(struct shm_head), head_fields, SD_ARRAY_LEN(head_fields));
	layout(out, "control", sizeof(struct shm_control), control_fields,
	       SD_ARRAY_LEN(control_fields));
	layout(out, "revocations", sizeof(struct shm_revocations), revocations_fields,
	       SD_ARRAY_LEN(revocations_fields));
	layout(out, "slot", sizeof(struct shm_revoke_slot), slot_fields, SD_ARRAY_LEN(slot_fields));
	layout(out, "stats", sizeof(struct shm_stats), stats_fields, SD_ARRAY_LEN(stats_fields));
}
