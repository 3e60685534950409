/* SPDX-License-Identifier: MIT
 * policy_type_list - values with many parts: lists, sets of words, mappings of numbers, records.
 * Owns:      nothing; lists are allocated in the draft's arena
 * Runs in:   master, tools
 * Fails by:  reporting each bad item; the good ones are kept
 * Never:     drop a second occurrence in silence: whatever is given twice is a fault
 */
#include "base.h"
#include "policy_type.h"

#include "err.h"
#include "policy_names.h"
#include "policy_suggest.h"
#include "policy_tenant_conf.h"
#include "policy_units.h"
#include "policy_word.h"
#include "yaml_text.h"

/* The node is a list (or mapping) of a bearable length; else reported. */
static bool has_shape(const struct policy_cell *c, enum yaml_kind kind)
{
	const struct yaml_node *n = c->node;

	if (n->kind == YAML_BAD)
		return false;
	if (n->kind != kind) {
		policy_type_fault(c, n, "%s belongs here%s", policy_type_name(c->row->type),
				  kind == YAML_LIST ? ": [a, b] or lines that begin with -" : "");
		return false;
	}
	if (n->count < c->row->low || n->count > c->row->high) {
		policy_type_fault(c, n, "%u entries, but %llu to %llu may be given", n->count,
				  (unsigned long long)c->row->low,
				  (unsigned long long)c->row->high);
		return false;
	}
	return true;
}

/* Memory for all items of the node; NULL is reported. */
static void *room(const struct policy_cell *c, size_t each)
{
	void *p = sd_arena_alloc(c->d->arena, SD_MAX((size_t)c->node->count, (size_t)1) * each);

	if (p == NULL)
		policy_type_fault(c, c->node, "out of memory");
	return p;
}

static bool item_ok(const struct policy_cell *c, const struct yaml_node *n)
{
	if (!policy_type_is_scalar(c, n, "a text"))
		return false;
	const char *why = policy_word_fault(c->row->type, n->text);

	if (why)
		policy_type_fault(c, n, "\"%.60s\": %s", n->text.n ? n->text.p : "", why);
	return why == NULL;
}

void policy_type_read_paths(const struct policy_cell *c)
{
	struct server_conf *s = c->base;

	if (!has_shape(c, YAML_LIST))
		return;
	for (const struct yaml_node *n = c->node->first; n; n = n->next) {
		if (!item_ok(c, n))
			continue;
		char *out = s->previous_key_files[s->previous_key_count];
		int len = snprintf(out, CONF_PATH, "%s%s", n->text.p[0] == '/' ? "" : c->d->folder,
				   n->text.p);

		if (len < 0 || len >= CONF_PATH)
			policy_type_fault(c, n, "longer than %d characters", CONF_PATH - 1);
		else
			s->previous_key_count++;
	}
}

void policy_type_read_networks(const struct policy_cell *c)
{
	struct server_conf *s = c->base;
	const char *why = "";

	if (!has_shape(c, YAML_LIST))
		return;
	for (const struct yaml_node *n = c->node->first; n; n = n->next) {
		if (!policy_type_is_scalar(c, n, "a network"))
			continue;
		if (policy_units_cidr(n->text, &s->proxies[s->proxy_count], &why) == SD_OK)
			s->proxy_count++;
		else
			policy_type_fault(c, n, "\"%.60s\": %s", n->text.p, why);
	}
}

/* Bit number of n's word, or -1 after a report. */
static int word_bit(const struct policy_cell *c, const struct yaml_node *n)
{
	struct sd_slice w;
	char hint[96];

	if (!policy_type_is_scalar(c, n, "a word"))
		return -1;
	for (size_t i = 0; (w = policy_type_word(c->row->words, i)).p; i++) {
		if (w.n && sd_slice_eq(w, n->text))
			return (int)i;
	}
	policy_type_fault(c, n, "\"%.40s\" is none of %s%s", n->text.p, c->row->words,
			  policy_type_suggest(c, n->text, hint));
	return -1;
}

static int permission_bit(const struct policy_cell *c, const struct yaml_node *n)
{
	struct policy_suggest s;

	if (!policy_type_is_scalar(c, n, "a permission"))
		return -1;
	int bit = permission_parse(n->text);

	if (bit >= 0)
		return bit;
	policy_suggest_init(&s, n->text);
	for (unsigned i = 0; i < PERM_BIT_COUNT && !policy_faults_full(c->d->faults); i++)
		policy_suggest_offer(&s, sd_slice_str(permission_name(i)));
	const char *best = policy_suggest_best(&s);

	policy_type_fault(c, n, "no permission is called \"%.40s\"%s%s%s", n->text.p,
			  best ? " (did you mean \"" : "", best ? best : "", best ? "\"?)" : "");
	return -1;
}

static void read_bits(const struct policy_cell *c,
		      int (*bit_of)(const struct policy_cell *, const struct yaml_node *))
{
	uint32_t bits = 0;

	if (!has_shape(c, YAML_LIST))
		return;
	for (const struct yaml_node *n = c->node->first; n; n = n->next) {
		int bit = bit_of(c, n);

		if (bit < 0)
			continue;
		if (bits & (1u << bit))
			policy_type_fault(c, n, "\"%.40s\" is given twice", n->text.p);
		bits |= 1u << bit;
	}
	policy_type_store(c->row, c->base, bits);
}

void policy_type_read_flags(const struct policy_cell *c)
{
	read_bits(c, word_bit);
}

void policy_type_read_permissions(const struct policy_cell *c)
{
	read_bits(c, permission_bit);
}

