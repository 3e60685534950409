/* SPDX-License-Identifier: MIT
 * policy_suggest - edit distance (insert, delete, change, swap neighbours) to known words.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  suggesting nothing
 * Never:     compare words longer than POLICY_SUGGEST_WORD: the cost is the product of lengths
 */
#include "base.h"
#include "policy_suggest.h"

#include "err.h"

static size_t min3(size_t a, size_t b, size_t c)
{
	return SD_MIN(SD_MIN(a, b), c);
}

/* Optimal string alignment; both shorter than POLICY_SUGGEST_WORD. Three rows of the matrix. */
static size_t distance(struct sd_slice a, struct sd_slice b)
{
	size_t row[3][POLICY_SUGGEST_WORD + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = a.p[i - 1] == b.p[j - 1] ? 0 : 1;

			now[j] = min3(now[j - 1] + 1, last[j] + 1, last[j - 1] + change);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				now[j] = SD_MIN(now[j], before[j - 2] + 1);
		}
	}
	return row[a.n % 3][b.n];
}

void policy_suggest_init(struct policy_suggest *s, struct sd_slice got)
{
	*s = (struct policy_suggest){.got = got, .distance = SIZE_MAX};
}

void policy_suggest_offer(struct policy_suggest *s, struct sd_slice word)
{
	if (s->got.n == 0 || s->got.n >= POLICY_SUGGEST_WORD || word.n >= POLICY_SUGGEST_WORD ||
	    word.n == 0)
		return;
	size_t d = distance(s->got, word);

	if (d < s->distance && sd_slice_copy(word, s->best, sizeof(s->best)) == SD_OK)
		s->distance = d;
}

const char *policy_suggest_best(const struct policy_suggest *s)
{
	size_t allowed = SD_MAX(SD_MIN(s->got.n, strlen(s->best)) / 3, (size_t)1);

	return s->best[0] && s->distance <= allowed ? s->best : NULL;
}
