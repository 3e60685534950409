/* SPDX-License-Identifier: MIT
 * fuzz_session - any list of name and value pairs as a record: what is taken has a status, an owner
 * and times that can be added up. Input: lines, name and value in turn. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "err.h"
#include "session.h"

#define MAX_PAIRS 256
#define LIMIT (INT64_C(1) << 52)

static void fuzz_one(const uint8_t *data, size_t size)
{
	static struct sd_slice flat[2 * MAX_PAIRS];
	static const struct sid sid = {{7}};
	struct sd_slice rest = sd_slice(data, size);
	struct session s;
	size_t n = 0;

	while (rest.n > 0 && n < 2 * MAX_PAIRS) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t len = end ? (size_t)(end - rest.p) : rest.n;

		flat[n++] = sd_slice(rest.p, len);
		len += end ? 1 : 0;
		rest = sd_slice(rest.p + len, rest.n - len);
	}
	if (session_decode(&sid, flat, n / 2, &s) != SD_OK) {
		sd_bug_if(s.status != SESSION_GONE || s.user.p);
		return;
	}
	sd_bug_if(s.status == SESSION_GONE || s.mode < 1 || s.mode > 3);
	sd_bug_if(s.status == SESSION_ACTIVE && (s.user.n == 0 || s.end_reason != END_NONE));
	sd_bug_if(s.status == SESSION_ENDED && s.end_reason == END_NONE);
	sd_bug_if(s.created_ms < 0 || s.created_ms > LIMIT || s.absolute_s < 0 || s.absolute_s > LIMIT);
	sd_bug_if(s.until_s < 0 || s.seen_ms < 0 || s.idle_s < 0 || s.refresh_expires_s < 0);
	sd_bug_if(s.audience.n == 0 || s.sid.b[0] != 7);
}
