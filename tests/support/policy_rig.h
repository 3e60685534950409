/* SPDX-License-Identifier: MIT
 * policy_rig - what the tests of policy/ share: a load whose findings are one text,
 * and an image of what was loaded. */
#ifndef SD_TEST_POLICY_RIG_H
#define SD_TEST_POLICY_RIG_H

#include "policy_folder.h"
#include "policy_tenant_conf.h"

#define RIG_HASH_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define RIG_HASH_2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

struct policy_rig {
	char dir[64];
	struct policy_config *config;
	struct conf_findings findings;
	char text[65536]; /* all faults of the last load, one a line */
	char notes[8192];
};

SD_UNUSED static void rig_up(struct policy_rig *r)
{
	memset(r, 0, sizeof(*r));
	rig_folder(r->dir);
}

static void rig_forget(struct policy_rig *r)
{
	policy_config_free(&r->config);
	conf_findings_free(&r->findings);
}

SD_UNUSED static void rig_down(struct policy_rig *r)
{
	rig_forget(r);
	rig_folder_remove(r->dir);
}

static void rig_join(char *out, size_t size, const struct conf_finding *f, size_t n)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s\n", f[i].text);
}

/* Loads FILE as the launcher would have it; the number of faults. */
SD_UNUSED static size_t rig_load(struct policy_rig *r, const char *file)
{
	rig_forget(r);
	int err = policy_config_load(file, RIG_NOW, &r->config, &r->findings);

	rig_join(r->text, sizeof(r->text), r->findings.f, r->findings.stored);
	rig_join(r->notes, sizeof(r->notes), r->findings.note, r->findings.note_count);
	assert_int_equal(err, r->findings.count ? SD_ERR_INVALID : SD_OK);
	assert_int_equal(r->config == NULL, r->findings.count != 0);
	return r->findings.count;
}

/* Writes and loads the server file; it must be fine. */
SD_UNUSED static const struct policy_config *rig_good(struct policy_rig *r, const char *server)
{
	rig_write("sessiond.yaml", server);
	if (rig_load(r, "sessiond.yaml"))
		fail_msg("%s", r->text);
	return r->config;
}

SD_UNUSED static void rig_says(const struct policy_rig *r, const char *part)
{
	if (strstr(r->text, part) == NULL)
		fail_msg("nothing says \"%s\" in:\n%s", part, r->text);
}

/* An image of the loaded configuration with slots of its own; free() it. */
SD_UNUSED static void *rig_image(const struct policy_config *c, int64_t now_s, size_t *n,
				 int64_t *next)
{
	struct policy_slots *slots;
	void *image;
	struct sd_diag diag;

	assert_int_equal(policy_slots_new(&slots), SD_OK);
	struct policy_build_in in = {.config = c, .slots = slots, .now_s = now_s,
				      .generation = 7, .node = "node-1", .workers = 2};

	assert_int_equal(policy_build(&in, &image, n, next, &diag), SD_OK);
	policy_slots_free(&slots);
	return image;
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, rig_setup, rig_teardown)

SD_UNUSED static int rig_setup(void **state)
{
	struct policy_rig *r = malloc(sizeof(*r));

	assert_non_null(r);
	rig_up(r);
	*state = r;
	return 0;
}

SD_UNUSED static int rig_teardown(void **state)
{
	rig_down(*state);
	free(*state);
	return 0;
}

#endif
