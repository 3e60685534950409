/* SPDX-License-Identifier: MIT
 * b64url - base64url without padding, one table each way.
 * Owns:      nothing
 * Runs in:   master, signer, worker, tools (before and after the sandbox)
 * Fails by:  SD_ERR_INVALID, SD_ERR_TOO_BIG
 * Never:     a tolerant mode: two texts for one value are two ways past a look-up by text */
#include "base.h"

#include "b64url.h"

#include "err.h"

static const char alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_',
};

/* Value + 1, so that what is not named here is 0: not in the alphabet. */
static const uint8_t value1[256] = {
    ['A'] = 1,	['B'] = 2,  ['C'] = 3,	['D'] = 4,  ['E'] = 5,	['F'] = 6,  ['G'] = 7,	['H'] = 8,
    ['I'] = 9,	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

size_t b64url_encode(const void *p, size_t n, char *out)
{
	const uint8_t *in = p;
	char *o = out;
	size_t i = 0;

	for (; i + 3 <= n; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = alphabet[v >> 6 & 63];
		*o++ = alphabet[v & 63];
	}
	if (n - i == 1) {
		*o++ = alphabet[in[i] >> 2];
		*o++ = alphabet[(in[i] & 3) << 4];
	} else if (n - i == 2) {
		*o++ = alphabet[in[i] >> 2];
		*o++ = alphabet[(in[i] & 3) << 4 | in[i + 1] >> 4];
		*o++ = alphabet[(in[i + 1] & 15) << 2];
	}
	return (size_t)(o - out);
}

/* The last two or three characters; their unused bits must be zero. */
static int decode_tail(const uint8_t *in, size_t rest, uint8_t *o)
{
	uint32_t a = value1[in[0]], b = value1[in[1]], c;

	if (!a || !b)
		return SD_ERR_INVALID;
	a--, b--;
	o[0] = (uint8_t)(a << 2 | b >> 4);
	if (rest == 2)
		return b & 15 ? SD_ERR_INVALID : 0;
	c = value1[in[2]];
	if (!c || (--c & 3))
		return SD_ERR_INVALID;
	o[1] = (uint8_t)(b << 4 | c >> 2);
	return 0;
}

int b64url_decode(struct sd_slice s, void *out, size_t size, size_t *n_out)
{
	const uint8_t *in = (const uint8_t *)s.p;
	uint8_t *o = out;
	size_t whole = s.n / 4, rest = s.n % 4;
	size_t need = whole * 3 + (rest ? rest - 1 : 0);

	*n_out = 0;
	if (rest == 1)
		return SD_ERR_INVALID;
	if (need > size)
		return SD_ERR_TOO_BIG;
	for (size_t i = 0; i < whole; i++, in += 4, o += 3) {
		uint32_t a = value1[in[0]], b = value1[in[1]], c = value1[in[2]], d = value1[in[3]];
		uint32_t v;

		if (SD_UNLIKELY(!a || !b || !c || !d))
			return SD_ERR_INVALID;
		v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
		o[0] = (uint8_t)(v >> 16);
		o[1] = (uint8_t)(v >> 8);
		o[2] = (uint8_t)v;
	}
	if (rest && decode_tail(in, rest, o) != 0)
		return SD_ERR_INVALID;
	*n_out = need;
	return 0;
}