void policy_type_read_strings(const struct policy_cell *c)
{
	struct conf_strings *out = (void *)((char *)c->base + c->row->offset);

	if (!has_shape(c, YAML_LIST))
		return;
	out->v = room(c, sizeof(*out->v));
	out->pos = room(c, sizeof(*out->pos));
	for (const struct yaml_node *n = c->node->first; n && out->v && out->pos; n = n->next) {
		bool twice = false;

		if (!item_ok(c, n))
			continue;
		for (size_t i = 0; i < out->count; i++)
			twice = twice || sd_slice_eq(out->v[i], n->text);
		if (twice) {
			policy_type_fault(c, n, "\"%.60s\" is given twice", n->text.p);
			continue;
		}
		out->v[out->count] = sd_arena_copy(c->d->arena, n->text);
		out->pos[out->count] = n->pos;
		if (out->v[out->count].p)
			out->count++;
		else
			policy_type_fault(c, n, "out of memory");
	}
}

void policy_type_read_hashes(const struct policy_cell *c)
{
	struct conf_hashes *out = (void *)((char *)c->base + c->row->offset);
	const char *why = "";

	if (!has_shape(c, YAML_LIST))
		return;
	out->v = room(c, sizeof(*out->v));
	out->pos = room(c, sizeof(*out->pos));
	for (const struct yaml_node *n = c->node->first; n && out->v && out->pos; n = n->next) {
		if (!policy_type_is_scalar(c, n, "a key hash"))
			continue;
		/* The text is not repeated: somebody may have pasted the key itself. */
		if (policy_names_hash(n->text, out->v[out->count], &why) != SD_OK) {
			policy_type_fault(c, n, "%s", why);
			continue;
		}
		out->pos[out->count++] = n->pos;
	}
}

void policy_type_read_counts(const struct policy_cell *c)
{
	struct conf_counts *out = (void *)((char *)c->base + c->row->offset);

	if (!has_shape(c, YAML_MAP))
		return;
	out->v = room(c, sizeof(*out->v));
	for (const struct yaml_node *n = c->node->first; n && out->v; n = n->next) {
		struct conf_count *v = &out->v[out->count];
		const char *why = policy_word_fault(c->row->type, n->key);

		if (why) {
			policy_type_fault(c, n, "%s", why);
			continue;
		}
		if (!policy_type_is_scalar(c, n, "a number"))
			continue;
		if (policy_units_count(n->text, &v->max, &why) != SD_OK || v->max < 1 ||
		    v->max > 1000000) {
			policy_type_fault(c, n, "\"%.40s\": %s", n->text.p,
					  why ? why : "between 1 and 1000000");
			continue;
		}
		v->name = sd_arena_copy(c->d->arena, n->key);
		if (v->name.p)
			out->count++;
		else
			policy_type_fault(c, n, "out of memory");
	}
}

/* The permissions of one role; a report and what was good otherwise. */
static uint32_t role_bits(const struct policy_cell *c, const struct yaml_node *list)
{
	uint32_t bits = 0;

	if (list->kind != YAML_LIST) {
		policy_type_fault(c, list, "a list of permissions belongs here");
		return 0;
	}
	for (const struct yaml_node *n = list->first; n; n = n->next) {
		int bit = permission_bit(c, n);

		bits |= bit < 0 ? 0 : 1u << bit;
	}
	return bits;
}

void policy_type_read_roles(const struct policy_cell *c)
{
	struct conf_roles *out = (void *)((char *)c->base + c->row->offset);

	if (!has_shape(c, YAML_MAP))
		return;
	out->v = room(c, sizeof(*out->v));
	for (const struct yaml_node *n = c->node->first; n && out->v; n = n->next) {
		struct conf_role *v = &out->v[out->count];
		const char *why = policy_word_fault(TYPE_CLAIM, n->key);

		if (why) {
			policy_type_fault(c, n, "%s", why);
			continue;
		}
		v->permissions = role_bits(c, n);
		v->name = sd_arena_copy(c->d->arena, n->key);
		if (v->name.p)
			out->count++;
		else
			policy_type_fault(c, n, "out of memory");
	}
}

void policy_type_read_levels(const struct policy_cell *c)
{
	struct conf_levels *out = (void *)((char *)c->base + c->row->offset);

	if (!has_shape(c, YAML_MAP))
		return;
	out->v = room(c, sizeof(*out->v));
	for (const struct yaml_node *n = c->node->first; n && out->v; n = n->next) {
		struct conf_level *one = &out->v[out->count];
		const char *why = policy_word_fault(TYPE_LEVELS, n->key);

		if (why || sd_slice_copy(n->key, one->name, sizeof(one->name)) != SD_OK) {
			policy_type_fault(c, n, "%s", why ? why : "too long");
			continue;
		}
		out->count++;
		one->pos = n->pos;
		policy_schema_read(c->d, SCOPE_LEVEL, n, one, NULL);
	}
}

static void read_listeners(const struct policy_cell *c)
{
	struct server_conf *s = c->base;

	for (const struct yaml_node *n = c->node->first; n; n = n->next) {
		struct conf_listen *l = &s->listen[s->listen_count++];

		l->pos = n->pos;
		policy_schema_read(c->d, SCOPE_LISTEN, n, l, NULL);
	}
}

static void read_clients(const struct policy_cell *c)
{
	struct conf_clients *out = (void *)((char *)c->base + c->row->offset);

	out->v = room(c, sizeof(*out->v));
	for (const struct yaml_node *n = c->node->first; n && out->v; n = n->next) {
		struct conf_client *one = &out->v[out->count++];

		one->pos = n->pos;
		policy_schema_read(c->d, SCOPE_CLIENT, n, one, NULL);
	}
}

void policy_type_read_records(const struct policy_cell *c)
{
	if (!has_shape(c, YAML_LIST))
		return;
	if (c->row->type == TYPE_LISTENERS)
		read_listeners(c);
	else
		read_clients(c);
}
