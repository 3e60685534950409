/* SPDX-License-Identifier: MIT
 * sandbox - the mechanism: a role's table of rows becomes rlimits, no_new_privs, Landlock, MDWE
 * and a seccomp filter (libseccomp), in the order that holds; then it is probed.
 * The tables live with their roles (*_sandbox.c); no row here. Any failure of a required part is
 * an error, never a weaker sandbox. */
#ifndef SD_SANDBOX_H
#define SD_SANDBOX_H

#include <seccomp.h>

#include "diag.h"
#include "sandbox_landlock.h"

enum sd_sandbox_mode { SD_SANDBOX_ENFORCE, SD_SANDBOX_LOG, SD_SANDBOX_OFF };

/* Wanted parts that sandbox_require may make required. */
#define SD_SANDBOX_LANDLOCK 1u
#define SD_SANDBOX_MDWE 2u
#define SD_SANDBOX_MLOCK 4u
#define SD_SANDBOX_USERS 8u

struct sd_sys_rule {
	int nr;             /* SCMP_SYS(name) */
	uint32_t refuse;    /* 0 = allowed; else answered with this errno instead of death */
	uint32_t argc;      /* conditions in args, all of which must hold */
	struct scmp_arg_cmp args[4];
	const char *reason; /* one line: what needs it */
};

/* How the roles' tables are written. */
#define SD_SYS_ALLOW(name, why) {.nr = SCMP_SYS(name), .reason = (why)}
#define SD_SYS_REFUSE(name, error, why) {.nr = SCMP_SYS(name), .refuse = (error), .reason = (why)}
/* Conditions on a 32-bit argument: no bits outside mask; exactly value. */
#define SD_ARG_NO_BITS_BUT(arg, mask) SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu & ~(uint64_t)(mask), 0)
#define SD_ARG_IS(arg, value) SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu, (value))
/* Rows with one such condition. */
#define SD_SYS_ALLOW_IF(name, arg, value, why)                                                     \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_IS(arg, (uint64_t)(value))}, .reason = (why)}
#define SD_SYS_ALLOW_BITS(name, arg, mask, why)                                                    \
	{.nr = SCMP_SYS(name), .argc = 1,                                                          \
	 .args = {SD_ARG_NO_BITS_BUT(arg, mask)}, .reason = (why)}

struct sd_sandbox_spec {
	const char *role;
	const struct sd_sys_rule *rules;
	size_t rule_count;
	enum sd_sandbox_mode mode;
	uint32_t require;    /* SD_SANDBOX_* that must hold */
	uint32_t nofile;     /* RLIMIT_NOFILE */
	bool may_write_files; /* the auditor: RLIMIT_FSIZE stays; all others 0 */
	bool landlock;       /* deny every path but these, all TCP, signals to others */
	const struct sd_landlock_path *paths; /* none: every path */
	size_t path_count;
	uint32_t landlock_but; /* SD_LANDLOCK_* that stays possible */
	bool mdwe;           /* no memory both writable and executable, ever */
};

/* What is in force; also what the role reports to the master and /health shows. Fixed layout:
 * travels in a heritage message. */
struct sd_sandbox_report {
	uint32_t seccomp;      /* 2 = filter active */
	uint32_t no_new_privs; /* 1 */
	uint32_t landlock_abi; /* 0 = not in force */
	uint32_t mdwe;         /* 1 */
	uint32_t dumpable;     /* 0 */
	uint32_t mode;         /* enum sd_sandbox_mode */
	uint32_t own_user;     /* 1 = a user of its own (filled in by the master) */
	uint32_t rules;        /* allowed calls in the filter */
};

/* dumpable off, rlimits, no_new_privs, Landlock, MDWE, seccomp: in this order. The caller has
 * become its user, dropped capabilities, closed descriptors and warmed up everything lazy. */
int sd_sandbox_enter(const struct sd_sandbox_spec *spec, struct sd_sandbox_report *out,
		     struct sd_diag *diag) SD_MUSTCHECK;

/* Proves in a throw-away fork, before the real lock-down, that spec kills a forbidden call
 * (socket, or execve where socket is allowed). SD_ERR_DENIED when the forbidden call succeeded. */
int sd_sandbox_probe(const struct sd_sandbox_spec *spec, struct sd_diag *diag) SD_MUSTCHECK;

#endif
