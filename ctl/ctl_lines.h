/* SPDX-License-Identifier: MIT
 * ctl_lines - lines gathered from a callback, printed as text or as the items of a JSON array. */
#ifndef SD_CTL_LINES_H
#define SD_CTL_LINES_H

#include "buf.h"

struct ctl_lines {
	size_t count;
	struct sd_buf text, json;
};

void ctl_lines_init(struct ctl_lines *l);
void ctl_lines_fini(struct ctl_lines *l);
/* Adds one; arg is the struct ctl_lines. */
void ctl_lines_add(const char *line, void *arg);
/* All of them, a newline after each; "" when there is none. Valid until the next add. */
const char *ctl_lines_text(struct ctl_lines *l);
/* `"a", "b"` without brackets. */
const char *ctl_lines_json(struct ctl_lines *l);

#endif
