/* SPDX-License-Identifier: MIT
 * body - a JSON request body read against a table of its fields.
 * Owns:      nothing
 * Runs in:   worker
 * Fails by:  an answered refusal with the JSON pointer of the fault
 * Never:     know what a field means: its endpoint does
 */
#include "base.h"
#include "body.h"

#include "err.h"
#include "respond.h"

/* At the member `name` of the object at `path`. */
static enum step refuse_below(struct request *r, enum problem p, const char *path,
			      struct sd_slice name, const char *why)
{
	char pointer[160];
	size_t n = (size_t)snprintf(pointer, sizeof(pointer), "%.80s/", path);
	for (size_t i = 0; i < name.n && n + 3 <= sizeof(pointer); i++) {
		bool escaped = name.p[i] == '~' || name.p[i] == '/'; /* RFC 6901 3 */
		pointer[n++] = escaped ? '~' : name.p[i];
		if (escaped)
			pointer[n++] = name.p[i] == '~' ? '0' : '1';
	}
	pointer[n] = '\0';
	return respond_problem(r, p, why, pointer);
}

/* "" or the object's name; the field is one of ours and said: "device.id must be ...". */
static enum step refuse_in(struct request *r, enum problem p, const char *object, const char *name,
			   const char *why)
{
	char path[64] = "", text[256];
	if (object[0])
		(void)snprintf(path, sizeof(path), "/%s", object);
	(void)snprintf(text, sizeof(text), "%s%s%s %s", object, object[0] ? "." : "", name, why);
	return refuse_below(r, p, path, sd_slice_str(name), text);
}

enum step body_invalid(struct request *r, const char *name, const char *why)
{
	return refuse_in(r, PROBLEM_FIELD_INVALID, "", name, why);
}

enum step body_invalid_in(struct request *r, const char *object, const char *name, const char *why)
{
	return refuse_in(r, PROBLEM_FIELD_INVALID, object, name, why);
}

enum step body_unknown_in(struct request *r, const char *object, struct sd_slice name, const char *why)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/%s", object);
	return refuse_below(r, PROBLEM_UNKNOWN_FIELD, path, name, why);
}

enum step body_exactly_one(struct request *r, const char *names)
{
	char why[192];
	(void)snprintf(why, sizeof(why), "give exactly one of %s", names);
	return respond_problem(r, PROBLEM_EXACTLY_ONE, why, "");
}

static enum step refuse_unknown(struct request *r, struct sd_slice name, const struct body_field *fields,
		       size_t n)
{
	char why[512] = "no field is expected here";
	size_t at = 0;
	for (size_t i = 0; i < n && at < sizeof(why); i++)
		at += (size_t)snprintf(why + at, sizeof(why) - at, "%s %s",
				       i ? "," : "the fields are", fields[i].name);
	return refuse_below(r, PROBLEM_UNKNOWN_FIELD, "", name, why);
}

bool body_user_ok(struct sd_slice s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if ((unsigned char)s.p[i] == 0xc2 && (unsigned char)s.p[i + 1] < 0xa0)
			return false;
	return s.n >= 1 && s.n <= 256 && !sd_slice_has_control_utf8(s);
}

enum step body_path_user(struct request *r)
{
	return body_user_ok(r->params.user) ? STEP_NEXT
					    : respond_problem(r, PROBLEM_USER_UNKNOWN, NULL, NULL);
}

bool body_name_ok(struct sd_slice s)
{
	if (s.n < 1 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '~' || c == '-';
		if (!ok)
			return false;
	}
	return true;
}

