/* SPDX-License-Identifier: MIT
 * reload_build - the half of a reload that changes nothing: files to a sealed, validated image and
 * a report. Reads files in the loop: they are the operator's own, bounded, and local.
 * Owns:      m->reload.config, .next and the report
 * Runs in:   master (after the sandbox)
 * Fails by:  returning SD_ERR_* with every fault in the report
 * Never:     touches what is in force */
#include "base.h"
#include "master.h"

#include "clock.h"
#include "err.h"
#include "log.h"

static void line(const char *text, void *arg)
{
	struct sd_buf *report = arg;

	sd_buf_str(report, text);
	sd_buf_char(report, '\n');
	sd_log(SD_LOG_INFO, "reload-change", SD_FS("text", text));
}

static void ignored(const char *text, void *arg)
{
	struct sd_buf *report = arg;

	sd_buf_printf(report, "needs a restart: %s\n", text);
	sd_log(SD_LOG_WARN, "reload-ignored", SD_FS("text", text));
}

static void faults(struct sd_buf *report, const struct conf_findings *found)
{
	for (size_t i = 0; i < found->count && i < CONF_MAX_FINDINGS; i++) {
		sd_buf_printf(report, "%s\n", found->f[i].text);
		sd_log(SD_LOG_ERROR, "reload-fault", SD_FS("text", found->f[i].text));
	}
	if (found->count > CONF_MAX_FINDINGS)
		sd_buf_printf(report, "and %zu more\n", found->count - CONF_MAX_FINDINGS);
}

static int load(struct master *m, int64_t now_s)
{
	struct conf_findings found = {0};
	int err = policy_config_load(m->config_file, now_s, &m->reload.config, &found);

	faults(&m->reload.report, &found);
	conf_findings_free(&found);
	return err;
}

int reload_build(struct master *m, bool *same_out)
{
	struct reload *r = &m->reload;
	struct sd_diag diag = {{0}};
	struct segments_policy_in in = {
		.node = m->node,
		.workers = m->workers,
		.now_s = sd_clock_wall_ms() / 1000,
		.jwks_of = issuer_keys_of,
		.jwks_arg = m,
	};
	int err;

	*same_out = false;
	sd_buf_reset(&r->report);
	err = r->cause == RELOAD_BY_KEY ? SD_OK : load(m, in.now_s);
	if (err != SD_OK)
		return err;
	in.config = r->config != NULL ? r->config : m->config;
	err = segments_policy_make(&m->seg, &in, &r->next, same_out, &diag);
	if (err != SD_OK) {
		sd_buf_printf(&r->report, "%s\n", diag.text);
		return err;
	}
	if (!*same_out)
		policy_diff(&m->seg.policy.view, &r->next.view, line, &r->report);
	if (r->config != NULL)
		policy_config_ignored(&m->server, &r->config->server, ignored, &r->report);
	return SD_OK;
}
