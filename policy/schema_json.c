/* SPDX-License-Identifier: MIT
 * schema_json - sessiond-schema server|tenant|doc: the rows of policy.def as JSON Schema 2020-12.
 * Owns:      standard output
 * Runs in:   the build tree, never installed; what it prints is checked in (two schemas in etc/,
 *            docs/CONFIGURATION.md), and tests/guards/generated compares
 * Fails by:  exit code 1 or 2
 * Never:     know a key: whatever is true of one stands in its row
 */
#include "base.h"

#include "buf.h"
#include "policy_schema.h"
#include "policy_type.h"
#include "schema_doc.h"

struct out {
	struct sd_buf b;
	int depth;
};

/* --- JSON with two blanks a level; each value is followed by its own comma or none ---------- */

static void line(struct out *o)
{
	sd_buf_char(&o->b, '\n');
	for (int i = 0; i < o->depth; i++)
		sd_buf_str(&o->b, "  ");
}

static void name(struct out *o, const char *key)
{
	if (o->b.p[o->b.len - 1] != '{')
		sd_buf_char(&o->b, ',');
	line(o);
	sd_buf_json_str(&o->b, sd_slice_str(key));
	sd_buf_str(&o->b, ": ");
}

static void open_object(struct out *o)
{
	sd_buf_char(&o->b, '{');
	o->depth++;
}

static void close_object(struct out *o)
{
	o->depth--;
	line(o);
	sd_buf_char(&o->b, '}');
}

static void member(struct out *o, const char *key, const char *text)
{
	name(o, key);
	sd_buf_json_str(&o->b, sd_slice_str(text));
}

static void raw(struct out *o, const char *key, const char *json)
{
	name(o, key);
	sd_buf_str(&o->b, json);
}

static void bounds(struct out *o, const char *low, const char *high, const struct policy_row *r)
{
	name(o, low);
	sd_buf_u64(&o->b, r->low);
	name(o, high);
	sd_buf_u64(&o->b, r->high);
}

/* --- one value -------------------------------------------------------------- */

static void words(struct out *o, const struct policy_row *r)
{
	struct sd_slice w;
	size_t n = 0;

	name(o, "enum");
	sd_buf_char(&o->b, '[');
	for (size_t i = 0; (w = policy_type_word(r->words, i)).p; i++) {
		if (sd_slice_is(w, "-"))
			continue;
		sd_buf_str(&o->b, n++ ? ", " : "");
		sd_buf_json_str(&o->b, w);
	}
	if (r->type == TYPE_ENUM && strncmp(r->words, "off|", 4) == 0)
		sd_buf_str(&o->b, ", false"); /* YAML 1.1 editors read a plain off as false */
	sd_buf_char(&o->b, ']');
}

static void permissions(struct out *o)
{
	name(o, "enum");
	sd_buf_char(&o->b, '[');
	for (unsigned i = 0; i < PERM_BIT_COUNT; i++)
		sd_buf_printf(&o->b, "%s\"%s\"", i ? ", " : "", permission_name(i));
	sd_buf_char(&o->b, ']');
}

static void put_scope(struct out *o, enum policy_scope scope, const char *prefix);

static void items(struct out *o, const struct policy_row *r)
{
	raw(o, "type", "\"array\"");
	bounds(o, "minItems", "maxItems", r);
	name(o, "items");
	if (r->type == TYPE_LISTENERS || r->type == TYPE_CLIENTS) {
		put_scope(o, r->type == TYPE_LISTENERS ? SCOPE_LISTEN : SCOPE_CLIENT, "");
		return;
	}
	open_object(o);
	if (r->type == TYPE_FLAGS)
		words(o, r);
	else if (r->type == TYPE_PERMISSIONS)
		permissions(o);
	else if (r->type == TYPE_HASHES)
		raw(o, "pattern", "\"^sha256:[0-9a-f]{64}$\"");
	else
		raw(o, "type", "\"string\"");
	close_object(o);
}

static void measure(struct out *o, const char *pattern)
{
	name(o, "anyOf");
	sd_buf_printf(&o->b, "[{\"type\": \"string\", \"pattern\": \"%s\"}, {\"const\": 0}]",
		      pattern);
}

static void number(struct out *o, const struct policy_row *r)
{
	if (r->type == TYPE_COUNT) {
		raw(o, "type", "\"integer\"");
		bounds(o, "minimum", "maximum", r);
		return;
	}
	name(o, "anyOf");
	sd_buf_printf(&o->b,
		      "[{\"const\": \"auto\"}, {\"type\": \"integer\", \"minimum\": %llu, "
		      "\"maximum\": %llu}]",
		      (unsigned long long)r->low, (unsigned long long)r->high);
}

static void outage(struct out *o)
{
	raw(o, "anyOf",
	    "[{\"const\": \"deny\"}, {\"type\": \"object\", \"properties\": {\"allow_signed\": "
	    "{\"type\": "
	    "\"string\"}}, \"required\": [\"allow_signed\"], \"additionalProperties\": false}]");
}

