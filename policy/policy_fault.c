/* SPDX-License-Identifier: MIT
 * policy_fault - keep faults and notes with their place, give them back sorted.
 * Owns:      struct policy_faults and what conf_findings_free() frees
 * Runs in:   master, tools
 * Fails by:  counting only, when memory is short: a fault is never lost from the count
 * Never:     stop at the first fault, or print
 */
#include "base.h"
#include "policy_fault.h"

#include "err.h"

struct policy_fault_row {
	char file[CONF_PATH];
	struct policy_pos pos;
	size_t order; /* as it came: the last word of the sort, which is then stable */
	bool note;
	struct conf_finding text;
};

static struct policy_fault_row *new_row(struct policy_faults *f)
{
	if (f->rows_count == f->rows_cap) {
		size_t cap = f->rows_cap ? f->rows_cap * 2 : 16;
		struct policy_fault_row *rows = realloc(f->rows, cap * sizeof(*rows));

		if (rows == NULL)
			return NULL;
		f->rows = rows;
		f->rows_cap = cap;
	}
	struct policy_fault_row *r = &f->rows[f->rows_count];

	*r = (struct policy_fault_row){.order = f->rows_count};
	f->rows_count++;
	return r;
}

static void put(struct policy_faults *f, struct policy_where at, bool note, const char *what)
{
	struct policy_fault_row *r = new_row(f);

	if (r == NULL)
		return;
	r->pos = at.pos;
	r->note = note;
	snprintf(r->file, sizeof(r->file), "%s", at.file);
	snprintf(r->text.text, sizeof(r->text.text), "%s:%u:%u: %s: %s", at.file,
		 SD_MAX(at.pos.line, 1u), SD_MAX(at.pos.column, 1u),
		 at.path[0] ? at.path : "(file)", what);
	/* What came out of a file goes to a terminal: no control characters. */
	for (char *c = r->text.text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	if (note)
		f->notes++;
	else
		f->stored++;
}

void policy_fault(struct policy_faults *f, struct policy_where at, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	f->count++;
	if (policy_faults_full(f))
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	put(f, at, false, what);
}

void policy_note(struct policy_faults *f, struct policy_where at, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	if (f->notes >= CONF_MAX_FINDINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	put(f, at, true, what);
}

static int by_place(const void *a, const void *b)
{
	const struct policy_fault_row *x = a, *y = b;
	int c = strcmp(x->file, y->file);

	if (c)
		return c;
	if (x->pos.line != y->pos.line)
		return x->pos.line < y->pos.line ? -1 : 1;
	if (x->pos.column != y->pos.column)
		return x->pos.column < y->pos.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static struct conf_finding *take(const struct policy_faults *f, bool note, size_t n)
{
	struct conf_finding *out = calloc(n ? n : 1, sizeof(*out));
	size_t i = 0;

	for (size_t r = 0; out && r < f->rows_count; r++) {
		if (f->rows[r].note == note)
			out[i++] = f->rows[r].text;
	}
	return out;
}

void policy_faults_finish(struct policy_faults *f, struct conf_findings *out)
{
	if (f->rows_count)
		qsort(f->rows, f->rows_count, sizeof(*f->rows), by_place);
	*out = (struct conf_findings){.count = f->count};
	out->f = take(f, false, f->stored);
	out->stored = out->f ? f->stored : 0;
	out->note = take(f, true, f->notes);
	out->note_count = out->note ? f->notes : 0;
	free(f->rows);
	*f = (struct policy_faults){0};
}

void conf_findings_free(struct conf_findings *findings)
{
	if (findings == NULL)
		return;
	free(findings->f);
	free(findings->note);
	*findings = (struct conf_findings){0};
}
