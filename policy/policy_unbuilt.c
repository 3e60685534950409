/* SPDX-License-Identifier: MIT
 * policy_unbuilt - hold a value against policy_unbuilt.def.
 * Owns:      nothing
 * Runs in:   master, tools
 * Fails by:  a sentence
 * Never:     know a key: they stand in the table alone
 */
#include "base.h"
#include "policy_unbuilt.h"

#include "policy_type.h"

enum condition { GIVEN, FILLED, OTHER, PREFIX };

static const struct unbuilt {
	enum policy_scope scope;
	const char *key;
	enum condition when;
	const char *value, *why;
} table[] = {
#define UNBUILT(scope, key, when, value, why) {SCOPE_##scope, key, when, value, why},
#include "policy_unbuilt.def"
};

static bool is_one_of(struct sd_slice t, const char *words)
{
	struct sd_slice w;

	for (size_t i = 0; (w = policy_type_word(words, i)).p; i++) {
		if (sd_slice_eq(w, t))
			return true;
	}
	return false;
}

static bool applies(const struct unbuilt *u, const struct yaml_node *n)
{
	bool text = n->kind == YAML_SCALAR;
	size_t len = strlen(u->value);

	switch (u->when) {
	case GIVEN:
		return true;
	case FILLED:
		return n->count > 0;
	case OTHER:
		return text && !is_one_of(n->text, u->value);
	case PREFIX:
		return text && n->text.n >= len && memcmp(n->text.p, u->value, len) == 0;
	}
	return false;
}

const char *policy_unbuilt_why(const struct policy_row *row, const struct yaml_node *value)
{
	for (size_t i = 0; i < SD_ARRAY_LEN(table); i++) {
		if (table[i].scope == row->scope && strcmp(table[i].key, row->key) == 0 &&
		    applies(&table[i], value))
			return table[i].why;
	}
	return NULL;
}
