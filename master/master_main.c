/* SPDX-License-Identifier: MIT
 * master_main - the program `sessiond-master`: options, then one of its jobs.
 * Owns:      the options
 * Runs in:   master; the operator's shell (-t -T -V)
 * Fails by:  exit 64 (usage), 71 (system), 78 (configuration)
 * Never:     more than choosing */
#include "base.h"
#include "master.h"

#include <getopt.h>
#include <unistd.h>

#include "die.h"
#include "log.h"

#define DEFAULT_CONFIG "/etc/sessiond/sessiond.yaml"
#define EXIT_USAGE 64

enum job { JOB_RUN = 'r', JOB_CHECK = 't', JOB_PRINT = 'T', JOB_USERS = 'u', JOB_VERSION = 'V', JOB_HELP = 'h', JOB_WRONG = '?' };

static int usage(FILE *out, int code)
{
	(void)fprintf(out, "usage: sessiond [-c FILE] [-t | -T | -V]\n"
			   "  -c FILE  configuration (default %s)\n"
			   "  -t       check the configuration, name every fault, exit 0 or 1\n"
			   "  -T       print the effective configuration with its origins\n"
			   "  -V       print the version\n"
			   "Without -t, -T, -V: runs in the foreground, logs to standard error.\n",
		      DEFAULT_CONFIG);
	return code;
}

static enum job options_parse(int argc, char **argv, struct master_options *out)
{
	static const struct option long_options[] = {
		{"users", no_argument, NULL, JOB_USERS},
		{"own-users", no_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	enum job job = JOB_RUN;
	int c;

	while ((c = getopt_long(argc, argv, "c:tTVh", long_options, NULL)) != -1) {
		if (c == 'c')
			out->config_file = optarg;
		else if (c == 'o')
			out->own_users = true;
		else
			job = (enum job)c;
	}
	return optind < argc ? JOB_WRONG : job;
}

/* Here, not on the heap: at exit everything still hangs from it, so a leak checker tells what leaks
 * from what the end of the process frees. */
static struct master master;

int main(int argc, char **argv)
{
	struct master_options options = {.config_file = DEFAULT_CONFIG};

	switch (options_parse(argc, argv, &options)) {
	case JOB_CHECK:
		return master_tool_check(options.config_file);
	case JOB_PRINT:
		return master_tool_print(options.config_file);
	case JOB_USERS:
		return master_tool_users(options.config_file);
	case JOB_VERSION:
		return puts("sessiond " PACKAGE_VERSION) < 0;
	case JOB_HELP:
		return usage(stdout, 0);
	case JOB_WRONG:
		return usage(stderr, EXIT_USAGE);
	case JOB_RUN:
		break;
	}
	sd_log_init(STDERR_FILENO, role_name(ROLE_MASTER), SD_LOG_JSON, SD_LOG_INFO);
	return master_run(&master, &options);
}
