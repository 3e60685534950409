/* SPDX-License-Identifier: MIT
 * policy_schema - the rows of policy.def as a table, and a tree of YAML read through them into a
 * struct. Inside policy/, and for the tools that print the schema. */
#ifndef SD_POLICY_SCHEMA_H
#define SD_POLICY_SCHEMA_H

#include "buf.h"
#include "policy_fault.h"
#include "yaml_tree.h"

enum policy_scope { SCOPE_SERVER, SCOPE_LISTEN, SCOPE_TENANT, SCOPE_CLIENT, SCOPE_LEVEL, SCOPE_COUNT };
enum policy_effect { EFFECT_RELOAD, EFFECT_RESTART };

enum policy_type {
#define TYPE(id, text, parse, print) TYPE_##id,
#include "policy_type.def"
	TYPE_COUNT_OF
};

struct policy_row {
	enum policy_scope scope;
	const char *key; /* "sessions.idle_timeout" */
	enum policy_type type;
	size_t offset, size; /* of the field in the scope's struct */
	uint64_t low, high;
	const char *standard; /* the default as text; NULL: must be given */
	const char *words;    /* "a|b|c" */
	enum policy_effect effect;
	const char *origin, *text;
};

/* All rows of a scope, in the order of policy.def. */
const struct policy_row *policy_schema_rows(enum policy_scope scope, size_t *count_out);
/* Row number within its scope by key; the key must exist. */
size_t policy_schema_index(enum policy_scope scope, const char *key);

/* What reading needs: where paths are relative to ("" = here), where lists live, who listens. */
struct policy_draft {
	const char *file, *folder;
	struct sd_arena *arena;
	struct policy_faults *faults;
};

/* Reads a mapping into base (the scope's struct, zeroed): every key through its row, every row
 * without a key through its default. pos (CONF_MAX_ROWS, or NULL) learns where values stand. */
void policy_schema_read(struct policy_draft *d, enum policy_scope scope, const struct yaml_node *map,
			void *base, struct policy_pos *pos);

/* False when what the file says for this key was refused: the field holds nothing to compare. */
bool policy_schema_sound(enum policy_scope scope, const struct policy_pos *pos, const char *key);

/* Where a key of a read file stands, for faults between values. */
struct policy_where policy_schema_where(enum policy_scope scope, const char *file,
					const struct policy_pos *pos, const char *key);

#endif
