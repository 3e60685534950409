/* SPDX-License-Identifier: MIT
 * master_tools - what `sessiond -t`, `-T` and the launcher's `--users` ask: read, say, end.
 * Owns:      nothing
 * Runs in:   the operator's shell (-t, -T); below the launcher (--users: root, 2 s of time)
 * Fails by:  an exit code; every finding on standard error
 * Never:     opens a socket or changes a file */
#include "base.h"
#include "master.h"

#include <unistd.h>

#include "clock.h"
#include "countries_check.h"
#include "die.h"
#include "err.h"
#include "launcher_users.h"

/* notes: also what is legal but worth a look. */
static struct policy_config *load(const char *file, bool notes)
{
	struct conf_findings found = {0};
	struct policy_config *config = NULL;
	int err = policy_config_load(file, sd_clock_wall_ms() / 1000, &config, &found);

	for (size_t i = 0; i < found.count && i < CONF_MAX_FINDINGS; i++)
		(void)fprintf(stderr, "%s\n", found.f[i].text);
	if (found.count > CONF_MAX_FINDINGS)
		(void)fprintf(stderr, "and %zu more\n", found.count - CONF_MAX_FINDINGS);
	if (err != SD_OK && found.count == 0)
		(void)fprintf(stderr, "%s: %s\n", file, sd_err_text(err));
	for (size_t i = 0; notes && i < found.note_count; i++)
		(void)fprintf(stderr, "note: %s\n", found.note[i].text);
	conf_findings_free(&found);
	return config;
}

int master_tool_check(const char *file)
{
	struct policy_config *config = load(file, true);
	struct sd_diag diag = {{0}};

	if (config == NULL)
		return 1;
	if (countries_check(&config->server, &diag) != SD_OK) {
		(void)fprintf(stderr, "%s: geo.database_file: %s: %s\n", file, config->server.geo_file, diag.text);
		policy_config_free(&config);
		return 1;
	}
	policy_config_free(&config);
	return puts("configuration ok") < 0 || fflush(stdout) != 0;
}

int master_tool_print(const char *file)
{
	struct policy_config *config = load(file, false);
	int err;

	if (config == NULL)
		return 1;
	err = policy_config_print(config, stdout);
	policy_config_free(&config);
	return err != SD_OK || fflush(stdout) != 0;
}

int master_tool_users(const char *file)
{
	struct policy_config *config = load(file, false);
	struct launcher_users users;

	if (config == NULL)
		return SD_EXIT_CONFIG;
	memset(&users, 0, sizeof(users));
	users.magic = HERITAGE_MAGIC;
	users.version = HERITAGE_VERSION;
	(void)snprintf(users.master, sizeof(users.master), "%s", config->server.user_master);
	(void)snprintf(users.signer, sizeof(users.signer), "%s", config->server.user_signer);
	(void)snprintf(users.worker, sizeof(users.worker), "%s", config->server.user_worker);
	(void)snprintf(users.auditor, sizeof(users.auditor), "%s", config->server.user_auditor);
	(void)snprintf(users.fetcher, sizeof(users.fetcher), "%s", config->server.user_fetcher);
	users.sandbox = (uint32_t)config->server.sandbox;
	users.require = config->server.sandbox_require;
	if (config->server.store_mode == STORE_MODE_MANAGED)
		(void)snprintf(users.redis_dir, sizeof(users.redis_dir), "%s/redis", config->server.state_dir);
	policy_config_free(&config);
	return write(STDOUT_FILENO, &users, sizeof(users)) == (ssize_t)sizeof(users) ? 0 : SD_EXIT_OSERR;
}
