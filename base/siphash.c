/* SPDX-License-Identifier: MIT
 * siphash - SipHash-2-4, written from the paper (Aumasson, Bernstein 2012).
 * Owns:      nothing
 * Runs in:   every process, before and after its sandbox
 * Fails by:  never
 * Never:     fewer rounds for speed: the keys of our tables come from clients */
#include "base.h"
#include "siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void rounds(struct state *s, int n)
{
	while (n-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v2 = rotl(s->v2, 32);
	}
}

static inline void absorb(struct state *s, uint64_t m)
{
	s->v3 ^= m;
	rounds(s, 2);
	s->v0 ^= m;
}

static uint64_t load_le(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint64_t sd_siphash(struct sd_siphash_key key, const void *p, size_t n)
{
	const unsigned char *at = p;
	uint64_t last = (uint64_t)n << 56; /* the length modulo 256 closes the message */
	struct state s = {
	    .v0 = key.k0 ^ 0x736f6d6570736575ULL,
	    .v1 = key.k1 ^ 0x646f72616e646f6dULL,
	    .v2 = key.k0 ^ 0x6c7967656e657261ULL,
	    .v3 = key.k1 ^ 0x7465646279746573ULL,
	};

	for (; n >= 8; at += 8, n -= 8)
		absorb(&s, load_le(at, 8));
	if (n > 0)
		last |= load_le(at, n);
	absorb(&s, last);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
