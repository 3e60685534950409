/* SPDX-License-Identifier: MIT
 * sandbox_landlock - which part of the file tree a process may still reach: nothing, or the folders it
 * was given. Whatever else this kernel's Landlock knows to refuse is refused with it. */
#ifndef SD_SANDBOX_LANDLOCK_H
#define SD_SANDBOX_LANDLOCK_H

#include "diag.h"

/* What may be done beneath a path. */
#define SD_PATH_READ 1u
#define SD_PATH_WRITE 2u /* make, change, remove, rename */
#define SD_PATH_EXEC 4u

struct sd_landlock_path {
	const char *path; /* a file or a folder; one that is not there is left out */
	int fd;           /* used where path is NULL: opened with O_PATH */
	uint32_t may;
};

#define SD_LANDLOCK_CONNECT 1u  /* TCP connections may still be made */
#define SD_LANDLOCK_ABSTRACT 2u /* abstract sockets of others may still be reached */

/* The version of Landlock in this kernel; 0: none, or switched off. */
uint32_t sd_landlock_abi(void);

/* For ever: only `paths`, no TCP but what `but` (SD_LANDLOCK_*) leaves, no signal to a process outside.
 * *abi_out is the version in force, 0 where the kernel has none (SD_OK: the caller judges).
 * SD_ERR_SYSTEM; SD_ERR_DENIED when a try afterwards was not refused. */
int sd_landlock_enter(const struct sd_landlock_path *paths, size_t n, uint32_t but, uint32_t *abi_out,
		      struct sd_diag *diag) SD_MUSTCHECK;

#endif
