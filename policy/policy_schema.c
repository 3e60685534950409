/* SPDX-License-Identifier: MIT
 * policy_schema - walk a mapping along the rows of policy.def.
 * Owns:      the table of rows
 * Runs in:   master, tools
 * Fails by:  reporting each fault and going on with the next key
 * Never:     name a key: what is special about one stands in its row or in policy_check
 */
#include "base.h"
#include "policy_schema.h"

#include "die.h"
#include "err.h"
#include "policy_suggest.h"
#include "policy_tenant_conf.h"
#include "policy_type.h"
#include "policy_unbuilt.h"
#include "policy_units.h"
#include "yaml_text.h"

#define STRUCT_SERVER struct server_conf
#define STRUCT_LISTEN struct conf_listen
#define STRUCT_TENANT struct tenant_conf
#define STRUCT_CLIENT struct conf_client
#define STRUCT_LEVEL struct conf_level

static const struct policy_row rows[] = {
#define ROW(scope, key, type, field, lo, hi, dflt, words, effect, origin, text) \
	{SCOPE_##scope,                                                         \
	 key,                                                                   \
	 TYPE_##type,                                                           \
	 offsetof(STRUCT_##scope, field),                                       \
	 sizeof(((STRUCT_##scope *)0)->field),                                  \
	 lo,                                                                    \
	 hi,                                                                    \
	 dflt,                                                                  \
	 words,                                                                 \
	 EFFECT_##effect,                                                       \
	 origin,                                                                \
	 text},
#include "policy.def"
};

const struct policy_row *policy_schema_rows(enum policy_scope scope, size_t *count_out)
{
	size_t first = 0, n = 0;

	while (first < SD_ARRAY_LEN(rows) && rows[first].scope != scope)
		first++;
	while (first + n < SD_ARRAY_LEN(rows) && rows[first + n].scope == scope)
		n++;
	sd_bug_if(n == 0 || n > CONF_MAX_ROWS);
	*count_out = n;
	return rows + first;
}

size_t policy_schema_index(enum policy_scope scope, const char *key)
{
	size_t n, i = 0;
	const struct policy_row *r = policy_schema_rows(scope, &n);

	while (i < n && strcmp(r[i].key, key) != 0)
		i++;
	sd_bug_if(i == n);
	return i;
}

struct policy_where policy_schema_where(enum policy_scope scope, const char *file,
					const struct policy_pos *pos, const char *key)
{
	return (struct policy_where){file, pos[policy_schema_index(scope, key)], key};
}

bool policy_schema_sound(enum policy_scope scope, const struct policy_pos *pos, const char *key)
{
	struct policy_pos p = pos[policy_schema_index(scope, key)];

	return p.line == 0 || p.column != 0;
}

/* One mapping on its way into one struct. */
struct walk {
	struct policy_draft *d;
	const struct policy_row *rows;
	size_t count;
	void *base;
	struct policy_pos *pos;
	bool seen[CONF_MAX_ROWS];
};

/* "prefix.key"; false when that is longer than any key of ours. */
static bool join(char out[YAML_TREE_PATH], const char *prefix, struct sd_slice key)
{
	int n = snprintf(out, YAML_TREE_PATH, "%s%s%.*s", prefix, prefix[0] ? "." : "",
			 SD_SLICE_ARG(key));

	return n > 0 && n < YAML_TREE_PATH;
}

/* What may follow prefix in row's key: the next word of "prefix.word.more"; p NULL when none. */
static struct sd_slice next_word(const struct policy_row *row, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(row->key, prefix, n) != 0 || (n && row->key[n] != '.'))
		return (struct sd_slice){0};
	const char *word = row->key + n + (n ? 1 : 0);

	return sd_slice(word, strcspn(word, "."));
}

static void unknown_key(struct walk *w, const char *prefix, const struct yaml_node *n)
{
	char path[YAML_TREE_PATH];
	struct policy_suggest s;

	policy_suggest_init(&s, n->key);
	for (size_t i = 0; i < w->count && !policy_faults_full(w->d->faults); i++)
		policy_suggest_offer(&s, next_word(&w->rows[i], prefix));
	const char *best = policy_suggest_best(&s);

	policy_fault(w->d->faults,
		     (struct policy_where){w->d->file, n->key_pos, yaml_text_path(n, path)},
		     "unknown key%s%s%s", best ? " (did you mean \"" : "", best ? best : "",
		     best ? "\"?)" : "");
}

static const struct policy_row *row_of(const struct walk *w, const char *key)
{
	for (size_t i = 0; i < w->count; i++) {
		if (strcmp(w->rows[i].key, key) == 0)
			return &w->rows[i];
	}
	return NULL;
}

static bool has_rows_below(const struct walk *w, const char *key)
{
	for (size_t i = 0; i < w->count; i++) {
		if (next_word(&w->rows[i], key).p)
			return true;
	}
	return false;
}

static void read_value(struct walk *w, const struct policy_row *row, const struct yaml_node *n)
{
	struct policy_cell c = {w->d, row, w->base, n};
	size_t i = (size_t)(row - w->rows);

	if (w->seen[i]) /* a duplicate: reported by yaml_tree */
		return;
	w->seen[i] = true;
	if (w->pos)
		w->pos[i] = n->pos;
	size_t before = w->d->faults->count;

	policy_type_read(&c);
	if (w->pos && w->d->faults->count != before)
		w->pos[i].column = 0;
	const char *why = w->d->faults->count == before ? policy_unbuilt_why(row, n) : NULL;

	if (why)
		policy_type_fault(&c, n, "%s", why);
}

static void walk_map(struct walk *w, const char *prefix, const struct yaml_node *map)
{
	for (const struct yaml_node *n = map->first; n; n = n->next) {
		char key[YAML_TREE_PATH], path[YAML_TREE_PATH];
		bool fits = join(key, prefix, n->key);
		const struct policy_row *row = fits ? row_of(w, key) : NULL;
		bool below = fits && has_rows_below(w, key);

		if (row == NULL && !below)
			unknown_key(w, prefix, n);
		if (row)
			read_value(w, row, n);
		if (below && n->kind == YAML_MAP)
			walk_map(w, key, n);
		else if (below && row == NULL && n->kind != YAML_BAD)
			policy_fault(
			    w->d->faults,
			    (struct policy_where){w->d->file, n->pos, yaml_text_path(n, path)},
			    "a mapping belongs here");
	}
}

/* A default that is a list with entries is YAML itself; all others are one word. */
static void read_default(struct walk *w, const struct policy_row *row)
{
	struct yaml_node n = {
	    .kind = YAML_SCALAR, .quoted = true, .text = sd_slice_str(row->standard)};
	struct policy_cell c = {w->d, row, w->base, &n};
	struct yaml_tree t;

	if (row->standard[0] != '[' && row->standard[0] != '{') {
		policy_type_read(&c);
		return;
	}
	n.kind = row->standard[0] == '[' ? YAML_LIST : YAML_MAP;
	if (row->standard[1] == ']' || row->standard[1] == '}') {
		policy_type_read(&c);
		return;
	}
	if (yaml_tree_parse(n.text, w->d->file, &t, w->d->faults) == SD_OK) {
		c.node = t.root;
		policy_type_read(&c);
	}
	yaml_tree_fini(&t);
}

void policy_schema_read(struct policy_draft *d, enum policy_scope scope,
			const struct yaml_node *map, void *base, struct policy_pos *pos)
{
	struct walk w = {.d = d, .base = base, .pos = pos};
	char path[YAML_TREE_PATH];
	struct policy_where at = {d->file, map->pos, yaml_text_path(map, path)};

	w.rows = policy_schema_rows(scope, &w.count);
	if (map->kind != YAML_MAP) {
		if (map->kind != YAML_BAD)
			policy_fault(d->faults, at, "a mapping belongs here (key: value)");
		return;
	}
	walk_map(&w, "", map);
	for (size_t i = 0; i < w.count; i++) {
		if (w.seen[i])
			continue;
		if (w.rows[i].standard) {
			read_default(&w, &w.rows[i]);
			continue;
		}
		char full[YAML_TREE_PATH + 72];

		snprintf(full, sizeof(full), "%s%s%s", path, path[0] ? "." : "", w.rows[i].key);
		policy_fault(d->faults, (struct policy_where){d->file, map->pos, full},
			     "must be given: %s", w.rows[i].text);
	}
}
