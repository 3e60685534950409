/* SPDX-License-Identifier: MIT
 * fuzz_caller_claims - any payload of another issuer's token: refused, or taken with what its judge
 * needs; a claim has no more words than the payload has bytes. */
#include "base.h"
#include "fuzz.h"

#include "arena.h"
#include "caller_claims.h"
#include "die.h"
#include "err.h"

static void on_word(struct sd_slice word, void *arg)
{
	(void)word;
	(*(unsigned *)arg)++;
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"scope", "realm_access.roles", "a.b.c", "", ".", "a..b"};
	struct sd_slice payload = sd_slice(data, size);
	struct caller_claims c;
	struct sd_arena arena;
	unsigned words = 0;

	sd_arena_init(&arena, 1 << 20);
	if (caller_claims_parse(payload, &arena, &c) == SD_OK) {
		sd_bug_if(!c.iss.p || c.exp <= 0 || c.nbf < 0 || c.iat < 0);
		sd_bug_if(caller_claims_for(&c, &arena, SD_SLICE("")) && !c.aud.raw.p);
		for (size_t i = 0; i < SD_ARRAY_LEN(paths); i++)
			caller_claims_words(payload, sd_slice_str(paths[i]), &arena, on_word,
					    &words);
		sd_bug_if(words > SD_ARRAY_LEN(paths) * (size + 1));
	}
	sd_arena_fini(&arena);
}
