/* SPDX-License-Identifier: MIT
 * Messages on a role's channel: what is accepted has texts that end and lengths that fit. The
 * first byte says whether a descriptor came along. */
#include "base.h"

#include "die.h"
#include "fuzz.h"
#include "heritage.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct hm_msg m;

	if (size < 1 || size - 1 > sizeof(m))
		return;
	memset(&m, 0xff, sizeof(m));
	memcpy(&m, data + 1, size - 1);
	if (hm_check(&m, size - 1, (data[0] & 1) != 0) != 0)
		return;
	sd_bug_if(m.head.body > HERITAGE_MAX_BODY);
	if (m.head.type == HM_BOOT) {
		sd_bug_if(strlen(m.u.boot.node) >= sizeof(m.u.boot.node));
		sd_bug_if(strlen(m.u.boot.keys_dir) >= sizeof(m.u.boot.keys_dir));
		sd_bug_if(strlen(m.u.boot.master_key_file) >= sizeof(m.u.boot.master_key_file));
	}
	if (m.head.type == HM_SECRET)
		sd_bug_if(m.u.secret.n > sizeof(m.u.secret.bytes));
}
