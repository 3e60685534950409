/* SPDX-License-Identifier: MIT
 * policy_fault - gathers what is wrong with a configuration, so that one run names everything.
 * Master and tools only. */
#ifndef SD_POLICY_FAULT_H
#define SD_POLICY_FAULT_H

#include "policy_config.h"

/* Where a fault is: pos {0,0} means the file as a whole; path "" the document as a whole. */
struct policy_where {
	const char *file;
	struct policy_pos pos;
	const char *path;
};

struct policy_faults {
	size_t count, stored, notes;
	struct policy_fault_row *rows; /* faults and notes, as they came */
	size_t rows_count, rows_cap;
};

/* A fault makes the configuration wrong; a note is only said. Neither may contain a secret. */
void policy_fault(struct policy_faults *f, struct policy_where at, const char *fmt, ...)
    SD_PRINTF(3, 4);
void policy_note(struct policy_faults *f, struct policy_where at, const char *fmt, ...)
    SD_PRINTF(3, 4);

/* True when more faults would only be counted: no need to look for suggestions. */
static inline bool policy_faults_full(const struct policy_faults *f)
{
	return f->stored >= CONF_MAX_FINDINGS;
}

/* Sorts by file, line, column and moves everything into *out; f is empty afterwards. */
void policy_faults_finish(struct policy_faults *f, struct conf_findings *out);

#endif
