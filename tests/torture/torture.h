/* SPDX-License-Identifier: MIT
 * torture - one page shared between a test and the process that it tortures. The process counts its
 * calls and fails the one (or the ones) that the test asked for; torture.py knows this layout.
 *
 * The programs are the shipped ones, with nothing of this in them: stand_in.c is started in a role's
 * place and executes the real program with failing_calls.so before it. */
#ifndef SD_TORTURE_H
#define SD_TORTURE_H

#include <stdatomic.h>
#include <stdint.h>

#define TORTURE_MAGIC 0x54525453u
#define TORTURE_SIZE 4096

enum torture_what { TORTURE_NOTHING = 0, TORTURE_MEMORY, TORTURE_IO };

struct torture {
	uint32_t magic;
	uint32_t pid;
	/* the test writes */
	_Atomic uint32_t what;
	uint32_t error;            /* errno of the failing call; 0 = what this call fails with */
	_Atomic uint64_t fail_at;  /* from this call on, counted from 1; 0 = none */
	_Atomic uint64_t fail_for; /* so many calls */
	/* the process writes */
	_Atomic uint64_t calls;
	_Atomic uint64_t fired;
	_Atomic int64_t live; /* allocations not freed yet */
	int32_t fd;           /* of the first call that was failed; -1 = it has none */
	char call[20];
	char trace[3000];     /* "module+offset" lines, innermost first */
};

#endif
