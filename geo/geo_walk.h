/* SPDX-License-Identifier: MIT
 * geo_walk - a file of countries (MMDB) as rows of the table of countries. */
#ifndef SD_GEO_WALK_H
#define SD_GEO_WALK_H

#include "geo_table.h"

struct geo_rows {
	struct geo_v4 *v4;
	struct geo_v6 *v6;
	size_t v4_count, v6_count, v4_room, v6_room;
	int64_t built_s;
	char source[GEO_SOURCE_MAX];
};

/* Reads the file at path whole. beat is called now and then. SD_ERR_INVALID with the reason: it is no
 * such file, it is damaged, or it is more than a table has room for; SD_ERR_MEMORY. */
int geo_walk(const char *path, void (*beat)(void *arg), void *arg, struct geo_rows *out,
	     struct sd_diag *diag) SD_MUSTCHECK;
void geo_rows_free(struct geo_rows *rows);

#endif
