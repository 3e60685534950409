/* SPDX-License-Identifier: MIT
 * yaml_tree - the small part of YAML that configuration needs, as a bounded tree with positions:
 * one document of mappings, lists and scalars. Anchors, aliases, tags, merge keys, directives,
 * duplicate keys and anything deep or long is refused. Master and tools only. */
#ifndef SD_YAML_TREE_H
#define SD_YAML_TREE_H

#include "arena.h"
#include "buf.h"
#include "policy_fault.h"

#define YAML_TREE_MAX_BYTES (256u << 10)
#define YAML_TREE_MAX_DEPTH 8u
#define YAML_TREE_MAX_NODES 65536u
#define YAML_TREE_PATH 256

enum yaml_kind { YAML_BAD = 0 /* reported already */, YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml_node {
	enum yaml_kind kind;
	struct policy_pos pos;     /* of the value */
	struct policy_pos key_pos; /* of its key; pos when it has none */
	struct sd_slice key;       /* inside a mapping */
	struct sd_slice text;      /* of a scalar, NUL-terminated */
	bool quoted;
	uint32_t index, count;     /* place among the parent's children; number of own */
	struct yaml_node *parent, *first, *last, *next;
};

struct yaml_tree {
	struct sd_arena arena;
	struct yaml_node *root; /* NULL: unreadable or empty */
	uint32_t events;        /* how many the parser gave (tests: proves the abort) */
	uint32_t nodes;
};

/* Parses text; every fault goes to faults under the name of file. The tree is whole when the
 * number of faults did not grow; otherwise it holds what could be read, or root is NULL.
 * yaml_tree_fini() always. SD_ERR_INVALID when anything was reported. */
int yaml_tree_parse(struct sd_slice text, const char *file, struct yaml_tree *out,
		    struct policy_faults *faults) SD_MUSTCHECK;
void yaml_tree_fini(struct yaml_tree *t);

#endif
