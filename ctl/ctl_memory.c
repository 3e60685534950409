/* SPDX-License-Identifier: MIT
 * ctl_memory - shows and proves the segments that the master handed over.
 * Owns:      the wording and the exit code of `sessionctl memory`
 * Runs in:   tools
 * Fails by:  exit code 1 (findings) or 2 (usage)
 * Never:     writes to a segment, or shows the seed of the keyed tables */
#include "base.h"

#include "ctl_memory.h"

#include "buf.h"
#include "policy_view.h"
#include "shm_dump.h"
#include "shm_map.h"
#include "shm_verify.h"

#define MAX_OUTPUT (16u << 20)

struct job {
	struct sd_buf out;
	bool verify, json;
	unsigned findings;
};

static struct sd_slice name_of(const struct ctl_memory_segment *s)
{
	return sd_slice_str(s->name ? s->name : shm_kind_name(s->kind));
}

/* The findings of one segment, a line each. */
static unsigned prove(enum shm_kind kind, const void *p, size_t size, struct sd_buf *lines)
{
	unsigned n = shm_verify(kind, p, size, lines);
	struct policy_view view;
	struct sd_diag diag = {""};

	if (n == 0 && kind == SHM_KIND_POLICY && policy_view_open(p, size, &view, &diag) != 0) {
		sd_buf_printf(lines, "policy: %s\n", diag.text);
		n = 1;
	}
	return n;
}

static void json_lines(struct sd_buf *out, const struct sd_buf *lines)
{
	const char *p = lines->p, *end = p + lines->len;

	sd_buf_char(out, '[');
	while (p && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		size_t n = eol ? (size_t)(eol - p) : (size_t)(end - p);

		if (p != lines->p)
			sd_buf_char(out, ',');
		sd_buf_json_str(out, sd_slice(p, n));
		p += n + 1;
	}
	sd_buf_char(out, ']');
}

static void show_findings(struct job *job, const struct ctl_memory_segment *s, const struct sd_buf *lines,
			  unsigned n)
{
	job->findings += n;
	if (job->json) {
		sd_buf_str(&job->out, "{\"segment\":");
		sd_buf_json_str(&job->out, name_of(s));
		sd_buf_str(&job->out, ",\"kind\":");
		sd_buf_json_str(&job->out, sd_slice_str(shm_kind_name(s->kind)));
		sd_buf_printf(&job->out, ",\"findings\":%u,\"texts\":", n);
		json_lines(&job->out, lines);
		sd_buf_char(&job->out, '}');
		return;
	}
	sd_buf_put(&job->out, name_of(s));
	sd_buf_printf(&job->out, ": %u finding%s\n", n, n == 1 ? "" : "s");
	sd_buf_put(&job->out, sd_buf_slice(lines));
}

static void show_dump(struct job *job, const struct ctl_memory_segment *s, const void *p, size_t size)
{
	if (job->json) {
		sd_buf_str(&job->out, "{\"segment\":");
		sd_buf_json_str(&job->out, name_of(s));
		sd_buf_str(&job->out, ",\"figures\":");
		shm_dump_json(s->kind, p, size, &job->out);
		sd_buf_char(&job->out, '}');
		return;
	}
	sd_buf_char(&job->out, '[');
	sd_buf_put(&job->out, name_of(s));
	sd_buf_str(&job->out, "]\n");
	shm_dump_text(s->kind, p, size, &job->out);
	sd_buf_char(&job->out, '\n');
}

static void one_segment(struct job *job, const struct ctl_memory_segment *s)
{
	struct sd_diag diag = {""};
	struct sd_buf lines;
	const void *p;
	size_t size;
	unsigned n;

	sd_buf_init(&lines, 65536);
	if (shm_map(s->fd, s->kind, sizeof(struct shm_head), &p, &size, &diag) != 0) {
		sd_buf_printf(&lines, "%s\n", diag.text);
		show_findings(job, s, &lines, 1);
	} else if (job->verify) {
		n = prove(s->kind, p, size, &lines);
		show_findings(job, s, &lines, n);
	} else {
		show_dump(job, s, p, size);
	}
	shm_unmap(&p, size);
	sd_buf_fini(&lines);
}

static bool parse(struct job *job, int argc, char **argv)
{
	bool command = false;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			job->json = true;
		} else if (!command && (strcmp(argv[i], "verify") == 0 || strcmp(argv[i], "dump") == 0)) {
			job->verify = argv[i][0] == 'v';
			command = true;
		} else {
			return false;
		}
	}
	return command;
}

int ctl_memory(const struct ctl_memory_source *src, int argc, char **argv)
{
	struct job job = {.verify = false};
	bool written;

	if (!parse(&job, argc, argv)) {
		fprintf(stderr, "usage: sessionctl memory dump|verify [--json]\n");
		return 2;
	}
	sd_buf_init(&job.out, MAX_OUTPUT);
	if (job.json)
		sd_buf_str(&job.out, "{\"segments\":[");
	for (size_t i = 0; i < src->count; i++) {
		if (job.json && i > 0)
			sd_buf_char(&job.out, ',');
		one_segment(&job, &src->segment[i]);
	}
	if (job.json)
		sd_buf_printf(&job.out, "],\"findings\":%u}\n", job.findings);
	written = !job.out.failed && fwrite(job.out.p ? job.out.p : "", 1, job.out.len, stdout) == job.out.len &&
		  fflush(stdout) == 0;
	sd_buf_fini(&job.out);
	if (!written)
		fprintf(stderr, "sessionctl memory: the output could not be written\n");
	return written && job.findings == 0 ? 0 : 1;
}
