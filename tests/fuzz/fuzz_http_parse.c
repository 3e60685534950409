/* SPDX-License-Identifier: MIT
 * fuzz_http_parse - any bytes: the verdict is the same whole and cut in two; slices stay inside. */
#include "base.h"
#include "fuzz.h"

#include "die.h"
#include "http_parse.h"

static const struct http_limits limits = {2048, 16, 4096};

static enum http_verdict feed(struct http_parser *p, char *buf, size_t n, size_t *used_out)
{
	enum http_verdict v = http_parse(p, buf, n, used_out);
	return v == HTTP_HEAD_DONE ? http_parse(p, buf, n, used_out) : v;
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	char *whole = malloc(size + 1), *cut = malloc(size + 1), *head;
	struct http_parser *a, *b;
	size_t used_a, used_b, at = size ? data[size / 2] * (size + 1) / 256 : 0;
	enum http_verdict va, vb;

	sd_bug_if(!whole || !cut || http_parser_new(&a, &limits) || http_parser_new(&b, &limits));
	sd_bug_if(!(head = malloc(at + 1)));
	memcpy(whole, data, size);
	memcpy(cut, data, size);
	memcpy(head, data, at);
	va = feed(a, whole, size, &used_a);
	vb = feed(b, head, at, &used_b);
	if (vb == HTTP_MORE)
		vb = feed(b, cut, size, &used_b);
	sd_bug_if(va != vb || used_a != used_b || used_a > size);
	sd_bug_if(http_parse_status(a) != http_parse_status(b));
	sd_bug_if(strcmp(http_parse_reason(a), http_parse_reason(b)) != 0);
	sd_bug_if(va == HTTP_DONE &&
		  !sd_slice_eq(http_parser_msg(a)->body, http_parser_msg(b)->body));
	sd_bug_if(va == HTTP_MORE && size > http_limits_raw(&limits));
	http_parser_free(&a), http_parser_free(&b);
	free(head), free(whole), free(cut);
}
