/* SPDX-License-Identifier: MIT
 * json_scan - what json_in and json_get share: one string, read strictly. Private to token/. */
#ifndef SD_JSON_SCAN_H
#define SD_JSON_SCAN_H

#include "json_in.h"

/* Four hex digits at p (which the caller knows to be there) -> 0..0xffff, or UINT32_MAX. */
static inline uint32_t json_scan_hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t c = (uint8_t)p[i], lower = c | 0x20;

		if (c - '0' < 10)
			v = v << 4 | (c - '0');
		else if (lower - 'a' < 6)
			v = v << 4 | (lower - 'a' + 10);
		else
			return UINT32_MAX;
	}
	return v;
}

/* Unescapes raw (which passed the scan) into out, at least raw.n bytes; returns the length. */
size_t json_scan_unescape(struct sd_slice raw, char *out);

/* Do two names spell the same text once unescaped? */
bool json_scan_same(struct sd_slice a, bool a_escaped, struct sd_slice b, bool b_escaped);

#endif
