/* SPDX-License-Identifier: MIT
 * The worker's table of calls: short, each row with its reason, most with their arguments; and in a
 * child that is locked in for good what is not in the table kills, call by call. */
#include "base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "log.h"
#include "worker_sandbox.h"

#define MAX_ALLOWED 36
#define ENOUGH_SCOPED 12

static void table(struct worker_sandbox *t)
{
	struct hm_boot boot = {.sandbox_mode = SD_SANDBOX_ENFORCE, .nofile = 256};
	worker_sandbox_spec(&boot, t);
}

static void test_the_table_is_short_and_reasoned(void **state)
{
	struct worker_sandbox t;
	size_t distinct = 0, scoped = 0;
	(void)state;
	table(&t);
	assert_int_equal(t.spec.mode, SD_SANDBOX_ENFORCE);
	assert_true(t.spec.landlock && t.spec.mdwe && !t.spec.may_write_files);
	for (size_t i = 0; i < t.spec.rule_count; i++) {
		const struct sd_sys_rule *r = &t.rules[i];
		bool seen = false;
		assert_true(r->reason && strlen(r->reason) >= 6);
		for (size_t k = 0; k < i; k++) {
			seen = seen || t.rules[k].nr == r->nr;
			if (t.rules[k].nr == r->nr) /* no free twin beside a row with conditions */
				assert_true(t.rules[k].argc > 0 && r->argc > 0);
		}
		distinct += !seen && r->refuse == 0;
		scoped += r->argc > 0;
	}
	assert_in_range(distinct, 1, MAX_ALLOWED);
	assert_in_range(scoped, ENOUGH_SCOPED, WORKER_SANDBOX_ROWS);
}

static void test_what_must_never_be_in_it(void **state)
{
	static const int never[] = {
	    SCMP_SYS(execve),	    SCMP_SYS(execveat),
	    SCMP_SYS(fork),	    SCMP_SYS(vfork),
	    SCMP_SYS(clone),	    SCMP_SYS(clone3),
	    SCMP_SYS(open),	    SCMP_SYS(openat),
	    SCMP_SYS(openat2),	    SCMP_SYS(creat),
	    SCMP_SYS(socket),	    SCMP_SYS(connect),
	    SCMP_SYS(bind),	    SCMP_SYS(listen),
	    SCMP_SYS(ptrace),	    SCMP_SYS(process_vm_writev),
	    SCMP_SYS(bpf),	    SCMP_SYS(io_uring_setup),
	    SCMP_SYS(memfd_create), SCMP_SYS(ftruncate),
	    SCMP_SYS(unlinkat),	    SCMP_SYS(mount),
	    SCMP_SYS(kill),	    SCMP_SYS(prctl),
	    SCMP_SYS(seccomp),	    SCMP_SYS(setuid),
	    SCMP_SYS(ioctl),	    SCMP_SYS(fcntl),
	    SCMP_SYS(userfaultfd),  SCMP_SYS(pidfd_getfd),
	    SCMP_SYS(personality),  SCMP_SYS(keyctl),
	};
	struct worker_sandbox t;
	(void)state;
	table(&t);
	for (size_t i = 0; i < t.spec.rule_count; i++)
		for (size_t k = 0; k < SD_ARRAY_LEN(never); k++)
			assert_false(t.rules[i].nr == never[k] && t.rules[i].refuse == 0);
}

#ifndef SD_SANITIZERS
static int *sockets; /* a pair, made before the lock-down */
static char *page;

/* Each makes one call; what it returns ends the child. */
static long do_execve(void)
{
	return syscall(SYS_execve, "/bin/true", NULL, NULL);
}
static long do_openat(void)
{
	return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}
