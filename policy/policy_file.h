/* SPDX-License-Identifier: MIT
 * policy_file - opens what the configuration is made of, and only if it can be trusted.
 * Master and tools only. */
#ifndef SD_POLICY_FILE_H
#define SD_POLICY_FILE_H

#include "buf.h"
#include "policy_fault.h"

/* Who may own a file: root or ourselves, or anybody (public sidecars, checked by content). */
enum policy_file_owner { FILE_OWNER_STRICT, FILE_OWNER_ANY };

/* All of a regular file into out (initialised here; sd_buf_fini() in any case). No symbolic link,
 * not writable by group or others, at most max bytes; else one fault naming path. */
int policy_file_read(const char *path, size_t max, enum policy_file_owner owner, struct sd_buf *out,
		     struct policy_faults *faults) SD_MUSTCHECK;

struct policy_names {
	size_t count;
	char **v; /* sorted bytewise */
};

/* Names in a folder, without those that begin with a dot. SD_ERR_NOT_FOUND when there is no such
 * folder (not reported); SD_ERR_SYSTEM, SD_ERR_DENIED, SD_ERR_MEMORY (reported). */
int policy_file_list(const char *folder, struct policy_names *out, struct policy_faults *faults)
    SD_MUSTCHECK;
void policy_file_list_free(struct policy_names *n);

#endif
