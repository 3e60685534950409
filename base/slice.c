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

bool sd_slice_eq_ct(struct sd_slice a, struct sd_slice b)
{
	/* volatile: the compiler may not leave the loop early */
	volatile unsigned char diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff = (unsigned char)(diff | (unsigned char)(a.p[i] ^ b.p[i]));
	return diff == 0;
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
