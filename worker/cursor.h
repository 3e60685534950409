/* SPDX-License-Identifier: MIT
 * cursor - where a list goes on, as opaque text: a place in an index under a MAC of the tenant's
 * key, bound to what the list was asked for. Nobody but this service can make one, and none fits
 * another tenant or other filters. */
#ifndef SD_CURSOR_H
#define SD_CURSOR_H

#include "request.h"

struct cursor {
	int64_t ms;
	struct sid sid;
};

#define CURSOR_SCOPE_MAX 900 /* bytes */

/* scope: all that the list was asked for but limit and cursor. Appends the quoted text, or null when
 * it cannot be made (b->failed is set). */
void cursor_write(struct request *r, struct sd_slice scope, const struct cursor *c,
		  struct sd_buf *b);
/* ],"next_cursor":...} behind the items of a list; c NULL: there is no more. */
void cursor_end(struct request *r, struct sd_slice scope, const struct cursor *c);
/* The scope of a list of one user that takes nothing else. */
struct sd_slice cursor_scope(struct request *r, const char *list, struct sd_slice user);
/* False: not one of ours, or of another list. */
bool cursor_read(struct request *r, struct sd_slice scope, struct sd_slice text,
		 struct cursor *out) SD_MUSTCHECK;

#endif
