/* SPDX-License-Identifier: MIT
 * ctl_doctor_proc - what the kernel says of a process, and whether that is what enforce promises. */
#ifndef SD_CTL_DOCTOR_PROC_H
#define SD_CTL_DOCTOR_PROC_H

#include "slice.h"

/* What was promised of it: a role is locked in; the managed store is, but for being traced by its own user;
 * the launcher keeps what it needs to become those users, if root started it. */
enum ctl_doctor_kind { CTL_DOCTOR_ROLE = 0, CTL_DOCTOR_STORE, CTL_DOCTOR_LAUNCHER };

struct ctl_doctor_proc {
	int parent;
	unsigned uid[4], gid[4];
	unsigned groups;          /* supplementary ones */
	unsigned seccomp, no_new_privs;
	uint64_t caps[5];         /* inheritable, permitted, effective, bounding, ambient */
	bool dumpable;            /* as far as /proc/PID's owner tells: not of root's processes */
	bool dumpable_known;
};

/* -1 when /proc does not tell. */
int ctl_doctor_proc_read(int pid, struct ctl_doctor_proc *out);

/* From the text of /proc/PID/status alone; -1 when a line is missing. */
int ctl_doctor_proc_parse(struct sd_slice text, struct ctl_doctor_proc *out);

/* True: as promised; detail says what was found, or all that is wrong. */
bool ctl_doctor_proc_judge(const struct ctl_doctor_proc *p, enum ctl_doctor_kind kind, char *detail,
			   size_t size);

#endif
