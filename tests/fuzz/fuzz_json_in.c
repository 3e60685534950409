/* SPDX-License-Identifier: MIT
 * fuzz_json_in - what the strict scan takes, json-c takes, and the views of it agree. */
#include "base.h"
#include "fuzz.h"

#include <json-c/json.h>

#include "die.h"
#include "err.h"
#include "json_in.h"

static void fuzz_one(const uint8_t *data, size_t size)
{
	struct sd_slice text = sd_slice(data, size);
	struct json_object *tree;
	struct json_value item, whole = {JSON_ARRAY, false, text};
	struct json_flat o, in;
	struct json_error where;
	size_t pos = 0;
	int err = json_check(text, &where), flat;

	sd_bug_if(err && (!where.reason || where.offset > size));
	flat = json_flat_scan(text, &o, NULL);
	sd_bug_if(err && flat == 0);
	for (uint32_t i = 0; i < o.count; i++) {
		const struct json_value *v = &o.m[i].value;
		bool nest = v->kind == JSON_OBJECT || v->kind == JSON_ARRAY;

		sd_bug_if(v->raw.p < text.p || v->raw.p + v->raw.n > text.p + size);
		sd_bug_if(json_flat_nested(v, &in) == SD_ERR_INVALID && nest);
	}
	if (err)
		return;
	sd_bug_if(json_tree(text, &tree, NULL) != 0);
	json_object_put(tree);
	while (size && data[0] == '[' && json_array_next(&whole, &pos, &item))
		sd_bug_if(item.kind == JSON_NONE || pos > size);
}
