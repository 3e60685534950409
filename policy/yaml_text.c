/* SPDX-License-Identifier: MIT
 * yaml_text - refuse bytes that are no text, and name places in it.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  one fault with line and column
 * Never:     convert an encoding: a file is UTF-8 or it is refused
 */
#include "base.h"
#include "yaml_text.h"

/* Length of the well-formed UTF-8 sequence at p (n bytes left), 0 when it is none. */
static size_t sequence(const uint8_t *p, size_t n)
{
	static const struct {
		uint8_t first, last, low, high; /* lead range; range of the second byte */
		uint8_t len;
	} forms[] = {
	    {0x01, 0x7f, 0, 0, 1},	 {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < SD_ARRAY_LEN(forms); i++) {
		if (p[0] < forms[i].first || p[0] > forms[i].last)
			continue;
		if (forms[i].len > n)
			return 0;
		if (forms[i].len > 1 && (p[1] < forms[i].low || p[1] > forms[i].high))
			return 0;
		for (size_t k = 2; k < forms[i].len; k++) {
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		}
		return forms[i].len;
	}
	return 0;
}

struct policy_pos yaml_text_pos(struct sd_slice text, size_t offset)
{
	struct policy_pos pos = {1, 1};

	for (size_t i = 0; i < offset && i < text.n; i++) {
		pos.column++;
		if (text.p[i] == '\n')
			pos = (struct policy_pos){pos.line + 1, 1};
	}
	return pos;
}

bool yaml_text_is_clean(struct sd_slice text, const char *file, struct policy_faults *faults)
{
	const uint8_t *p = (const uint8_t *)text.p;
	const char *what = NULL;
	size_t i = 0;

	if (text.n > YAML_TREE_MAX_BYTES)
		what = "larger than 256 KiB";
	else if (text.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		what = "begins with a byte order mark: save as plain UTF-8";
	while (what == NULL && i < text.n) {
		size_t n = sequence(p + i, text.n - i);

		if (n == 0)
			what = p[i] ? "not UTF-8" : "a NUL byte";
		i += n;
	}
	if (what == NULL)
		return true;
	policy_fault(faults, (struct policy_where){file, yaml_text_pos(text, i), ""}, "%s", what);
	return false;
}

const char *yaml_text_path(const struct yaml_node *n, char out[YAML_TREE_PATH])
{
	const struct yaml_node *chain[YAML_TREE_MAX_DEPTH + 2];
	size_t depth = 0, len = 0;

	out[0] = '\0';
	for (; n && n->parent && depth < SD_ARRAY_LEN(chain); n = n->parent)
		chain[depth++] = n;
	while (depth && len < YAML_TREE_PATH) {
		const struct yaml_node *c = chain[--depth];
		int w;

		if (c->parent->kind == YAML_LIST)
			w = snprintf(out + len, YAML_TREE_PATH - len, "[%u]", c->index);
		else
			w = snprintf(out + len, YAML_TREE_PATH - len, "%s%.*s", len ? "." : "",
				     (int)SD_MIN(c->key.n, 64u), c->key.p);
		len += w > 0 ? (size_t)w : 0;
	}
	return out;
}
