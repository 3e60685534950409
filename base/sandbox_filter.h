/* SPDX-License-Identifier: MIT
 * sandbox_filter - a role's rows compiled to a seccomp program, which is installed last of all.
 * Compiling and installing are two steps: libseccomp allocates, reads and writes, and after the
 * filter is in force nothing of that may be left to do. For sandbox.c and its test only. */
#ifndef SD_SANDBOX_FILTER_H
#define SD_SANDBOX_FILTER_H

#include <linux/filter.h>

#include "sandbox.h"

struct sd_filter {
	size_t n;       /* instructions */
	uint32_t calls; /* distinct calls that some row allows */
	struct sock_filter code[BPF_MAXINSNS];
};

/* Checks the rows, then compiles them; SD_ERR_INVALID (the diag names the row), SD_ERR_SYSTEM. */
int sd_filter_compile(const struct sd_sandbox_spec *spec, struct sd_filter *out, struct sd_diag *diag)
    SD_MUSTCHECK;

/* One system call; needs no_new_privs. */
int sd_filter_install(struct sd_filter *f, struct sd_diag *diag) SD_MUSTCHECK;

/* The name of a call for messages, in out; "call 4711" when libseccomp has none. */
void sd_filter_call_name(int nr, char out[32]);

#endif