/* NULL, or what is wrong. */
static const char *read_value(struct request *r, const struct body_field *f, struct body_value *v)
{
	switch (f->kind) {
	case BODY_STRING:
		if (json_get_str(&v->raw, &r->arena, &v->str) != SD_OK)
			return "must be a string";
		if (v->str.n < 1 || v->str.n > f->max || sd_slice_has_control_utf8(v->str))
			return "is empty, too long, or has control characters";
		return NULL;
	case BODY_TOKEN:
		if (v->raw.kind != JSON_STRING)
			return "must be a string";
		if (v->raw.raw.n > f->max || /* none needs an escape */
		    json_get_str(&v->raw, &r->arena, &v->str) != SD_OK)
			v->str = sd_slice("", 0); /* no token looks like this either */
		return NULL;
	case BODY_BOOL:
		return json_get_bool(&v->raw, &v->flag) == SD_OK ? NULL : "must be true or false";
	case BODY_INT:
		return json_get_i64(&v->raw, &v->num) == SD_OK ? NULL : "must be an integer";
	case BODY_OBJECT_OR_NULL: /* what a merge patch says of an object */
	case BODY_OBJECT:
		if (v->raw.kind == JSON_NULL && f->kind == BODY_OBJECT_OR_NULL)
			return NULL;
		if (v->raw.kind != JSON_OBJECT)
			return "must be an object";
		return v->raw.raw.n <= f->max ? NULL : "is too large";
	case BODY_ARRAY:
		if (v->raw.kind != JSON_ARRAY)
			return "must be an array";
		return v->raw.raw.n <= f->max ? NULL : "is too large";
	case BODY_STRING_OR_ARRAY:
		if (v->raw.kind != JSON_ARRAY && v->raw.kind != JSON_STRING)
			return "must be a string or an array of strings";
		return v->raw.raw.n <= f->max ? NULL : "is too large";
	}
	return "is of an unknown kind";
}

/* The raw values by field, and the first member that is no field; NULL when there is none. */
static const struct json_member *take_members(const struct json_flat *o,
					      const struct body_field *fields, size_t n,
					      struct body_value *values)
{
	uint64_t known = 0; /* a bit for each member */
	_Static_assert(JSON_MAX_MEMBERS <= 64, "a member is a bit");
	memset(values, 0, n * sizeof(*values));
	for (size_t i = 0; i < n; i++) {
		const struct json_value *v = json_flat_find(o, fields[i].name);
		values[i].given = v != NULL;
		if (!v)
			continue;
		values[i].raw = *v;
		known |= 1ull << ((size_t)((const char *)v - (const char *)o->m) / sizeof(o->m[0]));
	}
	for (uint32_t i = 0; i < o->count; i++)
		if (!(known >> i & 1))
			return &o->m[i];
	return NULL;
}

static enum step malformed(struct request *r, const struct json_error *e, int err)
{
	char why[128];
	/* well written, only not what is wanted here */
	if (json_check(r->msg->body, NULL) == SD_OK)
		return respond_problem(r, PROBLEM_FIELD_INVALID,
				       err == SD_ERR_TOO_BIG ? "too many members"
							     : "must be an object", "");
	(void)snprintf(why, sizeof(why), "at byte %zu: %s", e->offset,
		       e->reason ? e->reason : "too large");
	return respond_problem(r, PROBLEM_JSON_MALFORMED, why, NULL);
}

enum step body_read(struct request *r, const struct body_field *fields, size_t n,
		    struct body_value *values)
{
	/* 3 KiB that need no zeroing: the scan sets count, and a member before it counts it. */
	struct json_flat o __attribute__((uninitialized));
	struct json_error e = {0};
	int err = json_flat_scan(r->msg->body, &o, &e);
	if (err != SD_OK)
		return malformed(r, &e, err);
	const struct json_member *unknown = take_members(&o, fields, n, values);
	if (unknown)
		return refuse_unknown(r, unknown->name, fields, n);
	for (size_t i = 0; i < n; i++)
		if (fields[i].required && !values[i].given)
			return refuse_in(r, PROBLEM_FIELD_MISSING, "", fields[i].name,
					 "must be given");
	for (size_t i = 0; i < n; i++) {
		const char *why = values[i].given ? read_value(r, &fields[i], &values[i]) : NULL;
		if (why)
			return body_invalid(r, fields[i].name, why);
	}
	return STEP_NEXT;
}

enum step body_nothing(struct request *r)
{
	struct body_value none;
	return r->msg->body.n == 0 ? STEP_NEXT : body_read(r, NULL, 0, &none);
}
