#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each table of calls is what its role needs, no less and no more: a node does the whole job of api.py, a
reload, a rotation and its end under strace. A call that its table does not allow fails (where the filter
has not ended the process already); a row that was never used fails unless it is below, with its reason."""
import os
import re
import signal
import subprocess
import sys
import time

import api
import attack_kit as kit
import harness
import oidc_kit

ABORT = "abort(): a bug of ours ends the process"
LIBC = "another C library or kernel calls it instead"
CLOCK = "a machine whose clock is not in the vDSO"
HEAP = "malloc, when the heap moves or shrinks: sizes decide"
LOG = "the log, when there is something to say"
STOP = "after SIGSTOP and SIGCONT"
LOCKS = "OpenSSL, where two would meet"
NAMES = "a store that is named, on TCP or with TLS: not with store.mode managed"
DNS = "a name that is in no file: resolver.py"
CURL = "another version of libcurl"
FILES = "how the C library reads folders"
CALM = {
    "worker": {"epoll_pwait": LIBC, "write": LOG, "read": "TLS to the store", "mremap": HEAP, "munmap": HEAP, "brk": HEAP,
               "mprotect": HEAP, "madvise": HEAP, "mmap": HEAP, "mlock": "new tenant keys", "futex": LOCKS,
               "clock_gettime": CLOCK, "gettid": ABORT, "tgkill": ABORT, "rt_sigprocmask": ABORT,
               "getpid": ABORT, "rt_sigreturn": ABORT, "restart_syscall": STOP},
    "signer": {"epoll_pwait": LIBC, "write": LOG, "mremap": HEAP, "munmap": HEAP, "brk": HEAP, "mprotect": HEAP, "madvise": HEAP,
               "mmap": HEAP, "futex": LOCKS, "clock_gettime": CLOCK, "gettid": ABORT, "tgkill": ABORT,
               "getpid": ABORT, "getrandom": "OpenSSL reseeds after a time", "rt_sigprocmask": ABORT, "rt_sigreturn": ABORT,
               "restart_syscall": STOP},
    "auditor": {"epoll_pwait": LIBC, "mremap": HEAP, "munmap": HEAP, "brk": HEAP, "mprotect": HEAP, "madvise": HEAP,
                "mmap": HEAP, "futex": ABORT, "clock_gettime": CLOCK, "getpid": ABORT, "gettid": ABORT, "tgkill": ABORT,
                "rt_sigprocmask": ABORT, "rt_sigreturn": ABORT, "restart_syscall": STOP,
                "ftruncate": "half a line left by a full disk or a crash"},
    "master": {"epoll_pwait": LIBC, "fstat": LIBC, "statx": LIBC, "mremap": HEAP, "munmap": HEAP, "brk": HEAP,
               "mprotect": HEAP, "madvise": HEAP, "futex": LOCKS, "clock_gettime": CLOCK, "getpid": ABORT, "gettid": ABORT,
               "tgkill": ABORT, "rt_sigprocmask": ABORT, "rt_sigreturn": ABORT, "restart_syscall": STOP,
               "bind": NAMES, "getsockname": NAMES, "getpeername": NAMES, "sendmmsg": NAMES, "writev": NAMES, "poll": NAMES, "ppoll": NAMES, "uname": NAMES,
               "getuid": NAMES, "geteuid": "sessionctl by another than root", "getrandom": NAMES, "mlock": "the password of a store with one", "lseek": FILES,
               "pwrite64": "a redis-server that is started again", "getdents64": FILES, "sysinfo": "qsort of many rows"},
    "fetcher": {"mremap": HEAP, "munmap": HEAP, "brk": HEAP, "mprotect": HEAP, "madvise": HEAP, "mmap": HEAP, "futex": LOCKS,
                "fstat": LIBC, "statx": LIBC, "ppoll": LIBC, "eventfd2": CURL, "pipe2": CURL, "clock_gettime": CLOCK, "write": LOG,
                "gettid": ABORT, "tgkill": ABORT, "rt_sigprocmask": ABORT, "rt_sigreturn": ABORT, "restart_syscall": STOP,
                "ioctl": DNS, "sendmmsg": DNS, "writev": DNS, "uname": DNS, "sysinfo": LIBC},
}


def trace(node):
    """strace at every process of ours that has none, from READY on. -> [(role, file, process)]"""
    out = []
    for pid, role in node.pids().items():
        if role not in kit.TABLES or kit.status(pid)["TracerPid"] != ["0"]:
            continue
        path = os.path.join(node.base, f"trace-{role}-{pid}")
        out.append((role, path, subprocess.Popen(  # pylint: disable=consider-using-with
            ["strace", "-f", "-qq", "-s", "0", "-o", path, "-p", str(pid)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)))
    for pid, role in node.pids().items():
        if role in kit.TABLES:
            harness.wait_for(lambda p=pid: kit.status(p)["TracerPid"] != ["0"], 10, why="strace at " + role)
    return out


def seen_in(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return {m[1] for m in re.finditer(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", f.read(), re.M)}


def work(node, traces):
    t = api.Api(node)
    for part in (api.routes, api.forms, api.isolation, api.bodies, api.tokens, api.cookies, api.limits, api.revocations):
        part(t)
    for path in ("/health", "/metrics", "/livez", "/readyz"):
        node.request("GET", path)
        node.request("GET", path, port=node.admin_port)
    node.add_tenant("brand-e")
    failed, text = node.reload()
    assert not failed, text
    assert node.create(tenant="brand-e")
    os.rename(node.path("state", "audit.log"), node.path("state", "audit.log.1"))
    node.send(signal.SIGUSR1)
    node.wait(lambda: os.path.exists(node.path("state", "audit.log")), 10, "a new audit file")
    for _ in range(5):
        node.create()
    node.send(signal.SIGUSR1)  # now it has a tail to be read
    node.wait(lambda: any("pread64" in seen_in(path) for role, path, _ in traces if role == "auditor"), 20, "the tail")
    node.control(harness.CTL_MEMORY)
    for role in ("auditor", "redis", "worker"):  # who is left says so, connects again, is handed new sockets
        old = node.kill(role)
        node.wait(lambda r=role, o=old: node.children(r) and o not in node.pids(r) and node.serves(), 20, role)
        node.wait(lambda: all(node.request("POST", "/sessions", {"user_id": "x"}, api.A)[0] == 201 for _ in range(5)),
                  20, "creates after the end of " + role)
    time.sleep(1.5)  # beats, polls, flushes


def issued(node, issuer, path, more=""):
    """A client whose issuer's keys are fetched; brand-f's file."""
    node.write("tenants.d/brand-f.yaml", node.tenant_text("brand-f") + oidc_kit.client(
        "batch", ["sessions:list"], f'jwks_url: "https://localhost:{issuer.port}/{path}"{more}'))


def with_issuer(node):
    certificate = oidc_kit.certificates("one")
    with open(certificate[0], encoding="ascii") as f:
        node.write("ca.pem", f.read())
    issuer = oidc_kit.Issuer(certificate, oidc_kit.Key("one", oidc_kit.FOLDER.name, "ES256"))
    node.add_tenant("brand-f")
    issued(node, issuer, "first")
    return issuer


def fetched(node, issuer):
    """With its own certificate, then by the authorities that the system trusts."""
    for more, event in ((", ca_file: ca.pem", "issuer-keys"), ("", "issuer-keys-failed")):
        issued(node, issuer, event, more)
        assert not node.reload()[0]
        node.wait(lambda e=event: [r for r in node.logs(e) if r["url"].endswith(e)], 15, event)


def main():
    with harness.Node(workers=2, tenants=(api.A, api.B), tenant_lines=api.FREE, start=False) as node:
        node.add_tenant("brand-c", api.FREE + "sessions: { max_per_user: 2, on_limit: reject }\n")
        node.add_tenant("brand-d", api.FREE)
        text = node.tenant_text("brand-d", lines=api.FREE).replace("sessions:revoke", "sessions:refresh").replace(
            "sessions:refresh, sessions:refresh", "sessions:refresh")
        node.write("tenants.d/brand-d.yaml", text)
        issuer = with_issuer(node)
        node.start()
        traces = trace(node)
        fetched(node, issuer)
        traces += trace(node)  # reloads brought a fresh signer
        work(node, traces)
        traces += trace(node)  # of those that took over
        assert node.stop() == 0
        used = {}
        for role, path, process in traces:
            process.wait(20)
            used.setdefault(role, set()).update(seen_in(path))
    wrong = []
    for role, calls in sorted(used.items()):
        rows = set(kit.table(role))
        needless = {name for name, kinds in kit.table(role).items() if kinds == {"refuse"}}
        beyond, unused = calls - rows, rows - calls - set(CALM[role]) - needless
        print(f"{role}: {len(rows)} calls in the table, {len(rows & calls)} used")
        wrong += [f"{role}: {c} is used and not in the table" for c in sorted(beyond)]
        wrong += [f"{role}: {c} is in the table and was never used" for c in sorted(unused)]
        wrong += [f"{role}: {c} has a reason here and no row" for c in sorted(set(CALM[role]) - rows)]
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    signal.alarm(240)
    kit.need_root()
    if not any(os.path.exists(os.path.join(d, "strace")) for d in os.get_exec_path()):
        harness.skip("no strace")
    sys.exit(main())
