#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An intruder in a worker: gdb makes live workers of a running node call what is forbidden. What the
table answers with an error is tried in one worker; what kills gets a victim for each call. After each
round the node has all its workers, the same master, signer and auditor, and serves."""
import json
import os
import signal
import sys

import attack_kit as kit
import harness
from attack_kit import NR, call

WORKERS = 16  # victims of a round
AT_FDCWD, CREATE = -100, 0o101
RW, RX, RWX = 3, 5, 7
REFUSED = (1, 13)  # EPERM, EACCES
NODE = {}


def gdb(jobs):
    return kit.gdb(NODE["node"], jobs)


def key_file(node):
    folder = node.path("keys", "brand-a")
    return os.path.join(folder, next(n for n in os.listdir(folder) if n.endswith(".pem")))


def listener_of(pid):
    with open("/proc/net/tcp", encoding="ascii") as f:
        listening = {line.split()[9] for line in f if line.split()[3] == "0A"}
    return next(fd for fd, (name, _) in kit.descriptors(pid).items() if name[8:-1] in listening)


def whole():
    """Everybody is there, and the whole job is done."""
    node = NODE["node"]
    node.wait(lambda: len(node.children("worker")) == WORKERS and len(node.children("signer")) == 1
              and len(node.children("auditor")) == 1, 30, "all children back")
    node.wait(node.serves, 10, "serves")
    made = node.create()
    assert node.validate(made["access_token"])[0] == 200
    assert node.request("POST", "/sessions/revoke", {"session_id": made["session_id"]}, "brand-a")[0] == 200
    assert node.validate(made["access_token"])[0] == 401


def others():
    return {pid: role for pid, role in NODE["node"].pids().items() if role != "worker"}


def answered_with_errors(pid, reads=True):
    """Each is answered with EACCES, EPERM (EFAULT where the kernel should write for us) or SIGSEGV."""
    node, calls = NODE["node"], []
    paths = ["/etc/shadow", "/proc/1/environ", "/proc/self/mem", "/dev/shm", key_file(node), node.config,
             node.path("master.key"), node.path("tenants.d", "brand-a.yaml")]
    for path in paths:
        calls.append(call("openat", AT_FDCWD, "text", 0, text=path, label="open " + path))
    for path in ("/tmp/intruder", node.path("state", "intruder"), node.path("state", "audit.log")):
        calls.append(call("openat", AT_FDCWD, "text", CREATE, 0o600, text=path, label="create " + path))
    calls.append(call("newfstatat", AT_FDCWD, "text", "buffer", 0, text="/etc/shadow"))
    for name, family in {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17}.items():
        calls.append(call("socket", family, 3 if family == 16 else 1, 0, label="socket " + name))
    for name in ("control", "policy", "revocations") if reads else ():
        start, end, _ = kit.segment(pid, name)
        calls += [call("mprotect", start, 4096, RW, label="mprotect W " + name),
                  call("mprotect", start, end - start, RW, label="mprotect W all of " + name),
                  call("getrandom", start, 8, 0, label="kernel writes " + name),
                  call("mremap", start, 0, 4096, 1, label="second view of " + name),
                  {"name": "write " + name, "how": "store", "nr": 0, "args": [start + 64]}]
    for name, row in gdb([(pid, calls)]).items():
        if name.startswith("write "):
            good = row.get("signal") == "SIGSEGV"
        elif name.startswith("second view "):
            good = True  # a second view is as read-only as the first: below
        elif name.startswith("kernel writes"):
            good = row.get("errno") == 14
        else:
            good = row.get("value") == -1 and row.get("errno") in REFUSED
        assert good, row
    assert not os.path.exists("/tmp/intruder")
    writable = [row for row in kit.maps(pid) if row[3].startswith("/memfd:") and "w" in row[2]]
    assert len(writable) == 1 and "stats" in writable[0][3], writable
    print(f"  {len(calls)} calls refused with an error")


def deadly():
    """Each of these ends the process with SIGSYS. Signals are number 0: a hole would harm nobody."""
    pid = {role: pid for pid, role in NODE["node"].pids().items()}
    master, signer = pid["master"], pid["signer"]
    path = {"text": key_file(NODE["node"])}
    return [
        call("execve", "text", 0, 0, text="/bin/sh"), call("execveat", 2, "buffer", 0, 0, 0x1000), call("fork"),
        call("vfork"), call("clone", 17, 0, 0, 0, 0), call("clone3", "buffer", 88), call("socketpair", 1, 1, 0, "buffer"),
        call("connect", 3, "buffer", 16), call("bind", 3, "buffer", 16), call("listen", 3, 1), call("dup", 2),
        call("open", "text", 0, **path), call("creat", "text", 0o600, text="/tmp/intruder"), call("openat2", -100, "text", "buffer", 24, **path),
        call("open_by_handle_at", 3, "buffer", 0), call("memfd_create", "text", 0, text="x"), call("unlink", "text", **path),
        call("rename", "text", "text", **path), call("chmod", "text", 0o777, **path), call("truncate", "text", 0, **path),
        call("ftruncate", 2, 0), call("pwrite64", 2, "buffer", 1, 0), call("ptrace", 16, signer, 0, 0),
        call("process_vm_readv", signer, "buffer", 1, "buffer", 1, 0), call("process_vm_writev", master, "buffer", 1, "buffer", 1, 0),
        call("pidfd_open", signer, 0), call("pidfd_getfd", 3, 3, 0), call("kill", master, 0, label="kill master"),
        call("kill", signer, 0, label="kill signer"), call("tkill", signer, 0), call("tgkill", signer, signer, 0),
        call("rt_sigqueueinfo", signer, 0, "buffer"), call("mmap", 0, 4096, RWX, 0x22, -1, 0, label="mmap RWX"),
        call("mmap", 0, 4096, RX, 0x22, -1, 0, label="mmap RX"), call("mmap", 0, 4096, RW, 1, 3, 0, label="mmap shared RW"),
        call("mprotect", "buffer", 4096, RX, label="mprotect RX"), call("mprotect", "buffer", 4096, RWX, label="mprotect RWX"),
        call("pkey_mprotect", "buffer", 4096, RX, -1), call("io_uring_setup", 8, "buffer"), call("bpf", 0, "buffer", 72),
        call("perf_event_open", "buffer", 0, -1, -1, 0), call("userfaultfd", 0), call("keyctl", 0, -3, 1),
        call("add_key", "text", "text", 0, 0, -3, text="user"), call("setuid", 0), call("setresuid", 0, 0, 0),
        call("setgroups", 0, 0), call("capset", "buffer", "buffer"), call("prctl", 4, 1, 0, 0, 0, label="prctl dumpable"),
        call("prctl", 38, 0, 0, 0, 0, label="prctl no_new_privs"), call("seccomp", 1, 0, "buffer"),
        call("landlock_create_ruleset", "buffer", 8, 0), call("landlock_restrict_self", 3, 0), call("setrlimit", 7, "buffer"),
        call("prlimit64", 0, 6, "buffer", 0), call("sched_setaffinity", 0, 8, "buffer"), call("setpriority", 0, 0, -5),
        call("mount", "text", "text", 0, 0, 0, text="/"), call("pivot_root", "text", "text", text="/"),
        call("chroot", "text", text="/"), call("unshare", 0x10000000), call("setns", 3, 0), call("shmget", 0, 4096, 0o1600),
        call("msgget", 0, 0o1600), call("semget", 0, 1, 0o1600), call("mq_open", "text", 0o102, 0o600, 0, text="intruder"),
        call("modify_ldt", 0, "buffer", 16), call("personality", 0x0400000), call("arch_prctl", 0x1002, "buffer"),
        call("fcntl", 3, 4, 0), call("ioctl", 3, 0x541B, "buffer"), call("sendto", 3, "buffer", 1, 0, "buffer", 16),
        call("setsockopt", 3, 1, 2, "buffer", 4), call("accept4", 5, 0, 0, 0), call("shutdown", "listener", 0),
        call("shutdown", "listener", 2, label="shutdown both"),
        {"name": "i386 getpid", "how": "int80", "nr": 20, "args": []},
        {"name": "x32 getpid", "how": "call", "nr": kit.X32_BIT | NR["getpid"], "args": []},
    ]


def test_errors():
    before, victim = others(), sorted(NODE["node"].pids("worker"))[0]
    answered_with_errors(victim)
    assert harness.process_alive(victim) and others() == before
    whole()


def test_deadly_calls():
    todo, before, node = deadly(), others(), NODE["node"]
    for first in range(0, len(todo), WORKERS):
        victims = sorted(node.pids("worker"))
        jobs = list(zip(victims, ([c] for c in todo[first:first + WORKERS])))
        for pid, calls in jobs:
            calls[0]["args"] = [listener_of(pid) if a == "listener" else a for a in calls[0]["args"]]
        for name, row in gdb(jobs).items():
            assert row.get("signal") == "SIGSYS", (name, row)
        whole()
        assert others() == before, "somebody else died"
        ended = {row["child"]: row for row in node.logs("child-ended")}
        for pid, _ in jobs:
            assert "SIGSYS" in json.dumps(ended[pid]), ended[pid]
    assert not os.path.exists("/tmp/intruder")
    print(f"  {len(todo)} calls, each a SIGSYS")


def test_garbage_into_every_socket():
    """Frames that are none, to master, signer, auditor and store: none of them dies of it."""
    before, node = others(), NODE["node"]
    victim = sorted(node.pids("worker"))[0]
    sockets = [fd for fd, (name, _) in sorted(kit.descriptors(victim).items()) if name.startswith("socket:")]
    sockets.remove(listener_of(victim))
    calls = [call("sendto", fd, "buffer", 512, 0x4040, 0, 0, label=f"garbage to {fd}") for fd in sockets if fd > 3]
    calls += [call("sendto", 3, "buffer", 512, 0x4040, 0, 0, label="garbage to the master")]
    gdb([(victim, calls)])
    node.wait(lambda: not harness.process_alive(victim), 10, "the master ends who breaks the protocol")
    whole()
    assert others() == before
    assert node.logs("sign-peer-refused"), "the signer says nothing"
    assert any("refused" in json.dumps(row) and "worker-" in json.dumps(row) for row in node.audit()), "not audited"


def test_signer_and_auditor():
    node = NODE["node"]
    for role in ("signer", "auditor"):
        pid = next(iter(node.pids(role)))
        answered_with_errors(pid, reads=False)
        assert harness.process_alive(pid)
        for name, args in {"fork": (), "execve": ("text", 0, 0)}.items():
            pid = next(iter(node.pids(role)))
            assert gdb([(pid, [call(name, *args, text="/bin/sh")])])[name]["signal"] == "SIGSYS"
            whole()


def test_master():
    node = NODE["node"]
    pid = next(iter(node.pids("master")))
    calls = [call("openat", AT_FDCWD, "text", 0, text=path, label="open " + path)  # allowed to open, not these
             for path in (key_file(node), node.path("master.key"), "/etc/shadow", "/proc/1/mem")]
    calls.append(call("openat", AT_FDCWD, "text", CREATE, 0o600, text=node.path("intruder"), label="create in the folder"))
    for name, row in gdb([(pid, calls)]).items():
        assert row.get("value") == -1 and row["errno"] in REFUSED, (name, row)
    assert gdb([(pid, [call("execve", "text", 0, 0, text="/bin/sh")])])["execve"]["signal"] == "SIGSYS"
    node.wait(lambda: node.pids("master") and pid not in node.pids("master"), 20, "a fresh master")
    whole()


if __name__ == "__main__":
    signal.alarm(280)
    kit.need_root()
    if not any(os.path.exists(os.path.join(d, "gdb")) for d in os.get_exec_path()):
        harness.skip("no gdb")
    NODE["node"] = kit.piped_node(workers=WORKERS)
    with NODE["node"]:
        whole()
        sys.exit(harness.main([test_errors, test_deadly_calls, test_garbage_into_every_socket,
                               test_signer_and_auditor, test_master]))
