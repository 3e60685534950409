/* SPDX-License-Identifier: MIT
 * body - a JSON request body read against a table of its fields: what is not in the table is
 * refused, so that a typing error is never ignored. */
#ifndef SD_BODY_H
#define SD_BODY_H

#include "request.h"

enum body_kind {
	BODY_STRING, BODY_BOOL, BODY_INT, BODY_OBJECT, BODY_OBJECT_OR_NULL, BODY_ARRAY, BODY_STRING_OR_ARRAY,
	BODY_TOKEN /* any string: what it is worth is for who verifies it to say */
};

struct body_field {
	const char *name;
	enum body_kind kind;
	bool required;
	uint32_t max; /* bytes of a string (at least 1), of the text of an object or array */
};

struct body_value {
	bool given;
	struct sd_slice str;   /* BODY_STRING: unescaped, no control characters; BODY_TOKEN: empty if
				  with NUL */
	int64_t num;
	bool flag;
	struct json_value raw; /* as it stood */
};

/* Reads r->msg->body; values[i] belongs to fields[i]. STEP_NEXT, or STEP_DONE with the refusal
 * answered (json-malformed, unknown-field, field-missing, field-invalid, in this order). */
enum step body_read(struct request *r, const struct body_field *fields, size_t n,
		    struct body_value *values) SD_MUSTCHECK;

/* For routes that take no fields: nothing at all, or an empty object. */
enum step body_nothing(struct request *r) SD_MUSTCHECK;

/* field-invalid at /name; at /object/name. */
enum step body_invalid(struct request *r, const char *name, const char *why);
enum step body_invalid_in(struct request *r, const char *object, const char *name, const char *why);
/* unknown-field at /object/name. */
enum step body_unknown_in(struct request *r, const char *object, struct sd_slice name, const char *why);
/* exactly-one of the fields that names lists. */
enum step body_exactly_one(struct request *r, const char *names);

/* A well-formed user id: 1..256 bytes UTF-8 (the scanner's) without control characters, U+0080 to
 * U+009F among them: a path refuses those too. */
bool body_user_ok(struct sd_slice s);
/* The user_id of the path: STEP_NEXT, or 404 user-unknown answered. */
enum step body_path_user(struct request *r);
/* client and device ids: [A-Za-z0-9._~-]{1,64}. */
bool body_name_ok(struct sd_slice s);

#endif
