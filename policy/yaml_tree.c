/* SPDX-License-Identifier: MIT
 * yaml_tree - libyaml's events to a bounded tree, refusing what configuration never needs.
 * Owns:      struct yaml_tree; the only file that knows libyaml
 * Runs in:   master, tools
 * Fails by:  SD_ERR_INVALID with every fault reported (after a fault of syntax the file ends)
 * Never:     use libyaml's document API, or go on below the depth limit: both are quadratic on
 *            hostile input (100 kB of "[": 14 s; with the abort: 1 ms)
 */
#include "base.h"
#include "yaml_tree.h"

#include <yaml.h>

#include "err.h"
#include "yaml_text.h"

#define ARENA_MAX (96u << 20)

struct reader {
	struct yaml_tree *t;
	struct yaml_node *at;	   /* the open mapping or list; NULL at the top */
	struct yaml_node *key_for; /* made when a mapping's key was read, waits for its value */
	uint32_t depth, documents;
	const char *file;
	struct policy_faults *faults;
};

static struct policy_pos place(yaml_mark_t m)
{
	return (struct policy_pos){(uint32_t)m.line + 1, (uint32_t)m.column + 1};
}

/* Reports at pos, with the path of n; always SD_ERR_INVALID. */
static int refuse(struct reader *r, struct policy_pos pos, const struct yaml_node *n,
		  const char *what)
{
	char path[YAML_TREE_PATH];

	policy_fault(r->faults, (struct policy_where){r->file, pos, yaml_text_path(n, path)}, "%s",
		     what);
	return SD_ERR_INVALID;
}

static struct yaml_node *new_node(struct reader *r, struct policy_pos pos)
{
	struct yaml_node *n = NULL;

	if (++r->t->nodes <= YAML_TREE_MAX_NODES)
		n = sd_arena_alloc(&r->t->arena, sizeof(*n));
	if (n == NULL) {
		(void)refuse(r, pos, r->at, "too many values in one file");
		return NULL;
	}
	n->pos = n->key_pos = pos;
	return n;
}

static void append(struct yaml_node *parent, struct yaml_node *n)
{
	n->parent = parent;
	n->index = parent->count++;
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
}

/* The node that the next value fills: a waiting key's, the next of a list, or the root. */
static struct yaml_node *value_node(struct reader *r, struct policy_pos pos)
{
	struct yaml_node *n = r->key_for;

	if (n) {
		r->key_for = NULL;
		n->pos = pos;
		return n;
	}
	n = new_node(r, pos);
	if (n == NULL)
		return NULL;
	if (r->at)
		append(r->at, n);
	else
		r->t->root = n;
	return n;
}

static bool wants_key(const struct reader *r)
{
	return r->at && r->at->kind == YAML_MAP && r->key_for == NULL;
}

/* Anchors and tags change what a text means; the node stays, so that reading goes on. */
static void refuse_marks(struct reader *r, const struct yaml_node *n, const yaml_char_t *anchor,
			 const yaml_char_t *tag)
{
	if (anchor)
		(void)refuse(r, n->pos, n, "anchors (&) are not allowed");
	if (tag)
		(void)refuse(r, n->pos, n, "tags (!) are not allowed");
}

