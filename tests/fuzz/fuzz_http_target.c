/* SPDX-License-Identifier: MIT
 * fuzz_http_target - any path and query: decoded text has no control byte and no dot segment. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "http_target.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice all = sd_slice(data, size), value, name;
	struct sd_arena arena;
	struct http_path path;
	size_t pos = 0;
	bool found;

	sd_arena_init(&arena, 1u << 20);
	if (http_path_split(all, &arena, &path) == 0) {
		for (uint32_t i = 0; i < path.count; i++) {
			struct sd_slice s = path.seg[i];
			sd_bug_if(s.n == 0 || sd_slice_is(s, ".") || sd_slice_is(s, ".."));
			sd_bug_if(path.slash_in_seg[i] != (memchr(s.p, '/', s.n) != NULL));
			for (size_t j = 0; j < s.n; j++)
				sd_bug_if((uint8_t)s.p[j] < 0x20 || s.p[j] == 0x7f);
		}
	} else {
		sd_bug_if(path.count != 0);
	}
	while (http_query_next(all, &pos, &name))
		sd_bug_if(pos > size || name.n > size);
	if (http_query_get(all, "a", &arena, &value, &found) == 0)
		sd_bug_if(found != (value.p != NULL));
	sd_arena_fini(&arena);
}