/* Most types are a plain text: only the others have a case. */
#pragma GCC diagnostic ignored "-Wswitch-enum"
static void put_type(struct out *o, const struct policy_row *r)
{
	switch (r->type) {
	case TYPE_OPEN:
		raw(o, "type", "\"object\"");
		break;
	case TYPE_BOOL:
		raw(o, "enum", "[\"on\", \"off\", true, false]");
		break;
	case TYPE_ENUM:
		words(o, r);
		break;
	case TYPE_COUNT:
	case TYPE_COUNT_AUTO:
		number(o, r);
		break;
	case TYPE_DURATION_MS:
	case TYPE_DURATION_S:
		measure(o, "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$");
		break;
	case TYPE_SIZE:
		measure(o, "^[0-9]+([KMG]i)?B$");
		break;
	case TYPE_SHARE:
		measure(o, "^[0-9]+(\\\\.[0-9])?%$");
		break;
	case TYPE_OUTAGE:
		outage(o);
		break;
	case TYPE_COUNTS:
		raw(o, "type", "\"object\"");
		raw(o, "additionalProperties", "{\"type\": \"integer\", \"minimum\": 1}");
		break;
	case TYPE_ROLES:
		raw(o, "type", "\"object\"");
		raw(o, "additionalProperties", "{\"type\": \"array\"}");
		break;
	case TYPE_LEVELS:
		raw(o, "type", "\"object\"");
		raw(o, "maxProperties", "16");
		name(o, "additionalProperties");
		put_scope(o, SCOPE_LEVEL, "");
		break;
	case TYPE_USER:
		raw(o, "type", "[\"string\", \"integer\"]");
		break;
	case TYPE_PATHS:
	case TYPE_NETWORKS:
	case TYPE_FLAGS:
	case TYPE_HOSTS:
	case TYPE_AUDIENCES:
	case TYPE_CLIENT_IDS:
	case TYPE_PERMISSIONS:
	case TYPE_HASHES:
	case TYPE_LISTENERS:
	case TYPE_CLIENTS:
		items(o, r);
		break;
	default:
		raw(o, "type", "\"string\"");
	}
}

static void put_leaf(struct out *o, const struct policy_row *r)
{
	open_object(o);
	member(o, "description", r->text);
	put_type(o, r);
	if (r->standard && r->standard[0])
		member(o, "x-default", r->standard);
	close_object(o);
}

/* --- mappings: every word that may follow prefix, in the order of the rows ------------------- */

static bool below(const struct policy_row *r, const char *prefix, struct sd_slice *word)
{
	size_t n = strlen(prefix);

	if (strncmp(r->key, prefix, n) != 0 || (n && r->key[n] != '.'))
		return false;
	*word = sd_slice_str(r->key + n + (n ? 1 : 0));
	word->n = strcspn(word->p, ".");
	return true;
}

static void put_words(struct out *o, enum policy_scope scope, const char *prefix)
{
	struct sd_slice word, last = {0};
	size_t n;
	const struct policy_row *r = policy_schema_rows(scope, &n);

	for (size_t i = 0; i < n; i++) {
		char key[100], path[100];

		if (!below(&r[i], prefix, &word) || sd_slice_eq(word, last))
			continue;
		last = word;
		snprintf(key, sizeof(key), "%.*s", SD_SLICE_ARG(word));
		snprintf(path, sizeof(path), "%s%s%.60s", prefix, prefix[0] ? "." : "", key);
		name(o, key);
		if (strcmp(path, r[i].key) == 0)
			put_leaf(o, &r[i]);
		else
			put_scope(o, scope, path);
	}
}

static void put_required(struct out *o, enum policy_scope scope)
{
	size_t n, found = 0;
	const struct policy_row *r = policy_schema_rows(scope, &n);

	for (size_t i = 0; i < n; i++) {
		if (r[i].standard)
			continue;
		if (found++ == 0)
			raw(o, "required", "[");
		else
			sd_buf_str(&o->b, ", ");
		sd_buf_json_str(&o->b, sd_slice_str(r[i].key));
	}
	if (found)
		sd_buf_char(&o->b, ']');
}

static void put_members(struct out *o, enum policy_scope scope, const char *prefix)
{
	raw(o, "type", "\"object\"");
	raw(o, "additionalProperties", "false");
	if (prefix[0] == '\0')
		put_required(o, scope);
	name(o, "properties");
	open_object(o);
	put_words(o, scope, prefix);
	close_object(o);
}

static void put_scope(struct out *o, enum policy_scope scope, const char *prefix)
{
	open_object(o);
	put_members(o, scope, prefix);
	close_object(o);
}

static void put_schema(struct sd_buf *b, enum policy_scope scope, const char *title)
{
	struct out o = {.depth = 0};

	sd_buf_init(&o.b, 1u << 20);
	open_object(&o);
	member(&o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	member(&o, "title", title);
	put_members(&o, scope, "");
	close_object(&o);
	sd_buf_char(&o.b, '\n');
	*b = o.b;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	struct sd_buf b = {0};

	if (strcmp(what, "server") == 0)
		put_schema(&b, SCOPE_SERVER, "sessiond.yaml");
	else if (strcmp(what, "tenant") == 0)
		put_schema(&b, SCOPE_TENANT, "tenants.d/NAME.yaml of sessiond");
	else if (strcmp(what, "doc") == 0)
		schema_doc_put(&b);
	else {
		fputs("usage: sessiond-schema server|tenant|doc\n", stderr);
		return 2;
	}
	int bad = b.failed || fwrite(b.p, 1, b.len, stdout) != b.len || fflush(stdout) != 0;

	sd_buf_fini(&b);
	return bad;
}
