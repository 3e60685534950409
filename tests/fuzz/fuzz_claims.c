/* SPDX-License-Identifier: MIT
 * fuzz_claims - any payload: what is taken is well-formed, and survives being written again. */
#include "base.h"
#include "fuzz.h"

#include "claims.h"
#include "die.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_arena arena;
	struct sd_buf text;
	struct claims c, again;
	const char *why;
	enum claims_result r;

	sd_arena_init(&arena, 1 << 20);
	sd_buf_init(&text, 1 << 20);
	r = claims_parse(sd_slice(data, size), &arena, &c, &why);
	sd_bug_if((r == CLAIMS_OK) == (why != NULL));
	if (r == CLAIMS_OK) {
		sd_bug_if(c.exp < 0 || c.iat < 0 || !c.aud_count || c.sub.n == 0 ||
			  c.sid.n != 22);
		claims_emit(&text, &c);
		sd_bug_if(text.failed);
		sd_bug_if(claims_parse(sd_buf_slice(&text), &arena, &again, NULL) != CLAIMS_OK);
		sd_bug_if(!sd_slice_eq(c.sub, again.sub) || c.exp != again.exp ||
			  c.aud_count != again.aud_count || !sd_slice_eq(c.extra, again.extra));
	}
	sd_buf_fini(&text);
	sd_arena_fini(&arena);
}
