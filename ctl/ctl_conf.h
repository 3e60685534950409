/* SPDX-License-Identifier: MIT
 * ctl_conf - what the file commands (keys, secret) need to know of the loaded configuration.
 * Filled by whoever loaded it; these commands load nothing. */
#ifndef SD_CTL_CONF_H
#define SD_CTL_CONF_H

#include "ident.h"
#include "jose_alg.h"

#define CTL_PATH_MAX 4096

struct ctl_tenant {
	enum jose_alg alg; /* signing.algorithm */
	unsigned bits;	   /* signing.bits, RSA alone */
	int64_t overlap_s; /* signing.overlap */
	int64_t access_ttl_s;
	int64_t clock_skew_s;
};

struct ctl_conf {
	char keys_dir[CTL_PATH_MAX]; /* absolute or relative to the working directory */
	char master_key_file[CTL_PATH_MAX];
	struct sd_ident signer; /* owner of private files, when run as root */
	bool signer_known;
	/* false: no such tenant. */
	bool (*tenant)(const struct ctl_conf *conf, const char *name, struct ctl_tenant *out);
	/* Name of the i-th tenant, NULL behind the last (for rotate --due). */
	const char *(*tenant_at)(const struct ctl_conf *conf, size_t i);
	void *arg; /* the filler's */
	bool json; /* --json */
};

#endif
