/* SPDX-License-Identifier: MIT
 * ident - become another user for good, and prove it. */
#ifndef SD_IDENT_H
#define SD_IDENT_H

#include <sys/types.h>

#include "diag.h"

struct sd_ident {
	uid_t uid;
	gid_t gid;
};

/* "name" from the user database, or a decimal uid (gid = uid). uid 0 is refused. */
int sd_ident_lookup(const char *name, struct sd_ident *out, struct sd_diag *diag) SD_MUSTCHECK;

/* Groups, gid, uid; then shows that there is no way back (setuid(0) must fail). */
int sd_ident_become(const struct sd_ident *id, struct sd_diag *diag) SD_MUSTCHECK;

/* Empties the effective, permitted, inheritable, ambient and bounding capability sets. A process
 * that may not touch its bounding set (never had CAP_SETPCAP) is fine. */
int sd_caps_drop(struct sd_diag *diag) SD_MUSTCHECK;

#endif
