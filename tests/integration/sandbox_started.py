#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The launcher's table and redis-server's, which bind programs from their first instruction: a node is traced from
its start to its end while it does the whole job. A row that nothing used fails unless it is below, with its reason."""
import os
import re
import signal
import subprocess
import sys

import api
import attack_kit as kit
import attack_store
import harness
import sandbox_rows

ABORT, LIBC, CLOCK, STOP = sandbox_rows.ABORT, sandbox_rows.LIBC, sandbox_rows.CLOCK, sandbox_rows.STOP
HEAP, NAMES, FILES = sandbox_rows.HEAP, sandbox_rows.NAMES, sandbox_rows.FILES
MACHINE = "another architecture has only this one"
OTHERS = "another version of redis-server, or Valkey"
CRASH = "redis-server after a crash or a full disk"
FACTS = "INFO and CLIENT LIST, which an operator asks"
ANEW = "redis-server writes its file anew: the test of it below, not traced"
CALM = {
    **dict.fromkeys("accept4 sendmmsg recvmmsg poll ppoll bind getsockname getpeername uname".split(), NAMES),
    **dict.fromkeys("dup3 faccessat fchmodat mkdirat unlinkat renameat readlinkat pselect6".split(), MACHINE),
    **dict.fromkeys("epoll_pwait fstat statx faccessat2 renameat2 fork vfork getuid geteuid getgid getegid exit".split(), LIBC),
    **dict.fromkeys("accept pipe eventfd2 membarrier epoll_create1 readv pwritev fadvise64 sync_file_range select fchmod "
                    "recvfrom sendto dup2 getpriority sched_yield open readlink".split(), OTHERS),
    **dict.fromkeys("clock_gettime gettimeofday".split(), CLOCK), **dict.fromkeys("gettid tgkill".split(), ABORT),
    **dict.fromkeys("kill wait4 clock_nanosleep nanosleep".split(), ANEW), **dict.fromkeys("getrusage times getpeername getsockname".split(), FACTS),
    **dict.fromkeys("truncate ftruncate pwrite64 getsockopt shutdown".split(), CRASH), "mremap": HEAP, "restart_syscall": STOP, "getdents64": FILES,
}


class Traced:
    """In the place of a node's Popen: the launcher under strace."""

    def __init__(self, node):
        self.path = os.path.join(node.base, "trace")
        with open(node.log_path, "ab") as log:
            self.strace = subprocess.Popen(  # pylint: disable=consider-using-with
                ["strace", "-f", "-qq", "-s", "80", "-o", self.path, os.path.join(harness.BUILD, "sessiond"), "-c", node.config],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
        assert self.strace.stdout.readline().startswith(b"ready")
        self.pid, = harness.children_of(self.strace.pid)
        self.returncode = None

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.strace.kill()  # and what it traces is ours no more: it runs on
        os.kill(self.pid, signal.SIGKILL)

    def poll(self):
        self.returncode = self.strace.poll()
        return self.returncode

    def wait(self, timeout=None):
        self.strace.stdout.close()
        return self.strace.wait(timeout)


def calls_in(path):
    """-> {program: calls}, from the first instruction after its exec; what was before is the launcher's."""
    name, out = {}, {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            pid, _, text = line.partition(" ")
            text = text.lstrip()
            began = re.match(r'execve(?:at)?\(.*?\["(?:[^"]*/)?([^"/]+)"', text)
            if began:
                name[pid] = began[1]
            born = re.match(r"(?:<\.\.\. )?(?:clone3?|v?fork)(?:\(| resumed).* = (\d+)$", text)
            if born:
                name.setdefault(born[1], name.get(pid, "sessiond"))
            call = re.match(r"(?:<\.\.\. )?(\w+)(?:\(| resumed)", text)
            if call:
                out.setdefault(name.get(pid, "sessiond"), set()).add(call[1])
    return out


def test_rows():
    with harness.Node(workers=2, tenants=(api.A, api.B), tenant_lines=api.FREE, start=False) as node:
        node.add_tenant("brand-c", api.FREE + "sessions: { max_per_user: 2, on_limit: reject }\n")
        node.add_tenant("brand-d", api.FREE)
        text = node.tenant_text("brand-d", lines=api.FREE).replace("sessions:revoke", "sessions:refresh").replace(
            "sessions:refresh, sessions:refresh", "sessions:refresh")
        node.write("tenants.d/brand-d.yaml", text)
        node.proc = traced = Traced(node)
        sandbox_rows.work(node, [("auditor", traced.path, None)])
        assert node.stop(60) == 0
        calls = calls_in(traced.path)
    wrong = []
    for role, used in (("launcher", set().union(*calls.values())), ("redis", calls["redis-server"])):
        rows = kit.table(role)
        unused = {n for n, kinds in rows.items() if kinds != {"refuse"}} - used - set(CALM)
        print(f"{role}: {len(rows)} calls in the table, {len(set(rows) & used)} used")
        wrong += [f"{role}: {c} is in the table and was never used" for c in sorted(unused)]
        # execve is strace's own, fchdir is before the filter
        wrong += [f"{role}: {c} is used and not in the table" for c in sorted(used - set(rows) - {"execve", "fchdir"})]
    both = set(kit.table("launcher")) | set(kit.table("redis"))
    assert not wrong and not set(CALM) - both, ("\n".join(wrong), set(CALM) - both)


def test_redis_writes_its_file_anew():
    """In a child, which it may make, whose files it may rename within its folder, whose end it sees."""
    with harness.Node(workers=1) as node:
        folder = node.path("state", "redis", "appendonlydir")
        before = set(os.listdir(folder))
        block = b"x" * (1 << 20)
        with attack_store.Store(node) as store:
            for i in range(70):  # its file is written anew when it has grown to 64 MB
                store.sock.sendall(b"*4\r\n$4\r\nHSET\r\n$12\r\nsd1:{00}:big\r\n$2\r\n%02d\r\n$%d\r\n%s\r\n" % (i, len(block), block))
                assert store.read() is not None
        node.wait(lambda: not before & {n for n in os.listdir(folder) if ".aof" in n and "manifest" not in n}, 20, "a new file")
        node.wait(node.serves, 20, "serves")
        assert node.create() and not [r for r in node.logs("child-ended") if r["process"] == "redis"]


if __name__ == "__main__":
    signal.alarm(240)
    kit.need_root()
    if not any(os.path.exists(os.path.join(d, "strace")) for d in os.get_exec_path()):
        harness.skip("no strace")
    sys.exit(harness.main([test_rows, test_redis_writes_its_file_anew]))
