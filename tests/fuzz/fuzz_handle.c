/* SPDX-License-Identifier: MIT
 * fuzz_handle - any text as token, id, base64url: one value has one text. */
#include "base.h"
#include "fuzz.h"

#include "b64url.h"
#include "die.h"
#include "handle.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	static const uint8_t keys[2][HANDLE_KEY_BYTES] = {{1}, {2}};
	struct sd_slice text = sd_slice(data, size);
	char again[HANDLE_TOKEN_LEN + 1], id[HANDLE_SID_LEN + 1], coded[4096];
	uint8_t bytes[2048];
	struct handle h;
	struct sid sid;
	size_t n;

	for (int k = HANDLE_SESSION; k <= HANDLE_REFRESH; k++) {
		if (handle_parse(text, (enum handle_kind)k, keys, 2, &h) != HANDLE_OK)
			continue;
		sd_bug_if(handle_text(&h, keys[0], again) != 0);
		if (!sd_slice_is(text, again))
			sd_bug_if(handle_text(&h, keys[1], again) != 0 ||
				  !sd_slice_is(text, again));
	}
	if (sid_parse(text, &sid) == 0) {
		sid_text(&sid, id);
		sd_bug_if(!sd_slice_is(text, id));
	}
	if (b64url_decode(text, bytes, sizeof(bytes), &n) == 0)
		sd_bug_if(!sd_slice_eq(text, sd_slice(coded, b64url_encode(bytes, n, coded))));
}
