/* SPDX-License-Identifier: MIT
 * json_merge - JSON documents changed: RFC 7396 merge patches, white space taken out. */
#ifndef SD_JSON_MERGE_H
#define SD_JSON_MERGE_H

#include "buf.h"

/* Appends what patch makes of target. Both are checked first: SD_ERR_INVALID. SD_ERR_TOO_BIG when out
 * is too small or the strict scan would refuse the result (too many names); SD_ERR_MEMORY. Nothing is
 * nested deeper than the deeper of the two. */
int json_merge(struct sd_slice target, struct sd_slice patch, struct sd_buf *out) SD_MUSTCHECK;

/* Appends text, which has passed json_check(), without the white space between its tokens. */
void json_compact(struct sd_slice text, struct sd_buf *out);

#endif
