/* SPDX-License-Identifier: MIT
 * json_merge - JSON documents changed: RFC 7396 merge patches, white space taken out. */
#ifndef SD_JSON_MERGE_H
#define SD_JSON_MERGE_H

#include "buf.h"

/* Values of all kinds, inner ones too, in a document that can be patched: a tree of 60 KB of empty objects
 * is 20 MB and takes a worker long enough that others wait for it. */
#define JSON_MERGE_VALUES 4096

/* How many values text has, which passed json_check(). */
size_t json_values(struct sd_slice text);

/* Appends what patch makes of target. Both are checked first: SD_ERR_INVALID. SD_ERR_TOO_BIG when out
 * is too small, or patch, target or result has more than JSON_MERGE_VALUES values, or names than the strict
 * scan lets pass; SD_ERR_MEMORY. Nothing is
 * nested deeper than the deeper of the two. */
int json_merge(struct sd_slice target, struct sd_slice patch, struct sd_buf *out) SD_MUSTCHECK;

/* Appends text, which has passed json_check(), without the white space between its tokens. */
void json_compact(struct sd_slice text, struct sd_buf *out);

#endif
