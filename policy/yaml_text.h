/* SPDX-License-Identifier: MIT
 * yaml_text - what holds for the bytes of a file before any parser sees them, and the path of a
 * node as text. Master and tools only. */
#ifndef SD_YAML_TEXT_H
#define SD_YAML_TEXT_H

#include "yaml_tree.h"

/* Not over the size limit, UTF-8 throughout (RFC 3629), no byte order mark, no NUL; else one
 * fault with its place. */
bool yaml_text_is_clean(struct sd_slice text, const char *file, struct policy_faults *faults);

/* Line and column (in bytes) of an offset. */
struct policy_pos yaml_text_pos(struct sd_slice text, size_t offset);

/* "clients[2].permissions[0]" into out; returns out. */
const char *yaml_text_path(const struct yaml_node *n, char out[YAML_TREE_PATH]);

#endif
