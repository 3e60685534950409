/* SPDX-License-Identifier: MIT
 * fetcher_get - one document over HTTPS with libcurl: bounded in time and size, no redirect, no proxy,
 * no other scheme. */
#ifndef SD_FETCHER_GET_H
#define SD_FETCHER_GET_H

#include "buf.h"
#include "diag.h"

struct fetcher_got {
	struct sd_buf body;   /* at most max bytes */
	uint32_t max_age_s;   /* of Cache-Control; 0 = none said */
};

/* libcurl and whatever of it is lazy, before the lock-down. SD_ERR_SYSTEM. */
int fetcher_get_init(void) SD_MUSTCHECK;
/* GET url; ca: certificates to verify the server by (PEM), {NULL,0} for the system's. 200 within ten
 * seconds, or SD_ERR_* and why. out->body is initialised here; sd_buf_fini() in any case. */
int fetcher_get(const char *url, struct sd_slice ca, size_t max, struct fetcher_got *out,
		struct sd_diag *diag) SD_MUSTCHECK;

/* The seconds of max-age in a Cache-Control value; 0 for none, no-store and no-cache. Pure. */
uint32_t fetcher_get_max_age(struct sd_slice value);

#endif
