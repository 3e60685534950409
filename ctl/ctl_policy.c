/* SPDX-License-Identifier: MIT
 * ctl_policy - check, compare and explain configurations without a running daemon.
 * Owns:      the configurations it loads, for the time of a command
 * Runs in:   sessionctl
 * Fails by:  exit code 1 with every fault, 2 for wrong words
 * Never:     change a file, or ask the daemon: what it says holds for the files as they are */
#include "base.h"
#include "ctl_policy.h"

#include <fcntl.h>
#include <libgen.h>
#include <unistd.h>

#include "clock.h"
#include "ctl_explain.h"
#include "ctl_lines.h"
#include "err.h"
#include "policy_config.h"

static int64_t now_s(void)
{
	return sd_clock_wall_ms() / 1000;
}

static void print_findings(const struct conf_findings *f, FILE *out)
{
	for (size_t i = 0; i < f->stored; i++)
		fprintf(out, "%s\n", f->f[i].text);
	if (f->count > f->stored)
		fprintf(out, "and %zu more\n", f->count - f->stored);
	for (size_t i = 0; i < f->note_count; i++)
		fprintf(out, "note: %s\n", f->note[i].text);
}

static void print_findings_json(const struct conf_findings *f, bool ok)
{
	struct ctl_lines faults, notes;

	ctl_lines_init(&faults);
	ctl_lines_init(&notes);
	for (size_t i = 0; i < f->stored; i++)
		ctl_lines_add(f->f[i].text, &faults);
	for (size_t i = 0; i < f->note_count; i++)
		ctl_lines_add(f->note[i].text, &notes);
	printf("{\"ok\": %s, \"count\": %zu, \"faults\": [%s], \"notes\": [%s]}\n",
	       ok ? "true" : "false", f->count, ctl_lines_json(&faults), ctl_lines_json(&notes));
	ctl_lines_fini(&faults);
	ctl_lines_fini(&notes);
}

static int check(const struct ctl *ctl)
{
	struct policy_config *config;
	struct conf_findings f;
	int err = policy_config_load(ctl->config, now_s(), &config, &f);

	if (ctl->json) {
		print_findings_json(&f, err == SD_OK);
	} else {
		print_findings(&f, stderr);
		if (err == SD_OK)
			printf("%s: fine, %zu tenant%s\n", ctl->config, config->tenant_count,
			       config->tenant_count == 1 ? "" : "s");
		else
			fprintf(stderr, "%s: refused, %zu fault%s\n", ctl->config, f.count,
				f.count == 1 ? "" : "s");
	}
	conf_findings_free(&f);
	policy_config_free(&config);
	return err ? CTL_FAILED : CTL_DONE;
}

/* One side of a comparison. */
struct side {
	struct policy_config *config;
	void *image;
	struct policy_view view;
};

static void side_fini(struct side *s)
{
	free(s->image);
	policy_config_free(&s->config);
}

/* From within the file's folder, so that its relative paths look as they will at a start, and two
 * copies of one configuration do not differ by where they lie. */
static int load_in_place(struct side *s, const char *file)
{
	char folder[CONF_PATH], name[CONF_PATH];
	struct conf_findings f = {0};
	int err = SD_ERR_SYSTEM, back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	snprintf(folder, sizeof(folder), "%s", file);
	snprintf(name, sizeof(name), "%s", file);
	if (back >= 0 && chdir(dirname(folder)) == 0)
		err = policy_config_load(basename(name), now_s(), &s->config, &f);
	if (f.count)
		fprintf(stderr, "in %s:\n", folder);
	if (err)
		print_findings(&f, stderr);
	if (err == SD_ERR_SYSTEM)
		fprintf(stderr, "sessionctl: %s: %s\n", file, strerror(errno));
	conf_findings_free(&f);
	if (back >= 0 && fchdir(back) != 0)
		err = SD_ERR_SYSTEM;
	if (back >= 0)
		close(back);
	return err;
}

static int side_load(struct side *s, const char *file, struct policy_slots *slots)
{
	struct sd_diag diag = {""};
	size_t n;
	int64_t next;
	int err = load_in_place(s, file);

	if (err)
		return err;
	struct policy_build_in in = {.config = s->config, .slots = slots, .now_s = now_s(),
				      .generation = 1, .node = "", .workers = 1};

	err = policy_build(&in, &s->image, &n, &next, &diag);
	if (err == SD_OK)
		err = policy_view_open(s->image, n, &s->view, &diag);
	if (err)
		fprintf(stderr, "sessionctl: %s: %s\n", file, diag.text);
	return err;
}

static void print_diff(const struct ctl *ctl, const struct side *old, const struct side *new_side)
{
	struct ctl_lines changed, ignored;

	ctl_lines_init(&changed);
	ctl_lines_init(&ignored);
	policy_diff(&old->view, &new_side->view, ctl_lines_add, &changed);
	policy_config_ignored(&old->config->server, &new_side->config->server, ctl_lines_add,
			      &ignored);
	if (ctl->json)
		printf("{\"changed\": [%s], \"ignored\": [%s]}\n", ctl_lines_json(&changed),
		       ctl_lines_json(&ignored));
	else if (changed.count + ignored.count == 0)
		puts("no change");
	else
		printf("%s%s", ctl_lines_text(&changed), ctl_lines_text(&ignored));
	ctl_lines_fini(&changed);
	ctl_lines_fini(&ignored);
}

static int diff(const struct ctl *ctl, const char *other)
{
	struct side old = {0}, new_side = {0};
	struct policy_slots *slots = NULL;
	int err = policy_slots_new(&slots);

	if (err == SD_OK)
		err = side_load(&old, ctl->config, slots);
	if (err == SD_OK)
		err = side_load(&new_side, other, slots);
	if (err == SD_OK)
		print_diff(ctl, &old, &new_side);
	side_fini(&old);
	side_fini(&new_side);
	policy_slots_free(&slots);
	return err ? CTL_FAILED : CTL_DONE;
}

static int explain(const struct ctl *ctl, const char *tenant, const char *key)
{
	struct policy_config *config;
	struct conf_findings f;
	int code = CTL_FAILED;

	if (policy_config_load_keyless(ctl->config, &config, &f) == SD_OK)
		code = ctl_explain(ctl, config, tenant, key);
	else
		print_findings(&f, stderr);
	conf_findings_free(&f);
	policy_config_free(&config);
	return code;
}

int ctl_policy(const struct ctl *ctl, int argc, char **argv)
{
	const char *verb = argc ? argv[0] : "";

	if (argc == 1 && strcmp(verb, "check") == 0)
		return check(ctl);
	if (argc == 2 && strcmp(verb, "diff") == 0)
		return diff(ctl, argv[1]);
	if (argc == 2 && strcmp(verb, "explain") == 0)
		return explain(ctl, NULL, argv[1]);
	if (argc == 3 && strcmp(verb, "explain") == 0)
		return explain(ctl, argv[1], argv[2]);
	fputs("usage: sessionctl policy check\n"
	      "       sessionctl policy diff OTHER\n"
	      "       sessionctl policy explain [TENANT] KEY\n"
	      "       sessionctl policy preview TENANT --key-file FILE [--url URL]\n",
	      stderr);
	return CTL_USAGE;
}