static long do_socket(void)
{
	return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
static long do_connect(void)
{
	return syscall(SYS_connect, sockets[0], NULL, 0);
}
static long do_listen(void)
{
	return syscall(SYS_listen, sockets[0], 1);
}
static long do_clone(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
static long do_kill_parent(void)
{
	return syscall(SYS_kill, getppid(), 0);
}
static long do_tgkill_other(void)
{
	return syscall(SYS_tgkill, 1, 1, 0);
}
static long do_ptrace(void)
{
	return syscall(SYS_ptrace, 0, 0, NULL, NULL);
}
static long do_prctl(void)
{
	return syscall(SYS_prctl, 4, 1, 0, 0, 0);
}
static long do_memfd(void)
{
	return syscall(SYS_memfd_create, "x", 0);
}
static long do_fcntl(void)
{
	return syscall(SYS_fcntl, 0, F_GETFL);
}
static long do_ioctl(void)
{
	return syscall(SYS_ioctl, 0, 0x541b, NULL);
}
static long do_map_exec(void)
{
	return syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0L);
}
static long do_map_shared_write(void)
{
	return syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_WRITE, MAP_SHARED, sockets[0], 0L);
}
static long do_protect_exec(void)
{
	return syscall(SYS_mprotect, page, 4096L, PROT_READ | PROT_EXEC);
}
static long do_accept_plain(void)
{
	return syscall(SYS_accept4, sockets[0], NULL, NULL, 0);
}
static long do_sendto_address(void)
{
	return syscall(SYS_sendto, sockets[0], "x", 1L, 0, page, 16);
}
static long do_shutdown_read(void)
{
	return syscall(SYS_shutdown, sockets[0], SHUT_RD);
}
static long do_setsockopt_other(void)
{
	return syscall(SYS_setsockopt, sockets[0], SOL_SOCKET, SO_RCVBUF, page, 4);
}
static long do_madvise_other(void)
{
	return syscall(SYS_madvise, page, 4096L, MADV_DODUMP);
}
static long do_lseek_set(void)
{
	return syscall(SYS_lseek, sockets[0], 0L, SEEK_SET);
}
static long do_map_private(void)
{
	return syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0L) == -1;
}
static long do_send(void)
{
	return syscall(SYS_sendto, sockets[0], "x", 1L, MSG_NOSIGNAL, NULL, 0) != 1;
}
static long do_recv(void)
{
	return syscall(SYS_recvfrom, sockets[0], page, 1L, MSG_DONTWAIT, NULL, NULL) != -1 ||
	       errno != EAGAIN;
}
static long do_shutdown_write(void)
{
	return syscall(SYS_shutdown, sockets[0], SHUT_WR);
}
static long do_random(void)
{
	return syscall(SYS_getrandom, page, 16L, 0) != 16;
}
static long do_dontdump(void)
{
	return syscall(SYS_madvise, page, 4096L, MADV_DONTDUMP);
}
static long do_gettime(void)
{
	return syscall(SYS_clock_gettime, 7, page);
}

static void quiet(enum sd_log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

#define DIED (-SIGSYS)
#define FINE 0
#define NOT_LOCKED_IN 99

/* The child's fate: DIED, FINE, or the errno of the call. */
static int inside(long (*call)(void))
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct sd_sandbox_report report;
		struct sd_diag diag = {""};
		sd_log_capture(quiet, NULL);
		struct worker_sandbox t;
		table(&t);
		if (sd_sandbox_enter(&t.spec, &report, &diag) != SD_OK)
			_exit(NOT_LOCKED_IN);
		long r = call();
		_exit(r == -1 ? errno : (int)r);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_locked_in(void **state)
{
#define CASE(call, fate)                                                                           \
	{                                                                                          \
#call, call, fate                                                                  \
	}
	static const struct {
		const char *name;
		long (*call)(void);
		int fate;
	} cases[] = {
	    CASE(do_execve, DIED),
	    CASE(do_connect, DIED),
	    CASE(do_listen, DIED),
	    CASE(do_clone, DIED),
	    CASE(do_kill_parent, DIED),
	    CASE(do_tgkill_other, DIED),
	    CASE(do_ptrace, DIED),
	    CASE(do_prctl, DIED),
	    CASE(do_memfd, DIED),
	    CASE(do_fcntl, DIED),
	    CASE(do_ioctl, DIED),
	    CASE(do_map_exec, DIED),
	    CASE(do_map_shared_write, DIED),
	    CASE(do_protect_exec, DIED),
	    CASE(do_accept_plain, DIED),
	    CASE(do_sendto_address, DIED),
	    CASE(do_shutdown_read, DIED),
	    CASE(do_setsockopt_other, DIED),
	    CASE(do_madvise_other, DIED),
	    CASE(do_lseek_set, DIED),
	    CASE(do_openat, EACCES),
	    CASE(do_socket, EACCES),
	    CASE(do_map_private, FINE),
	    CASE(do_send, FINE),
	    CASE(do_recv, FINE),
	    CASE(do_shutdown_write, FINE),
	    CASE(do_random, FINE),
	    CASE(do_dontdump, FINE),
	    CASE(do_gettime, FINE),
	};
	int pair[2];
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	sockets = pair;
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	for (size_t i = 0; i < SD_ARRAY_LEN(cases); i++) {
		int fate = inside(cases[i].call);
		if (fate != cases[i].fate)
			fail_msg("%s: %d, not %d", cases[i].name, fate, cases[i].fate);
	}
	(void)munmap(page, 4096);
	(void)close(pair[0]);
	(void)close(pair[1]);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_table_is_short_and_reasoned),
	    cmocka_unit_test(test_what_must_never_be_in_it),
#ifndef SD_SANITIZERS /* whose runtime needs what is forbidden here: no filter in such a build */
	    cmocka_unit_test(test_locked_in),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
