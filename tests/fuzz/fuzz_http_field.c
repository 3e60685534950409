/* SPDX-License-Identifier: MIT
 * fuzz_http_field - any value through every field grammar; results lie inside the value. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "http_check.h"
#include "http_field.h"

static void inside(struct sd_slice all, struct sd_slice part)
{
	sd_bug_if(part.p && (part.p < all.p || part.p + part.n > all.p + all.n));
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice all = sd_slice(data, size), one, two;
	int found;

	found = http_field_bearer(all, &one);
	sd_bug_if(found != (one.p != NULL));
	inside(all, one);
	found = http_field_cookie(all, "sid", &one);
	sd_bug_if((found == HTTP_FOUND_ONE) != (one.p != NULL));
	inside(all, one);
	found = http_field_traceparent(all, &one, &two);
	sd_bug_if(found && (one.n != 32 || two.n != 16));
	found = http_field_media_is(all, "application/json");
	sd_bug_if(found && size < 16);
	found = http_field_request_id_ok(all);
	sd_bug_if(found && size < 8);
	found = http_check_host(all);
	sd_bug_if(found && memchr(data, ',', size));
}
