/* SPDX-License-Identifier: MIT
 * Audit records: what is accepted lies inside the packet and, written again, is the same packet. */
#include "base.h"

#include "audit_msg.h"
#include "die.h"
#include "fuzz.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	static uint8_t again[AUDIT_MAX_RECORD];
	struct audit_record r;
	size_t n;

	if (audit_record_decode(sd_slice(data, size), &r) != 0)
		return;
	sd_bug_if(audit_record_encode(&r, again, sizeof(again), &n) != 0);
	sd_bug_if(n != size || memcmp(again, data, n) != 0);
	sd_bug_if(audit_event_name(r.event)[0] == '\0');
}
