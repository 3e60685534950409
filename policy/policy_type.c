/* SPDX-License-Identifier: MIT
 * policy_type - single values: words, switches, numbers with units, checked texts.
 * Owns:      nothing; writes the one field of the row it was given
 * Runs in:   master, tools
 * Fails by:  reporting a fault and leaving the field alone
 * Never:     let YAML decide a type: "no", 0123 and 1e3 mean what the row says
 */
#include "base.h"
#include "policy_type.h"

#include "err.h"
#include "policy_names.h"
#include "policy_suggest.h"
#include "policy_units.h"
#include "policy_word.h"
#include "yaml_text.h"

typedef int unit_fn(struct sd_slice s, uint64_t *out, const char **why_out);

void policy_type_fault(const struct policy_cell *c, const struct yaml_node *n, const char *fmt, ...)
{
	char path[YAML_TREE_PATH], what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	policy_fault(c->d->faults,
		     (struct policy_where){c->d->file, n->pos, yaml_text_path(n, path)}, "%s",
		     what);
}

static const char *kind_name(const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_MAP:
		return "a mapping";
	case YAML_LIST:
		return "a list";
	case YAML_SCALAR:
		return n->text.n ? "a text" : "nothing";
	case YAML_BAD:
		break;
	}
	return "nothing";
}

bool policy_type_is_scalar(const struct policy_cell *c, const struct yaml_node *n, const char *want)
{
	if (n->kind == YAML_SCALAR && (n->text.n || n->quoted))
		return true;
	if (n->kind != YAML_BAD)
		policy_type_fault(c, n, "%s where %s belongs", kind_name(n), want);
	return false;
}

