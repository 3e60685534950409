/* SPDX-License-Identifier: MIT
 * launcher_sandbox - what neither the launcher nor anything it starts may ever call.
 * Owns:      the list
 * Runs in:   launcher, when its users are known and its capabilities trimmed; inherited by all
 * Fails by:  returning SD_ERR_SYSTEM
 * Never:     an allow-list: it would bind redis-server, whose calls are not ours to know. The roles
 *            have theirs on top of this */
#include "base.h"
#include "launcher.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "err.h"

#ifndef AF_ALG
#define AF_ALG 38
#endif

#define SYS(name) SCMP_SYS(name)

/* Other processes, the kernel, the file tree, other namespaces: no business of a session service. */
static const int deadly[] = {
	SYS(ptrace), SYS(process_vm_readv), SYS(process_vm_writev), SYS(pidfd_getfd),
	SYS(process_madvise), SYS(kcmp), SYS(bpf), SYS(perf_event_open), SYS(userfaultfd),
	SYS(mount), SYS(umount2), SYS(move_mount), SYS(open_tree), SYS(fsopen), SYS(fsmount),
	SYS(fspick), SYS(mount_setattr), SYS(pivot_root), SYS(chroot), SYS(unshare), SYS(setns),
	SYS(init_module), SYS(finit_module), SYS(delete_module), SYS(kexec_load),
	SYS(kexec_file_load), SYS(reboot), SYS(swapon), SYS(swapoff), SYS(acct), SYS(quotactl),
	SYS(open_by_handle_at), SYS(iopl), SYS(ioperm), SYS(modify_ldt), SYS(clock_settime),
	SYS(settimeofday), SYS(sethostname), SYS(setdomainname), SYS(vhangup), SYS(lookup_dcookie),
};

/* What a newer redis-server might try and does without. */
static const int refused[] = {
	SYS(io_uring_setup), SYS(io_uring_enter), SYS(io_uring_register), SYS(keyctl), SYS(add_key),
	SYS(request_key), SYS(personality), SYS(syslog), SYS(clock_adjtime), SYS(adjtimex),
};

static const int families[] = {AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_RDS};

static int add_all(scmp_filter_ctx ctx)
{
	int err = 0;

	for (size_t i = 0; i < SD_ARRAY_LEN(deadly) && err == 0; i++)
		if (deadly[i] >= 0) /* else this architecture does not have it */
			err = seccomp_rule_add_exact(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	for (size_t i = 0; i < SD_ARRAY_LEN(refused) && err == 0; i++)
		if (refused[i] >= 0)
			err = seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	for (size_t i = 0; i < SD_ARRAY_LEN(families) && err == 0; i++)
		err = seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SYS(socket), 1,
					     SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu,
						     (scmp_datum_t)families[i]));
	return err;
}

int launcher_sandbox_enter(struct sd_diag *diag)
{
	const struct rlimit none = {0, 0};
	scmp_filter_ctx ctx;
	int err;

#ifdef SD_SANITIZERS
	return SD_OK; /* the leak checker of each role is a ptrace */
#endif
	(void)setrlimit(RLIMIT_CORE, &none);
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (ctx == NULL)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of launcher: no seccomp here");
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (err == 0)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (err == 0)
		err = add_all(ctx);
	if (err == 0)
		err = seccomp_load(ctx); /* sets no_new_privs first */
	seccomp_release(ctx);
	if (err != 0)
		return sd_diag_set(diag, SD_ERR_SYSTEM, "sandbox of launcher: %s", strerror(-err));
	if (prctl(PR_GET_NO_NEW_PRIVS, 0UL, 0UL, 0UL, 0UL) != 1)
		return sd_diag_set(diag, SD_ERR_DENIED, "sandbox of launcher: no_new_privs is not in force");
	return SD_OK;
}
