/* SPDX-License-Identifier: MIT
 * fuzz_mutate - one blind mutation of a seed, for builds without libFuzzer. */
#ifndef SD_FUZZ_MUTATE_H
#define SD_FUZZ_MUTATE_H

#include "base.h"

#define FUZZ_MAX_MUTANT 65536u

/* xorshift: the same mutations at each run, whatever libc. */
static uint32_t fuzz_random(uint32_t below)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return below ? x % below : 0;
}

/* p has room for FUZZ_MAX_MUTANT bytes, 0 < n of them filled; how many are then, never 0. */
static size_t fuzz_mutate(uint8_t *p, size_t n)
{
	static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, '"', '\\', '\r', '\n', ' ', '{', '-', '9'};
	size_t at = fuzz_random((uint32_t)n), len = 1 + fuzz_random(16), from;

	switch (fuzz_random(5)) {
	case 0:
		p[at] ^= (uint8_t)(1u << fuzz_random(8));
		return n;
	case 1:
		p[at] = odd[fuzz_random(sizeof(odd))];
		return n;
	case 2: /* cut out */
		len = SD_MIN(len, n - at);
		memmove(p + at, p + at + len, n - at - len);
		return n - len ? n - len : 1;
	case 3: /* repeat a piece */
		len = SD_MIN(SD_MIN(len, n - at), FUZZ_MAX_MUTANT - n);
		memmove(p + at + len, p + at, n - at);
		return n + len;
	default: /* a piece over another */
		from = fuzz_random((uint32_t)n);
		memmove(p + at, p + from, SD_MIN(len, n - SD_MAX(at, from)));
		return n;
	}
}

#endif
