/* SPDX-License-Identifier: MIT
 * ctl_config - loads the configuration for a command and says what is wrong with it.
 * Owns:      the loaded configuration
 * Runs in:   sessionctl
 * Fails by:  CTL_FAILED with every fault on standard error
 * Never:     read a secret; ask for keys where the command is there to make them */
#include "base.h"
#include "ctl_config.h"

#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "policy_tenant_conf.h"

static const struct policy_config *config_of(const struct ctl_conf *conf)
{
	return conf->arg;
}

static bool find_tenant(const struct ctl_conf *conf, const char *name, struct ctl_tenant *out)
{
	const struct policy_config *c = config_of(conf);

	*out = (struct ctl_tenant){0};
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct tenant_conf *t = c->tenants[i];

		if (strcmp(t->name, name) != 0)
			continue;
		*out = (struct ctl_tenant){
		    .alg = (enum jose_alg)t->p.alg,
		    .bits = t->signing_bits,
		    .overlap_s = t->overlap_s,
		    .access_ttl_s = t->p.access_ttl_s,
		    .clock_skew_s = t->p.clock_skew_s,
		};
		return true;
	}
	return false;
}

static const char *name_of_tenant(const struct ctl_conf *conf, size_t i)
{
	const struct policy_config *c = config_of(conf);

	return i < c->tenant_count ? c->tenants[i]->name : NULL;
}

static void tell_findings(const struct ctl *ctl, const struct conf_findings *f, int err)
{
	for (size_t i = 0; i < f->stored; i++)
		fprintf(stderr, "%s\n", f->f[i].text);
	if (f->count > f->stored)
		fprintf(stderr, "sessionctl: and %zu more\n", f->count - f->stored);
	if (f->count == 0 && err != SD_OK)
		fprintf(stderr, "sessionctl: %s: %s\n", ctl->config, sd_err_text(err));
}

/* Private files belong to the signer. Without such a user they stay the caller's, which is right
 * where all roles share one user. */
static void find_signer(struct ctl_config *c)
{
	struct sd_diag diag;

	c->conf.signer_known =
	    geteuid() == 0 && sd_ident_lookup(c->config->server.user_signer, &c->conf.signer, &diag) == SD_OK;
}

int ctl_config_load(const struct ctl *ctl, enum ctl_config_depth depth, struct ctl_config *out)
{
	struct conf_findings findings = {0};
	int err = SD_ERR_INVALID;

	*out = (struct ctl_config){0};
	switch (depth) {
	case CTL_CONFIG_SERVER:
		err = policy_config_load_server(ctl->config, &out->config, &findings);
		break;
	case CTL_CONFIG_KEYLESS:
		err = policy_config_load_keyless(ctl->config, &out->config, &findings);
		break;
	case CTL_CONFIG_ALL:
		err = policy_config_load(ctl->config, sd_clock_wall_ms() / 1000, &out->config, &findings);
		break;
	}
	if (err != SD_OK)
		tell_findings(ctl, &findings, err);
	conf_findings_free(&findings);
	if (err != SD_OK)
		return CTL_FAILED;
	(void)snprintf(out->conf.keys_dir, sizeof(out->conf.keys_dir), "%s", out->config->server.keys_dir);
	(void)snprintf(out->conf.master_key_file, sizeof(out->conf.master_key_file), "%s",
		       out->config->server.master_key_file);
	out->conf.tenant = find_tenant;
	out->conf.tenant_at = name_of_tenant;
	out->conf.arg = out->config;
	out->conf.json = ctl->json;
	find_signer(out);
	return CTL_DONE;
}

void ctl_config_fini(struct ctl_config *c)
{
	policy_config_free(&c->config);
}
