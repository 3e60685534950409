/* SPDX-License-Identifier: MIT
 * fuzz_http_etag - a list of entity tags: a weak reading finds all that a strong one does. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "http_etag.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice field = sd_slice(data, size), tag = SD_SLICE("\"7-ab\"");
	enum http_etag strong = http_etag_find(field, tag, true);
	enum http_etag weak = http_etag_find(field, tag, false);

	sd_bug_if((strong == HTTP_ETAG_MALFORMED) != (weak == HTTP_ETAG_MALFORMED));
	sd_bug_if((strong == HTTP_ETAG_ANY) != (weak == HTTP_ETAG_ANY));
	sd_bug_if(strong == HTTP_ETAG_LISTED && weak != HTTP_ETAG_LISTED);
	sd_bug_if(strong == HTTP_ETAG_LISTED && !memmem(data, size, tag.p, tag.n));
}
