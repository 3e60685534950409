/* SPDX-License-Identifier: MIT
 * slice - compares and reads borrowed bytes.
 * Owns:      nothing
 * Runs in:   every process, before and after its sandbox
 * Fails by:  returning SD_ERR_INVALID, SD_ERR_TOO_BIG
 * Never:     use locale: tolower() of libc folds what the protocol does not */
#include "base.h"
#include "slice.h"

#include "err.h"

static unsigned char fold(char c)
{
	unsigned char u = (unsigned char)c;

	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

bool sd_slice_ieq(struct sd_slice a, struct sd_slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

/* What the variable holds is anybody's guess now: no loop over it can be left early. */
#define HIDE(variable) __asm__ volatile("" : "+r"(variable))

bool sd_slice_eq_ct(struct sd_slice a, struct sd_slice b)
{
	uint64_t diff = 0;
	size_t i = 0;

	if (a.n != b.n)
		return false;
	for (; a.n - i >= sizeof(diff); i += sizeof(diff)) {
		uint64_t x, y;

		memcpy(&x, a.p + i, sizeof(x));
		memcpy(&y, b.p + i, sizeof(y));
		diff |= x ^ y;
		HIDE(diff);
	}
	for (; i < a.n; i++) {
		diff |= (unsigned char)(a.p[i] ^ b.p[i]);
		HIDE(diff);
	}
	return diff == 0;
}

/* Eight bytes at a time: most of what is asked about is one long token. A borrow can only flag
 * bytes above a true hit, so a word is flagged exactly when it has one. */
bool sd_slice_has_control(struct sd_slice s)
{
	const uint64_t ones = 0x0101010101010101ull, high = ones << 7;
	size_t i = 0;

	for (; s.n - i >= sizeof(ones); i += sizeof(ones)) {
		uint64_t w, del;

		memcpy(&w, s.p + i, sizeof(w));
		del = w ^ (ones * 0x7f);
		if ((((w - ones * 0x20) & ~w) | ((del - ones) & ~del)) & high)
			return true;
	}
	for (; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

bool sd_slice_has_control_utf8(struct sd_slice s)
{
	const char *p = s.p, *end = s.n ? s.p + s.n : s.p;

	while (p != end && (p = memchr(p, 0xc2, (size_t)(end - p)))) {
		if (++p != end && (unsigned char)*p >= 0x80 && (unsigned char)*p < 0xa0)
			return true;
	}
	return sd_slice_has_control(s);
}

int sd_slice_copy(struct sd_slice s, char *out, size_t size)
{
	if (size > 0)
		out[0] = '\0';
	if (s.n >= size)
		return SD_ERR_TOO_BIG;
	if (s.n == 0)
		return SD_OK;
	if (memchr(s.p, '\0', s.n) != NULL)
		return SD_ERR_INVALID;
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return SD_OK;
}

int sd_slice_u64(struct sd_slice s, uint64_t *out)
{
	uint64_t v = 0;

	*out = 0;
	/* 19 digits cannot overflow 64 bits, so no check is needed in the loop */
	if (s.n < 1 || s.n > 19 || (s.p[0] == '0' && s.n > 1))
		return SD_ERR_INVALID;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return SD_ERR_INVALID;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return SD_OK;
}
