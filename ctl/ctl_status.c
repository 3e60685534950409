/* SPDX-License-Identifier: MIT
 * ctl_status - `sessionctl status`, `sessionctl reload`, `sessionctl metrics`: texts of the master.
 * Owns:      nothing
 * Runs in:   sessionctl
 * Fails by:  an exit code with a line on standard error
 * Never:     know the fields: what the master says is what is shown */
#include "base.h"
#include "ctl.h"

#include <json-c/json.h>

#include "ctl_client_socket.h"
#include "ctl_table.h"
#include "json_in.h"

static int usage(const char *what)
{
	fprintf(stderr, "usage: sessionctl %s\n", what);
	return CTL_USAGE;
}

static void put_text(struct sd_slice text)
{
	(void)fwrite(text.p, 1, text.n, stdout);
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		putchar('\n');
}

static int put_status(const struct ctl *ctl, struct sd_slice text)
{
	struct json_object *o = NULL;

	if (ctl->json) {
		put_text(text);
		return CTL_DONE;
	}
	if (json_tree(text, &o, NULL) != 0) {
		fprintf(stderr, "sessionctl: the answer is no JSON\n");
		return CTL_FAILED;
	}
	ctl_table_print(stdout, o);
	json_object_put(o);
	return CTL_DONE;
}

int ctl_status(const struct ctl *ctl, int argc, char **argv)
{
	struct sd_buf text;
	int code;

	(void)argv;
	if (argc != 0)
		return usage("status");
	code = ctl_client_socket_text(ctl, CTL_STATUS, &text);
	if (code == CTL_DONE)
		code = put_status(ctl, sd_buf_slice(&text));
	sd_buf_fini(&text);
	return code;
}

int ctl_metrics(const struct ctl *ctl, int argc, char **argv)
{
	struct sd_buf text;
	int code;

	(void)argv;
	if (argc != 0)
		return usage("metrics");
	code = ctl_client_socket_text(ctl, CTL_METRICS, &text);
	if (code == CTL_DONE)
		put_text(sd_buf_slice(&text));
	sd_buf_fini(&text);
	return code;
}

/* A refused reload is CTL_FAILED, its faults on standard error. */
int ctl_reload(const struct ctl *ctl, int argc, char **argv)
{
	struct sd_buf text;
	int code;

	(void)argv;
	if (argc != 0)
		return usage("reload");
	code = ctl_client_socket_text(ctl, CTL_RELOAD, &text);
	if (code == CTL_DONE)
		put_text(sd_buf_slice(&text));
	sd_buf_fini(&text);
	return code;
}
