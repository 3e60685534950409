/* SPDX-License-Identifier: MIT
 * ctl_http - one request to the API of a node on this machine, with the key of a client. */
#ifndef SD_CTL_HTTP_H
#define SD_CTL_HTTP_H

#include "buf.h"
#include "ctl.h"

#define CTL_HTTP_ANSWER_MAX (64u << 20)

struct ctl_http {
	const char *url;      /* http://ADDRESS:PORT or unix:PATH; the address must be this machine's */
	const char *key_file; /* an API key, readable by its owner alone */
	const char *tenant;
	const char *method, *path; /* with the query */
	struct sd_slice body; /* JSON, or empty */
};

/* CTL_DONE: answered; *status_out, and the body in out (initialised here; sd_buf_fini in any case).
 * CTL_NOT_RUNNING: nobody listens. CTL_USAGE, CTL_FAILED. Told on standard error. */
int ctl_http_ask(const struct ctl_http *in, unsigned *status_out, struct sd_buf *out) SD_MUSTCHECK;

/* Appends text so that it can stand in a path or a query. */
void ctl_http_escape(struct sd_buf *b, const char *text);

#endif
