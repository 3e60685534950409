/* SPDX-License-Identifier: MIT
 * json_merge - JSON documents changed.
 * Owns:      nothing
 * Runs in:   worker (rare requests), tools
 * Fails by:  SD_ERR_INVALID, SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     take text that the strict scan has not passed */
#include "base.h"

#include "json_merge.h"

#include <json-c/json.h>

#include "err.h"
#include "json_in.h"

static int merge(struct json_object *target, struct json_object *patch);

/* One member of a patch that is an object. json-c's NULL is null. */
static int merge_member(struct json_object *target, const char *name, struct json_object *value)
{
	struct json_object *old, *put;

	if (!value) {
		json_object_object_del(target, name);
		return SD_OK;
	}
	if (!json_object_is_type(value, json_type_object)) {
		put = json_object_get(value);
	} else {
		if (json_object_object_get_ex(target, name, &old) &&
		    json_object_is_type(old, json_type_object))
			return merge(old, value);
		/* Also a new object loses the patch's nulls. */
		put = json_object_new_object();
		if (!put || merge(put, value) != SD_OK) {
			json_object_put(put);
			return SD_ERR_MEMORY;
		}
	}
	if (json_object_object_add(target, name, put) == 0)
		return SD_OK;
	json_object_put(put);
	return SD_ERR_MEMORY;
}

/* Both objects. As deep as the patch, which the scan has bounded. */
static int merge(struct json_object *target, struct json_object *patch)
{
	struct json_object_iterator at = json_object_iter_begin(patch);
	struct json_object_iterator end = json_object_iter_end(patch);
	int err = SD_OK;

	for (; err == SD_OK && !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		err = merge_member(target, json_object_iter_peek_name(&at),
				   json_object_iter_peek_value(&at));
	return err;
}

static int write_out(struct json_object *tree, struct sd_buf *out)
{
	size_t n = 0;
	const char *text = json_object_to_json_string_length(
	    tree, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	if (!text)
		return SD_ERR_MEMORY;
	/* Two that pass may make one with too many names, which could never be patched again. */
	if (json_check(sd_slice(text, n), NULL) != SD_OK ||
	    json_values(sd_slice(text, n)) > JSON_MERGE_VALUES)
		return SD_ERR_TOO_BIG;
	sd_buf_append(out, text, n);
	return out->failed ? SD_ERR_TOO_BIG : SD_OK;
}

/* Counted before anything is built of it. */
static int bounded_tree(struct sd_slice text, struct json_object **out)
{
	*out = NULL;
	if (json_check(text, NULL) == SD_OK && json_values(text) > JSON_MERGE_VALUES)
		return SD_ERR_TOO_BIG;
	return json_tree(text, out, NULL);
}

int json_merge(struct sd_slice target, struct sd_slice patch, struct sd_buf *out)
{
	struct json_object *to, *from = NULL;
	int err = bounded_tree(target, &to);

	if (err == SD_OK)
		err = bounded_tree(patch, &from);
	if (err == SD_OK && !json_object_is_type(from, json_type_object)) {
		err = write_out(from, out);
	} else if (err == SD_OK) {
		if (!json_object_is_type(to, json_type_object)) {
			json_object_put(to);
			to = json_object_new_object();
		}
		err = to ? merge(to, from) : SD_ERR_MEMORY;
		if (err == SD_OK)
			err = write_out(to, out);
	}
	json_object_put(to);
	json_object_put(from);
	return err;
}

size_t json_values(struct sd_slice text)
{
	bool quoted = false, opened = false;
	size_t n = text.n > 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
			continue;
		if (quoted && c == '\\')
			i++;
		if (!quoted) {
			/* one more after each comma, and one where what opened is not empty */
			n += c == ',' || (opened && c != ']' && c != '}');
			opened = c == '[' || c == '{';
		}
		if (c == '"')
			quoted = !quoted;
	}
	return n;
}

void json_compact(struct sd_slice text, struct sd_buf *out)
{
	bool quoted = false;
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			sd_buf_append(out, text.p + from, i - from);
			from = i + 1;
		}
	}
	sd_buf_append(out, text.p + from, text.n - from);
}
