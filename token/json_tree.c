/* SPDX-License-Identifier: MIT
 * json_tree - a json-c tree of text that passed the strict scan.
 * Owns:      the only use of json-c's parser
 * Runs in:   master, worker (rare requests), tools
 * Fails by:  SD_ERR_INVALID, SD_ERR_TOO_BIG, SD_ERR_MEMORY
 * Never:     json-c without json_check before it: it takes NaN, -01 and single quotes */
#include "base.h"

#include "json_in.h"

#include <json-c/json.h>
#include <limits.h>

#include "err.h"

int json_tree(struct sd_slice text, struct json_object **out, struct json_error *err_out)
{
	struct json_tokener *tok;
	int err;

	*out = NULL;
	err = json_check(text, err_out);
	if (err)
		return err;
	if (text.n > INT_MAX)
		return SD_ERR_TOO_BIG;
	tok = json_tokener_new_ex(JSON_MAX_DEPTH + 2);
	if (!tok)
		return SD_ERR_MEMORY;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	*out = json_tokener_parse_ex(tok, text.p, (int)text.n);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		*out = json_tokener_parse_ex(tok, "", 1); /* a bare number ends at the NUL */
	if (json_tokener_get_error(tok) != json_tokener_success) {
		json_object_put(*out);
		*out = NULL;
		if (err_out)
			*err_out = (struct json_error){json_tokener_get_parse_end(tok),
						       "json-c refused it"};
		err = SD_ERR_INVALID;
	}
	json_tokener_free(tok);
	return err;
}
