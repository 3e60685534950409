# SPDX-License-Identifier: MIT
"""What attack_posture.py expects of the filters: calls with chosen arguments, and what nobody may."""

EACCES, EPERM, ENOSYS, EAFNOSUPPORT = 13, 1, 38, 97
W = 0xFFFFFFFF  # what glibc may leave in the upper half of a 32-bit argument is not looked at
MOST_WORKER, LEAST_CHECKED = 36, 12
RW, RX, RWX, R = 3, 5, 7, 1
SHARED, PRIVATE, FIXED, ANON = 1, 2, 0x10, 0x20
SOCK = 0o4000 | 0o2000000  # SOCK_NONBLOCK | SOCK_CLOEXEC
NO, AFNO = 0x00050000 | EACCES, 0x00050000 | EAFNOSUPPORT
# (call, arguments, allowed; or the answer): "self" is the process's own id.
MEMORY = [
    ("mmap", (0, 4096, RW, PRIVATE | ANON, W, 0), True),
    ("mmap", (0, 4096, RWX, PRIVATE | ANON, W, 0), False), ("mmap", (0, 4096, RX, PRIVATE | ANON, W, 0), False),
    ("mmap", (0, 4096, RW, PRIVATE, 5, 0), False), ("mmap", (0, 4096, RW, SHARED, 5, 0), False),
    ("mmap", (0, 4096, RW, SHARED | ANON, W, 0), False),
    ("mmap", (0, 4096, RW, PRIVATE | ANON | FIXED, W, 0), False),
    ("mprotect", (4096, 4096, RW), True), ("mprotect", (4096, 4096, RX), False),
    ("mprotect", (4096, 4096, 4), False), ("mprotect", (4096, 4096, RW | 0x01000000), False),
    ("mremap", (4096, 4096, 8192, 1), True), ("mremap", (4096, 4096, 8192, 3, 4096), False),
    ("madvise", (4096, 4096, 4), True), ("madvise", (4096, 4096, 17), False),
    ("tgkill", ("self", "self", 6), True), ("tgkill", (1, 1, 9), False),
    ("futex", (4096, 129, 1), True), ("futex", (4096, 0, 1), False), ("futex", (4096, 4 | 128, 1), False),
    ("recvmsg", (3, 4096, 0x40000040), True), ("recvmsg", (3, 4096, 2), False),
    ("sendmsg", (3, 4096, 0x4040), True), ("sendmsg", (3, 4096, 0x20000000), False),
]
ARGUMENTS = {
    "worker": MEMORY + [
        ("mmap", (0, 4096, R, SHARED, 5, 0), True), ("mmap", (0, 4096, R, SHARED | FIXED, 5, 0), False),
        ("accept4", (5, 0, 0, SOCK), True), ("accept4", (5, 0, 0, 0), False),
        ("sendto", (7, 4096, 1, 0x4000, 0, 0), True), ("sendto", (7, 4096, 1, 0x4000, 4096, 16), False),
        ("recvfrom", (7, 4096, 1, 0, 0, 0), True), ("recvfrom", (7, 4096, 1, 0, 4096, 4096), False),
        ("setsockopt", (7, 6, 1, 4096, 4), True), ("setsockopt", (7, 1, 2, 4096, 4), False),
        ("shutdown", (7, 1), True), ("shutdown", (5, 0), False), ("shutdown", (5, 2), False),
        ("lseek", (7, 0, 2), True), ("lseek", (7, 0, 0), False),
    ],
    "signer": MEMORY + [("mmap", (0, 4096, R, SHARED, 5, 0), False)],
    "fetcher": [row for row in MEMORY if row[0] != "mmap"] + [
        ("mmap", (0, 4096, RW, PRIVATE | ANON, W, 0), True), ("mmap", (0, 4096, RW, SHARED | ANON, W, 0), False),
        ("mmap", (0, 4096, RW, PRIVATE | ANON | FIXED, W, 0), False), ("mmap", (0, 4096, RWX, PRIVATE | ANON, W, 0), NO),
        ("mmap", (0, 4096, RX, PRIVATE | ANON, W, 0), NO), ("mmap", (0, 4096, R, SHARED, 5, 0), NO), ("mmap", (0, 4096, RW, PRIVATE, 5, 0), NO),
        ("openat", (W, 4096, 0o2000000), True), ("openat", (W, 4096, 1), False), ("openat", (W, 4096, 2), False),
        ("openat", (W, 4096, 0o101), False), ("openat", (W, 4096, 0o1000), False), ("openat", (W, 4096, 0o20200000), False),
        ("sendto", (7, 4096, 1, 0x4000, 0, 0), True), ("sendto", (7, 4096, 1, 0x4000, 4096, 16), False),
        ("socket", (2, 1, 0), True), ("socket", (10, 2, 0), True), ("socket", (1, 1, 0), AFNO), ("socket", (16, 3, 0), AFNO),
        ("socket", (17, 3, 0), False), ("socket", (40, 1, 0), False),
        ("socketpair", (1, 1 | SOCK, 0, 4096), True), ("socketpair", (1, 2, 0, 4096), False), ("socketpair", (1, 5, 0, 4096), False),
        ("fcntl", (3, 3), True), ("fcntl", (3, 4, 0), True), ("fcntl", (3, 8, 1), False), ("fcntl", (3, 1033, 1), False),
        ("ioctl", (3, 0x541B), True), ("ioctl", (3, 0x5412), False), ("ioctl", (0, 0x5421), True), ("ioctl", (3, 0x8914), False),
    ],
    "geo": [row for row in MEMORY if row[0] != "mmap"] + [
        ("mmap", (0, 4096, RW, PRIVATE | ANON, W, 0), True), ("mmap", (0, 4096, R, SHARED, 5, 0), True), ("mmap", (0, 4096, RW, SHARED, 5, 0), True),
        ("mmap", (0, 4096, RW, PRIVATE, 5, 0), False), ("mmap", (0, 4096, RX, SHARED, 5, 0), False), ("mmap", (0, 4096, RWX, PRIVATE | ANON, W, 0), False),
        ("mmap", (0, 4096, R, SHARED | FIXED, 5, 0), False), ("madvise", (4096, 4096, 10), True),
        ("openat", (W, 4096, 0o2000000), True), ("openat", (W, 4096, 1), False), ("openat", (W, 4096, 0o2000002), False), ("openat", (W, 4096, 0o101), False),
        ("fcntl", (3, 1033, 15), True), ("fcntl", (3, 3), False), ("fcntl", (3, 8, 1), False),
    ],
    "auditor": MEMORY + [("mmap", (0, 4096, R, SHARED, 5, 0), False)],
    "master": [
        ("mmap", (0, 4096, RWX, PRIVATE | ANON, W, 0), NO), ("mmap", (0, 4096, RX, PRIVATE, 5, 0), NO),
        ("mprotect", (4096, 4096, RX), False), ("socket", (1, 1, 0), True), ("socket", (2, 1, 0), True), ("socket", (17, 3, 0), False),
        ("fcntl", (3, 3), True), ("fcntl", (3, 8, 1), False), ("tgkill", (1, 1, 9), False),
        ("tgkill", ("self", "self", 6), True),
    ],
}
NEVER = """execve execveat fork vfork clone clone3 ptrace process_vm_readv process_vm_writev pidfd_open
 pidfd_getfd pidfd_send_signal kill tkill rt_sigqueueinfo rt_tgsigqueueinfo listen prctl seccomp capset setuid
 setgid setresuid setresgid setgroups setreuid setfsuid unshare setns mount umount2 move_mount fsopen pivot_root
 chroot bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd keyctl add_key
 request_key shmget shmat msgget semget mq_open landlock_create_ruleset landlock_add_rule
 landlock_restrict_self chmod fchmod fchmodat chown fchown fchownat rename renameat renameat2 link linkat
 symlink symlinkat mknod mknodat setrlimit sched_setaffinity setpriority personality modify_ldt arch_prctl
 init_module finit_module delete_module kexec_load reboot syslog acct swapon quotactl name_to_handle_at
 open_by_handle_at splice vmsplice tee clock_settime settimeofday iopl ioperm""".split()
