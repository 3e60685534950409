/* SPDX-License-Identifier: MIT
 * json_in - JSON accepted or refused in one strict pass (RFC 8259): UTF-8 without lone
 * surrogates or BOM, depth <= 16, no duplicate names after unescaping, no NUL in names, numbers
 * within +-(2^53-1) and finite exponents, nothing after the value. Flat objects are read from the
 * scan itself, without allocation; json-c builds a tree only where one is needed, and only of text
 * that passed the scan (json-c alone accepts NaN, -01, single quotes: it cannot be strict). */
#ifndef SD_JSON_IN_H
#define SD_JSON_IN_H

#include "arena.h"

#define JSON_MAX_DEPTH 16
#define JSON_MAX_MEMBERS 64

enum json_kind { JSON_NONE = 0, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
	enum json_kind kind;
	bool escaped;        /* a string (or name) with backslash escapes in raw */
	struct sd_slice raw; /* the value's text; for strings without the quotes */
};

struct json_member {
	struct sd_slice name; /* raw, without quotes */
	bool name_escaped;
	struct json_value value;
};

struct json_flat {
	uint32_t count;
	struct json_member m[JSON_MAX_MEMBERS];
};

/* Where a refusal is, for the caller's message. */
struct json_error {
	size_t offset;
	const char *reason; /* constant */
};

/* Strict whole-text check of any JSON value. SD_ERR_INVALID with *err_out filled (may be NULL). */
int json_check(struct sd_slice text, struct json_error *err_out) SD_MUSTCHECK;

/* Strict check of text that must be an object; its top-level members in out (order kept). More
 * than JSON_MAX_MEMBERS members: SD_ERR_TOO_BIG. Does not allocate. */
int json_flat_scan(struct sd_slice text, struct json_flat *out, struct json_error *err_out)
    SD_MUSTCHECK;

/* The same for a nested object or array value that already passed (cannot fail on syntax). */
int json_flat_nested(const struct json_value *v, struct json_flat *out) SD_MUSTCHECK;
/* Array walk: *pos starts at 0; false at the end. */
bool json_array_next(const struct json_value *v, size_t *pos, struct json_value *item_out);

/* Member by (unescaped) name; NULL when absent. Names with escapes never match a plain look-up
 * unless their unescaped form equals name (compared unescaped). */
const struct json_value *json_flat_find(const struct json_flat *o, const char *name);

/* Typed getters; SD_ERR_INVALID when the kind or range does not fit. */
/* Unescaped text: a slice of the input when there is no escape, else an arena copy. NUL refused. */
int json_get_str(const struct json_value *v, struct sd_arena *arena, struct sd_slice *out) SD_MUSTCHECK;
/* Integer literal without fraction or exponent. */
int json_get_i64(const struct json_value *v, int64_t *out) SD_MUSTCHECK;
int json_get_bool(const struct json_value *v, bool *out) SD_MUSTCHECK;

/* A json-c tree of text (checked first); the caller owns it (json_object_put). Master, tools and
 * rare requests only. */
struct json_object; /* json-c's */
int json_tree(struct sd_slice text, struct json_object **out, struct json_error *err_out) SD_MUSTCHECK;

#endif