void policy_type_store(const struct policy_row *row, void *base, uint64_t v)
{
	char *field = (char *)base + row->offset;

	if (row->size == sizeof(uint64_t))
		memcpy(field, &v, sizeof(v));
	else if (row->size == sizeof(uint32_t))
		memcpy(field, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
	else
		*(bool *)field = v != 0;
}

uint64_t policy_type_load(const struct policy_row *row, const void *base)
{
	const char *field = (const char *)base + row->offset;
	uint64_t v = 0;
	uint32_t w = 0;

	if (row->size == sizeof(uint64_t)) {
		memcpy(&v, field, sizeof(v));
		return v;
	}
	if (row->size == sizeof(uint32_t)) {
		memcpy(&w, field, sizeof(w));
		return w;
	}
	return *(const bool *)field;
}

struct sd_slice policy_type_word(const char *words, size_t i)
{
	for (; words; words = strchr(words, '|')) {
		if (*words == '|')
			words++;
		if (i-- == 0)
			return sd_slice(words, strcspn(words, "|"));
	}
	return (struct sd_slice){0};
}

const char *policy_type_suggest(const struct policy_cell *c, struct sd_slice got, char out[96])
{
	struct policy_suggest s;

	out[0] = '\0';
	if (policy_faults_full(c->d->faults))
		return out;
	policy_suggest_init(&s, got);
	for (size_t i = 0; policy_type_word(c->row->words, i).p; i++)
		policy_suggest_offer(&s, policy_type_word(c->row->words, i));
	if (policy_suggest_best(&s))
		snprintf(out, 96, " (did you mean \"%s\"?)", policy_suggest_best(&s));
	return out;
}

/* --- one reader for each word in the third column of policy_type.def ------- */

static void read_open(const struct policy_cell *c)
{
	(void)c;
}

static void read_bool(const struct policy_cell *c)
{
	struct sd_slice t = c->node->text;

	if (!policy_type_is_scalar(c, c->node, "on or off"))
		return;
	if (sd_slice_is(t, "on") || sd_slice_is(t, "true"))
		policy_type_store(c->row, c->base, 1);
	else if (sd_slice_is(t, "off") || sd_slice_is(t, "false"))
		policy_type_store(c->row, c->base, 0);
	else
		policy_type_fault(c, c->node, "\"%.40s\" is neither on nor off (true or false)",
				  t.p);
}

static void read_enum(const struct policy_cell *c)
{
	struct sd_slice t = c->node->text, w;
	char hint[96], list[160] = "";

	if (!policy_type_is_scalar(c, c->node, "a word"))
		return;
	for (size_t i = 0; (w = policy_type_word(c->row->words, i)).p; i++) {
		if (sd_slice_is(w, "-"))
			continue;
		if (sd_slice_eq(w, t)) {
			policy_type_store(c->row, c->base, i);
			return;
		}
		size_t n = strlen(list);

		snprintf(list + n, sizeof(list) - n, "%s%.*s", n ? ", " : "", SD_SLICE_ARG(w));
	}
	policy_type_fault(c, c->node, "\"%.40s\" is none of %s%s", t.p, list,
			  policy_type_suggest(c, t, hint));
}

static void read_number(const struct policy_cell *c, unit_fn *parse, uint64_t divide)
{
	const char *why = "";
	uint64_t v = 0;

	if (!policy_type_is_scalar(c, c->node, policy_type_name(c->row->type)))
		return;
	if (parse(c->node->text, &v, &why) != SD_OK) {
		policy_type_fault(c, c->node, "\"%.40s\": %s", c->node->text.p, why);
	} else if (v < c->row->low || v > c->row->high) {
		struct sd_buf b;

		sd_buf_init(&b, 256);
		policy_type_put_number(&b, c->row->type, c->row->low);
		sd_buf_str(&b, " and ");
		policy_type_put_number(&b, c->row->type, c->row->high);
		policy_type_fault(c, c->node, "%.40s is out of range: between %.*s",
				  c->node->text.p, SD_SLICE_ARG(sd_buf_slice(&b)));
		sd_buf_fini(&b);
	} else if (v % divide) {
		policy_type_fault(c, c->node, "%.40s: whole seconds only", c->node->text.p);
	} else {
		policy_type_store(c->row, c->base, v / divide);
	}
}

static void read_count(const struct policy_cell *c)
{
	read_number(c, policy_units_count, 1);
}

static void read_count_auto(const struct policy_cell *c)
{
	if (c->node->kind == YAML_SCALAR && sd_slice_is(c->node->text, "auto"))
		policy_type_store(c->row, c->base, 0);
	else
		read_count(c);
}

static void read_duration_ms(const struct policy_cell *c)
{
	read_number(c, policy_units_duration, 1);
}

static void read_duration_s(const struct policy_cell *c)
{
	read_number(c, policy_units_duration, 1000);
}

static void read_size(const struct policy_cell *c)
{
	read_number(c, policy_units_size, 1);
}

static void read_share(const struct policy_cell *c)
{
	read_number(c, policy_units_share, 1);
}

/* prefix and text into the field; the default "" of an optional text is not checked. */
static void store_text(const struct policy_cell *c, const char *prefix, struct sd_slice t)
{
	const char *why = policy_word_fault(c->row->type, t);
	char *field = (char *)c->base + c->row->offset;

	if (why) {
		policy_type_fault(c, c->node, "\"%.60s\": %s", t.n ? t.p : "", why);
		return;
	}
	int n = snprintf(field, c->row->size, "%s%.*s", prefix, SD_SLICE_ARG(t));

	if (n < 0 || (size_t)n >= c->row->size) {
		field[0] = '\0';
		policy_type_fault(c, c->node, "longer than %zu characters", c->row->size - 1);
	}
}

static bool is_absent(const struct policy_cell *c)
{
	return c->node->parent == NULL && c->node->text.n == 0;
}

static void read_text(const struct policy_cell *c)
{
	if (!is_absent(c) && policy_type_is_scalar(c, c->node, policy_type_name(c->row->type)))
		store_text(c, "", c->node->text);
}

static void read_path(const struct policy_cell *c)
{
	struct sd_slice t = c->node->text;

	if (is_absent(c) || !policy_type_is_scalar(c, c->node, "a path"))
		return;
	store_text(c, t.n && t.p[0] != '/' ? c->d->folder : "", t);
}

/* "unix:PATH" is a path too. */
static void read_address(const struct policy_cell *c)
{
	struct sd_slice t = c->node->text;
	char prefix[CONF_PATH + 8];

	read_text(c);
	if (c->node->kind != YAML_SCALAR || t.n < 6 || memcmp(t.p, "unix:", 5) != 0 ||
	    t.p[5] == '/' || c->d->folder[0] == '\0')
		return;
	char *field = (char *)c->base + c->row->offset;

	if (field[0] == '\0') /* refused already */
		return;
	snprintf(prefix, sizeof(prefix), "unix:%s", c->d->folder);
	int n = snprintf(field, c->row->size, "%s%.*s", prefix, (int)(t.n - 5), t.p + 5);

	if (n < 0 || (size_t)n >= c->row->size || n > 5 + 107)
		policy_type_fault(c, c->node,
				  "the path of a Unix socket has at most 107 characters");
}

static void read_node(const struct policy_cell *c)
{
	if (c->node->kind == YAML_SCALAR && sd_slice_is(c->node->text, "auto"))
		((char *)c->base)[c->row->offset] = '\0';
	else
		read_text(c);
}

/* "deny", or a mapping whose keys have rows of their own (the schema walks into it). */
static void read_outage(const struct policy_cell *c)
{
	if (c->node->kind == YAML_MAP) {
		policy_type_store(c->row, c->base, OUTAGE_ALLOW_SIGNED);
		if (c->node->count == 0)
			policy_type_fault(c, c->node, "empty: write { allow_signed: 30s }");
	} else if (c->node->kind == YAML_SCALAR && !sd_slice_is(c->node->text, "deny")) {
		policy_type_fault(c, c->node, "\"%.40s\": write deny or { allow_signed: 30s }",
				  c->node->text.p);
	} else if (c->node->kind == YAML_LIST) {
		policy_type_fault(c, c->node, "a list where deny or { allow_signed: 30s } belongs");
	}
}

#define read_paths policy_type_read_paths
#define read_networks policy_type_read_networks
#define read_flags policy_type_read_flags
#define read_strings policy_type_read_strings
#define read_permissions policy_type_read_permissions
#define read_hashes policy_type_read_hashes
#define read_counts policy_type_read_counts
#define read_levels policy_type_read_levels
#define read_roles policy_type_read_roles
#define read_records policy_type_read_records

static const struct {
	const char *name;
	void (*read)(const struct policy_cell *c);
	void (*print)(struct sd_buf *b, const struct policy_row *row, const void *base);
} types[] = {
#define TYPE(id, text, parse, print) [TYPE_##id] = {text, read_##parse, policy_type_print_##print},
#include "policy_type.def"
};
SD_STATIC_ASSERT(SD_ARRAY_LEN(types) == TYPE_COUNT_OF, "a reader for each type");

void policy_type_read(const struct policy_cell *c)
{
	types[c->row->type].read(c);
}

void policy_type_print(struct sd_buf *b, const struct policy_row *row, const void *base)
{
	types[row->type].print(b, row, base);
}

const char *policy_type_name(enum policy_type type)
{
	return types[type].name;
}
