/* SPDX-License-Identifier: MIT
 * shm_dump - a segment's head and main figures for people and for programs; the layout itself;
 * bytes in hexadecimal. For tools and tests. */
#ifndef SD_SHM_DUMP_H
#define SD_SHM_DUMP_H

#include "buf.h"
#include "shm_layout.h"

/* "name  value" lines, or one JSON object without a line end. A segment that is too small for its
 * kind yields its size alone. */
void shm_dump_text(enum shm_kind kind, const void *p, size_t size, struct sd_buf *out);
void shm_dump_json(enum shm_kind kind, const void *p, size_t size, struct sd_buf *out);

/* Every field of every segment: "struct field offset bytes". What docs/MEMORY.md shows. */
void shm_dump_layout(struct sd_buf *out);

/* 16 bytes a line with their offset; lines equal to the one before are left out ("*"). */
void shm_dump_hex(const void *p, size_t size, struct sd_buf *out);

#endif
