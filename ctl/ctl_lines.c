/* SPDX-License-Identifier: MIT
 * ctl_lines - the same lines for people and for programs.
 * Owns:      the gathered text
 * Runs in:   sessionctl
 * Fails by:  leaving out what does not fit in memory
 * Never:     print: the caller knows the frame */
#include "base.h"
#include "ctl_lines.h"

#define LINES_MAX (64u << 20)

void ctl_lines_init(struct ctl_lines *l)
{
	*l = (struct ctl_lines){0};
	sd_buf_init(&l->text, LINES_MAX);
	sd_buf_init(&l->json, LINES_MAX);
}

void ctl_lines_fini(struct ctl_lines *l)
{
	sd_buf_fini(&l->text);
	sd_buf_fini(&l->json);
}

void ctl_lines_add(const char *line, void *arg)
{
	struct ctl_lines *l = arg;

	sd_buf_str(&l->text, line);
	sd_buf_char(&l->text, '\n');
	if (l->count++)
		sd_buf_str(&l->json, ", ");
	sd_buf_json_str(&l->json, sd_slice_str(line));
}

/* With its NUL, which is not counted, so that lines can still be added. */
static const char *text_of(struct sd_buf *b)
{
	sd_buf_char(b, '\0');
	if (b->failed || b->len == 0)
		return "";
	b->len--;
	return b->p;
}

const char *ctl_lines_text(struct ctl_lines *l)
{
	return text_of(&l->text);
}

const char *ctl_lines_json(struct ctl_lines *l)
{
	return text_of(&l->json);
}