MORE_NEVER = "bind memfd_create unlink unlinkat connect socketpair open creat truncate fcntl ioctl prlimit64".split()
FETCHER_NEVER = """bind accept accept4 memfd_create unlink unlinkat open creat truncate ftruncate pwrite64 openat2 mkdir dup dup2
 shutdown epoll_create1 mlock clone3 execve getdents64 readlink signalfd4 timerfd_create""".split()
GEO_NEVER = """bind accept accept4 connect socket socketpair unlink unlinkat open creat truncate pwrite64 openat2 mkdir dup dup2 sendto recvfrom
 shutdown epoll_create1 mlock getdents64 readlink signalfd4 ioctl read getrandom""".split()
LAUNCHER_NEVER = """execve ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal process_madvise kcmp
 bpf perf_event_open userfaultfd mount umount2 move_mount open_tree fsopen fsmount pivot_root chroot unshare setns
 init_module finit_module delete_module kexec_load reboot swapon swapoff acct quotactl open_by_handle_at name_to_handle_at
 iopl ioperm modify_ldt clock_settime settimeofday clock_adjtime adjtimex sethostname setdomainname personality syslog
 keyctl add_key request_key io_uring_enter io_uring_register shmget shmat msgget semget mq_open splice vmsplice tee
 chown fchown lchown fchownat link linkat symlink symlinkat mknod mknodat setxattr fanotify_init inotify_init1
 setreuid setregid setfsuid tkill rt_sigqueueinfo process_mrelease memfd_secret openat2 creat
 copy_file_range sendfile setrlimit ustat vhangup lookup_dcookie migrate_pages""".split()
