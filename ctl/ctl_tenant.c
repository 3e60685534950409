/* SPDX-License-Identifier: MIT
 * ctl_tenant - make, list and show tenants, as their files say.
 * Owns:      the loaded configuration, for the time of a command
 * Runs in:   sessionctl
 * Fails by:  exit code 1 or 2 with a line on standard error
 * Never:     edit or remove a tenant's file: that is the operator's, with an editor */
#include "base.h"
#include "ctl_tenant.h"

#include <fcntl.h>
#include <unistd.h>

#include "buf.h"
#include "ctl_config.h"
#include "ctl_file.h"
#include "err.h"
#include "policy_tenant_conf.h"
#include "policy_word.h"

static int usage(void)
{
	fputs("usage: sessionctl tenant new NAME --issuer URL\n"
	      "       sessionctl tenant list\n"
	      "       sessionctl tenant show NAME\n",
	      stderr);
	return CTL_USAGE;
}

static bool word_ok(enum policy_type type, const char *word)
{
	const char *why = policy_word_fault(type, sd_slice_str(word));

	if (why)
		fprintf(stderr, "sessionctl: \"%s\": %s\n", word, why);
	return why == NULL;
}

static int write_tenant(const char *folder, const char *name, const char *issuer,
			struct sd_diag *diag)
{
	char file[80];
	struct sd_buf b;
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "%s: %s", folder, strerror(errno));
	snprintf(file, sizeof(file), "%s.yaml", name);
	sd_buf_init(&b, 4096);
	sd_buf_printf(&b,
		      "# Every other key has its default: see docs/CONFIGURATION.md.\n"
		      "tenant: %s\nissuer: ",
		      name);
	sd_buf_json_str(&b, sd_slice_str(issuer));
	sd_buf_str(&b, "\nclients: []\n");
	struct ctl_file f = {.name = file, .data = sd_buf_slice(&b), .mode = 0644};
	int err = ctl_file_write(dirfd, &f, diag);

	sd_buf_fini(&b);
	close(dirfd);
	return err;
}

static int tenant_new(const struct ctl *ctl, const struct ctl_config *c, char **argv)
{
	const char *folder = c->config->server.tenants_dir, *name = argv[1];
	struct sd_diag diag = {""};
	bool ok = word_ok(TYPE_TENANT_NAME, name);

	if (!word_ok(TYPE_ISSUER, argv[3]) || !ok)
		return CTL_USAGE;
	if (write_tenant(folder, name, argv[3], &diag) != SD_OK) {
		fprintf(stderr, "sessionctl: %s\n", diag.text);
		return CTL_FAILED;
	}
	if (ctl->json)
		puts("{\"written\": true}");
	else
		printf("%s/%s.yaml: written; next: sessionctl keys new %s, sessionctl client new "
		       "%s ID "
		       "--permissions LIST\n",
		       folder, name, name, name);
	return CTL_DONE;
}

static int tenant_list(const struct ctl *ctl, const struct policy_config *c)
{
	struct sd_buf b;

	sd_buf_init(&b, 16u << 20);
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct tenant_conf *t = c->tenants[i];
		const char *alg = jose_alg_name((enum jose_alg)t->p.alg);

		if (!ctl->json) {
			printf("%-24s %-40s %-6s %zu clients\n", t->name, t->issuer, alg,
			       t->clients.count);
			continue;
		}
		sd_buf_printf(&b, "%s{\"tenant\": \"%s\", \"issuer\": ", i ? ", " : "", t->name);
		sd_buf_json_str(&b, sd_slice_str(t->issuer));
		sd_buf_printf(&b, ", \"algorithm\": \"%s\", \"clients\": %zu}", alg,
			      t->clients.count);
	}
	if (ctl->json)
		printf("[%.*s]\n", (int)b.len, b.len ? b.p : "");
	sd_buf_fini(&b);
	return CTL_DONE;
}

static int tenant_show(const struct ctl *ctl, const struct policy_config *c, const char *name)
{
	int err = policy_config_print_tenant(c, name, ctl->json, stdout);

	if (err == SD_ERR_NOT_FOUND)
		fprintf(stderr, "sessionctl: %s: no such tenant\n", name);
	else if (err)
		fprintf(stderr, "sessionctl: %s\n", sd_err_text(err));
	return err ? CTL_FAILED : CTL_DONE;
}

static int run(const struct ctl *ctl, const struct ctl_config *c, int argc, char **argv)
{
	if (strcmp(argv[0], "new") == 0)
		return tenant_new(ctl, c, argv);
	return argc == 1 ? tenant_list(ctl, c->config) : tenant_show(ctl, c->config, argv[1]);
}

int ctl_tenant(const struct ctl *ctl, int argc, char **argv)
{
	const char *verb = argc ? argv[0] : "";
	bool known = (argc == 4 && strcmp(verb, "new") == 0 && strcmp(argv[2], "--issuer") == 0) ||
		     (argc == 1 && strcmp(verb, "list") == 0) ||
		     (argc == 2 && strcmp(verb, "show") == 0);
	struct ctl_config c;

	if (!known)
		return usage();
	int code = ctl_config_load(ctl, CTL_CONFIG_KEYLESS, &c);

	if (code == CTL_DONE)
		code = run(ctl, &c, argc, argv);
	ctl_config_fini(&c);
	return code;
}
