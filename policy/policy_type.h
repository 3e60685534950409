/* SPDX-License-Identifier: MIT
 * policy_type - what a value of the configuration may be: one node of YAML into one field of a
 * struct, and the field back to text. Inside policy/. */
#ifndef SD_POLICY_TYPE_H
#define SD_POLICY_TYPE_H

#include "policy_schema.h"

/* One value on its way: the row it belongs to, the struct it goes into, the node it comes from. */
struct policy_cell {
	struct policy_draft *d;
	const struct policy_row *row;
	void *base;
	const struct yaml_node *node;
};

/* Reads the node into the field; a fault is reported. */
void policy_type_read(const struct policy_cell *c);
/* Appends the field's value as it would be written in the file. */
void policy_type_print(struct sd_buf *b, const struct policy_row *row, const void *base);
/* "a duration" */
const char *policy_type_name(enum policy_type type);
/* Appends a number as this type writes it: "15m", "64KiB", "5%", "20". */
void policy_type_put_number(struct sd_buf *b, enum policy_type type, uint64_t v);

/* For the files of this idea: a fault at node n of the cell. */
void policy_type_fault(const struct policy_cell *c, const struct yaml_node *n, const char *fmt, ...)
    SD_PRINTF(3, 4);
/* n is a scalar, or this is reported. */
bool policy_type_is_scalar(const struct policy_cell *c, const struct yaml_node *n, const char *want);
/* The i-th of words ("a|b|c"); p NULL behind the last. */
struct sd_slice policy_type_word(const char *words, size_t i);
/* ` (did you mean "x"?)` or "". */
const char *policy_type_suggest(const struct policy_cell *c, struct sd_slice got, char out[96]);
void policy_type_store(const struct policy_row *row, void *base, uint64_t v);
uint64_t policy_type_load(const struct policy_row *row, const void *base);

/* policy_type_list.c: lists and mappings. */
void policy_type_read_paths(const struct policy_cell *c);
void policy_type_read_networks(const struct policy_cell *c);
void policy_type_read_flags(const struct policy_cell *c);
void policy_type_read_strings(const struct policy_cell *c);
void policy_type_read_permissions(const struct policy_cell *c);
void policy_type_read_hashes(const struct policy_cell *c);
void policy_type_read_roles(const struct policy_cell *c);
void policy_type_read_counts(const struct policy_cell *c);
void policy_type_read_levels(const struct policy_cell *c);
void policy_type_read_records(const struct policy_cell *c);

/* policy_type_print.c */
#define TYPE(id, text, parse, print)                                                               \
	void policy_type_print_##print(struct sd_buf *b, const struct policy_row *row, const void *base);
#include "policy_type.def"

#endif
