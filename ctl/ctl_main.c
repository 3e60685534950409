/* SPDX-License-Identifier: MIT
 * ctl_main - sessionctl: options, and the table of command groups.
 * Owns:      the table
 * Runs in:   sessionctl
 * Fails by:  exit codes: 0 done, 1 failed, 2 usage, 3 not running
 * Never:     list a command that is not there */
#include "base.h"

#include <signal.h>
#include <unistd.h>

#include "ctl.h"
#include "ctl_client.h"
#include "ctl_config.h"
#include "ctl_keys.h"
#include "ctl_policy.h"
#include "ctl_secret.h"
#include "ctl_segments.h"
#include "ctl_sessions.h"
#include "ctl_tenant.h"
#include "ctl_token.h"
#include "log.h"

struct group {
	const char *name;
	ctl_group_fn *fn;
	const char *words; /* what stands behind the name */
	const char *text;
};

typedef int file_command_fn(const struct ctl_conf *conf, int argc, char **argv);

static int with_conf(const struct ctl *ctl, enum ctl_config_depth depth, int argc, char **argv,
		     file_command_fn *fn)
{
	struct ctl_config c;
	int code = ctl_config_load(ctl, depth, &c);

	if (code == CTL_DONE)
		code = fn(&c.conf, argc, argv);
	ctl_config_fini(&c);
	return code;
}

static int group_keys(const struct ctl *ctl, int argc, char **argv)
{
	return with_conf(ctl, CTL_CONFIG_KEYLESS, argc, argv, ctl_keys);
}

static int group_secret(const struct ctl *ctl, int argc, char **argv)
{
	return with_conf(ctl, CTL_CONFIG_SERVER, argc, argv, ctl_secret);
}

/* Needs no configuration: its key is in a file. */
static int group_token(const struct ctl *ctl, int argc, char **argv)
{
	(void)ctl;
	if (argc > 0 && strcmp(argv[0], "verify") == 0)
		return ctl_token_verify(argc - 1, argv + 1, stdin, stdout);
	fprintf(stderr, "usage: sessionctl token verify (--jwk FILE | --jwks FILE) [--algorithms LIST] [--raw]\n");
	return CTL_USAGE;
}

/* The preview asks the running node; the others look at files alone. */
static int group_policy(const struct ctl *ctl, int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], "preview") == 0)
		return ctl_sessions_preview(ctl, argc, argv);
	return ctl_policy(ctl, argc, argv);
}

static const struct group groups[] = {
    {"status", ctl_status, "", "what runs, and how it is"},
    {"reload", ctl_reload, "", "read the configuration again"},
    {"metrics", ctl_metrics, "", "Prometheus text"},
    {"doctor", ctl_doctor, "", "is everything locked in as it should be"},
    {"memory", ctl_segments, "dump|verify", "the shared segments, shown or proven"},
    {"keys", group_keys, "new|list|rotate|retire ...", "signing keys"},
    {"secret", group_secret, "new", "the master secret"},
    {"client", ctl_client, "new TENANT ID ...", "API keys of applications"},
    {"tenant", ctl_tenant, "new|list|show ...", "tenant files"},
    {"policy", group_policy, "check|diff|explain|preview ...", "the configuration, before it is in force"},
    {"sessions", ctl_sessions, "list|show|explain|revoke ...", "the sessions of a running node"},
    {"token", group_token, "verify ...", "check tokens from a pipe"},
};

static void print_usage(FILE *out)
{
	fputs("usage: sessionctl [-c FILE] [-s SOCKET] [--json] COMMAND ...\n"
	      "  -c FILE    the configuration (" CTL_DEFAULT_CONFIG ")\n"
	      "  -s SOCKET  the control socket (control.sock in its state_dir)\n"
	      "  --json     for programs\n"
	      "commands:\n",
	      out);
	for (size_t i = 0; i < SD_ARRAY_LEN(groups); i++)
		fprintf(out, "  %-8s %-31s %s\n", groups[i].name, groups[i].words, groups[i].text);
	fputs("exit codes: 0 done, 1 failed, 2 usage, 3 not running\n", out);
}

/* Options stand before the command; --json may stand anywhere, it is the same for all. Returns
 * where the command is, or -1. */
static int read_options(struct ctl *ctl, int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-') {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "--json") == 0)
			ctl->json = true;
		else if (has_value && strcmp(argv[i], "-c") == 0)
			ctl->config = argv[++i];
		else if (has_value && strcmp(argv[i], "-s") == 0)
			ctl->socket = argv[++i];
		else
			return -1;
		i++;
	}
	return i < argc ? i : -1;
}

/* Removes --json behind the command; a word of a command never is one. */
static int take_json(struct ctl *ctl, int argc, char **argv)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			ctl->json = true;
		else
			argv[kept++] = argv[i];
	}
	return kept;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.config = CTL_DEFAULT_CONFIG};
	int at;

	sd_log_init(STDERR_FILENO, "sessionctl", SD_LOG_LOGFMT, SD_LOG_WARN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage(stdout);
		return CTL_DONE;
	}
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts(PACKAGE_STRING);
		return CTL_DONE;
	}
	at = read_options(&ctl, argc, argv);
	if (at < 0) {
		print_usage(stderr);
		return CTL_USAGE;
	}
	for (size_t i = 0; i < SD_ARRAY_LEN(groups); i++)
		if (strcmp(argv[at], groups[i].name) == 0) {
			int code = groups[i].fn(&ctl, take_json(&ctl, argc - at - 1, argv + at + 1), argv + at + 1);

			return fflush(stdout) != 0 && code == CTL_DONE ? CTL_FAILED : code;
		}
	fprintf(stderr, "sessionctl: %s: no such command\n", argv[at]);
	print_usage(stderr);
	return CTL_USAGE;
}
