/* SPDX-License-Identifier: MIT
 * ctl_keydir - one tenant's folder of keys, keys/TENANT: all sidecars read, files added, changed.
 */
#ifndef SD_CTL_KEYDIR_H
#define SD_CTL_KEYDIR_H

#include "ctl_conf.h"
#include "keyfile.h"

#define CTL_KEYDIR_MAX 64

struct ctl_keydir {
	int fd; /* of the folder, locked against another sessionctl; -1 when closed */
	struct keyfile keys[CTL_KEYDIR_MAX]; /* by activate_at, oldest first */
	size_t count;
};

/* Opens and reads keys_dir/tenant; with make, creates it (0755). One unreadable or wrong sidecar
 * is an error: what is not understood must not be rotated around. SD_ERR_NOT_FOUND without make. */
int ctl_keydir_open(const struct ctl_conf *conf, const char *tenant, bool make,
		    struct ctl_keydir **out, struct sd_diag *diag) SD_MUSTCHECK;
void ctl_keydir_close(struct ctl_keydir **dir);

/* Makes a key for k->alg (bits for RSA), fills k->kid and k->jwk, writes KID.pem (0600, the
 * signer's) and KID.json. k's times and tenant are the caller's. */
int ctl_keydir_add(struct ctl_keydir *dir, const struct ctl_conf *conf, unsigned bits,
		   struct keyfile *k, struct sd_diag *diag) SD_MUSTCHECK;

/* Writes the sidecar of a key again, with the times that k holds now. */
int ctl_keydir_update(const struct ctl_keydir *dir, const struct keyfile *k,
		      struct sd_diag *diag) SD_MUSTCHECK;

#endif
