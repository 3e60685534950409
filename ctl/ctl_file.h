/* SPDX-License-Identifier: MIT
 * ctl_file - files that are whole or not there: temporary name, fsync, rename, fsync of the folder.
 */
#ifndef SD_CTL_FILE_H
#define SD_CTL_FILE_H

#include "diag.h"
#include "ident.h"
#include "slice.h"

struct ctl_file {
	const char *name; /* in the folder */
	struct sd_slice data;
	mode_t mode;
	const struct sd_ident *owner; /* NULL: stays the caller's */
	bool replace;		      /* false: an existing file is an error */
};

/* SD_ERR_SYSTEM; SD_ERR_DENIED when the name exists and replace is false. */
int ctl_file_write(int dirfd, const struct ctl_file *f, struct sd_diag *diag) SD_MUSTCHECK;

/* The whole file, at most max bytes, malloc'd with a NUL behind it. SD_ERR_SYSTEM, SD_ERR_TOO_BIG.
 */
int ctl_file_read(int dirfd, const char *name, size_t max, char **out, size_t *n_out) SD_MUSTCHECK;

#endif