static int on_key(struct reader *r, const yaml_event_t *e)
{
	struct policy_pos pos = place(e->start_mark);
	struct yaml_node *n = new_node(r, pos);

	if (n == NULL)
		return SD_ERR_INVALID;
	n->key = sd_arena_copy(&r->t->arena, sd_slice(e->data.scalar.value, e->data.scalar.length));
	if (n->key.p == NULL)
		return refuse(r, pos, r->at, "too much text in one file");
	append(r->at, n);
	r->key_for = n;
	refuse_marks(r, n, e->data.scalar.anchor, e->data.scalar.tag);
	if (sd_slice_is(n->key, "<<") && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		(void)refuse(r, pos, r->at, "merge keys (<<) are not allowed");
	return SD_OK;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
	if (wants_key(r))
		return on_key(r, e);
	struct yaml_node *n = value_node(r, place(e->start_mark));

	if (n == NULL)
		return SD_ERR_INVALID;
	n->kind = YAML_SCALAR;
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->text =
	    sd_arena_copy(&r->t->arena, sd_slice(e->data.scalar.value, e->data.scalar.length));
	if (n->text.p == NULL)
		return refuse(r, n->pos, n, "too much text in one file");
	if (n->text.n && memchr(n->text.p, '\0', n->text.n)) {
		n->kind = YAML_BAD;
		(void)refuse(r, n->pos, n, "a NUL character");
	}
	refuse_marks(r, n, e->data.scalar.anchor, e->data.scalar.tag);
	return SD_OK;
}

static int on_alias(struct reader *r, const yaml_event_t *e)
{
	bool key = wants_key(r);
	struct yaml_node *n = key ? r->at : value_node(r, place(e->start_mark));

	(void)refuse(r, place(e->start_mark), n, "aliases (*) are not allowed");
	return key ? SD_ERR_INVALID : SD_OK;
}

static int on_open(struct reader *r, const yaml_event_t *e, enum yaml_kind kind)
{
	bool map = kind == YAML_MAP;
	struct policy_pos pos = place(e->start_mark);

	if (wants_key(r))
		return refuse(r, pos, r->at, "a key must be a word, not a mapping or list");
	if (++r->depth > YAML_TREE_MAX_DEPTH)
		return refuse(r, pos, r->key_for ? r->key_for : r->at,
			      "nested deeper than 8 levels");
	struct yaml_node *n = value_node(r, pos);

	if (n == NULL)
		return SD_ERR_INVALID;
	n->kind = kind;
	refuse_marks(r, n, map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor,
		     map ? e->data.mapping_start.tag : e->data.sequence_start.tag);
	r->at = n;
	return SD_OK;
}

static int by_key(const void *a, const void *b)
{
	const struct yaml_node *x = *(const struct yaml_node *const *)a;
	const struct yaml_node *y = *(const struct yaml_node *const *)b;
	size_t n = SD_MIN(x->key.n, y->key.n);
	int c = n ? memcmp(x->key.p, y->key.p, n) : 0;

	if (c == 0 && x->key.n != y->key.n)
		c = x->key.n < y->key.n ? -1 : 1;
	if (c == 0)
		c = x->index < y->index ? -1 : 1;
	return c;
}

/* Sorted, because comparing each with each would let a long mapping stall us. */
static int refuse_duplicates(struct reader *r, const struct yaml_node *map)
{
	struct yaml_node **v = calloc(map->count ? map->count : 1, sizeof(*v));
	size_t i = 0;

	if (v == NULL)
		return refuse(r, map->pos, map, "out of memory");
	for (struct yaml_node *n = map->first; n; n = n->next)
		v[i++] = n;
	qsort(v, i, sizeof(*v), by_key);
	for (size_t k = 1, first = 0; k < i; k++) {
		char path[YAML_TREE_PATH];
		struct policy_where at = {r->file, v[k]->key_pos, yaml_text_path(v[k], path)};

		if (sd_slice_eq(v[first]->key, v[k]->key))
			policy_fault(r->faults, at, "given twice (first at line %u)",
				     v[first]->key_pos.line);
		else
			first = k;
	}
	free(v);
	return SD_OK;
}

static int on_close(struct reader *r)
{
	struct yaml_node *n = r->at;

	r->depth--;
	r->at = n->parent;
	return n->kind == YAML_MAP ? refuse_duplicates(r, n) : SD_OK;
}

static int on_document(struct reader *r, const yaml_event_t *e)
{
	if (e->data.document_start.version_directive ||
	    e->data.document_start.tag_directives.start !=
		e->data.document_start.tag_directives.end)
		return refuse(r, place(e->start_mark), NULL, "directives (%) are not allowed");
	if (++r->documents > 1)
		return refuse(r, place(e->start_mark), NULL, "more than one document in a file");
	return SD_OK;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, e);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, e, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, e, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(r);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return SD_OK;
}

static int syntax_fault(struct reader *r, const yaml_parser_t *p, struct sd_slice text)
{
	struct policy_pos pos = place(p->problem_mark);
	const char *what = p->problem ? p->problem : "cannot be parsed";

	if (p->error == YAML_READER_ERROR)
		pos = yaml_text_pos(text, p->problem_offset);
	policy_fault(r->faults, (struct policy_where){r->file, pos, ""}, "not YAML: %s%s%s", what,
		     p->context ? ", " : "", p->context ? p->context : "");
	return SD_ERR_INVALID;
}

static int read_events(struct reader *r, yaml_parser_t *p, struct sd_slice text)
{
	for (;;) {
		yaml_event_t e;

		if (!yaml_parser_parse(p, &e))
			return syntax_fault(r, p, text);
		r->t->events++;
		bool end = e.type == YAML_STREAM_END_EVENT;
		int err = on_event(r, &e);

		yaml_event_delete(&e);
		if (err || end)
			return err;
	}
}

int yaml_tree_parse(struct sd_slice text, const char *file, struct yaml_tree *out,
		    struct policy_faults *faults)
{
	struct reader r = {.t = out, .file = file, .faults = faults};
	size_t before = faults->count;
	yaml_parser_t p;

	*out = (struct yaml_tree){0};
	sd_arena_init(&out->arena, ARENA_MAX);
	if (!yaml_text_is_clean(text, file, faults))
		return SD_ERR_INVALID;
	if (!yaml_parser_initialize(&p))
		return refuse(&r, (struct policy_pos){0}, NULL, "out of memory");
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)(text.n ? text.p : ""), text.n);
	int err = read_events(&r, &p, text);

	yaml_parser_delete(&p);
	if (err) /* cut short: half a tree would only make false alarms */
		out->root = NULL;
	return faults->count == before ? SD_OK : SD_ERR_INVALID;
}

void yaml_tree_fini(struct yaml_tree *t)
{
	sd_arena_fini(&t->arena);
	t->root = NULL;
}
