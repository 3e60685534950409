/* SPDX-License-Identifier: MIT
 * geo_table - the table of countries: which range of addresses lies where. Made by sessiond-geo of the
 * operator's file, sealed for ever, handed to the workers by the master. Offsets follow from the two
 * counts; nothing in it is believed beyond its own bounds. Drawn in docs/MEMORY.md. */
#ifndef SD_GEO_TABLE_H
#define SD_GEO_TABLE_H

#include "diag.h"
#include "shm_layout.h"
#include "slice.h"

#define GEO_SOURCE_MAX 64
#define GEO_V4_MAX (4u << 20) /* rows: 32 MiB */
#define GEO_V6_MAX (2u << 20) /* 48 MiB */

/* A row's country goes for its first address and all up to the next row's. */
struct geo_v4 {
	uint32_t first;
	uint16_t country; /* two letters, the first in the high byte; 0 = none */
	uint16_t reserved;
};
struct geo_v6 {
	uint64_t first_high, first_low;
	uint16_t country;
	uint16_t reserved[3];
};

struct geo_table { /* SHM_KIND_GEO */
	struct shm_head head; /* number: counts the tables of this start */
	uint64_t v4_count, v6_count;
	int64_t built_s;             /* the file's own word */
	char source[GEO_SOURCE_MAX]; /* what the file calls itself; printable, NUL-padded */
	uint8_t reserved[40];
	/* struct geo_v6 [v6_count], then struct geo_v4 [v4_count] */
};

_Static_assert(sizeof(struct geo_v4) == 8, "geo layout");
_Static_assert(sizeof(struct geo_v6) == 24, "geo layout");
_Static_assert(sizeof(struct geo_table) == 192, "geo layout");

struct geo_view {
	const struct geo_table *table; /* NULL = none */
	size_t size;
	const struct geo_v6 *v6;
	const struct geo_v4 *v4;
};

static inline size_t geo_table_size(uint64_t v4_count, uint64_t v6_count)
{
	return sizeof(struct geo_table) + v6_count * sizeof(struct geo_v6) + v4_count * sizeof(struct geo_v4);
}

/* Of a segment that is sealed for good: SD_ERR_INVALID when it is not, or breaks its own bounds; else as
 * shm_map(). fd stays the caller's. */
int geo_table_open(int fd, struct geo_view *out, struct sd_diag *diag) SD_MUSTCHECK;
/* The same where F_GET_SEALS may not be asked: of what the master has looked at (worker). */
int geo_table_map(int fd, struct geo_view *out, struct sd_diag *diag) SD_MUSTCHECK;
void geo_table_close(struct geo_view *view); /* none is fine */

/* The country of an address as text ("DE"), or "" where the table knows none; false: there is no table,
 * or this is no address. Constant cost but for the logarithm of the rows. */
bool geo_table_find(const struct geo_view *view, struct sd_slice address, char out[3]);

#endif
