#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An intruder in signer, auditor, fetcher, redis-server, master or launcher: gdb makes each of a running node call what
its table forbids, and the kernel ends it (SIGSYS); what only its user or its folders forbid is refused with an error.
Each node loses one process of each role in turn; SESSIOND_ROUNDS=all tries every call in every role."""
import os
import signal
import sys

import attack_kit as kit
import harness
from attack_kit import call

ROLES = ("signer", "auditor", *(["fetcher"] if "fetcher" in kit.TABLES else []), "redis", "master", "launcher")  # who ends later ends the earlier ones
AT_FDCWD, CREATE, EMPTY_PATH = -100, 0o101, 0x1000
EPERM, EACCES, EAFNOSUPPORT = 1, 13, 97
RW, RX, RWX = 3, 5, 7


def nobody_may():
    """Forbidden to all of them. Signals are number 0: a hole would harm nobody."""
    return [
        call("ptrace", 16, 1, 0, 0), call("process_vm_readv", 1, "buffer", 1, "buffer", 1, 0),
        call("process_vm_writev", 1, "buffer", 1, "buffer", 1, 0), call("pidfd_getfd", 3, 3, 0), call("pidfd_open", 1, 0),
        call("execve", "text", 0, 0, text="/bin/sh"), call("bpf", 0, "buffer", 72), call("perf_event_open", "buffer", 0, -1, -1, 0),
        call("userfaultfd", 0), call("mount", "text", "text", 0, 0, 0, text="/"), call("pivot_root", "text", "text", text="/"),
        call("chroot", "text", text="/"), call("unshare", 0x10000000), call("setns", 3, 0), call("clone", 0x10000011, 0, 0, 0, 0, label="clone with a user namespace"),
        call("init_module", "buffer", 0, "text"), call("kexec_load", 0, 0, 0, 0), call("open_by_handle_at", 3, "buffer", 0),
        call("openat2", AT_FDCWD, "text", "buffer", 24, text="/etc/shadow"), call("keyctl", 0, -3, 1), call("add_key", "text", "text", 0, 0, -3, text="user"),
        call("io_uring_enter", 3, 1, 1, 0, 0, 0), call("shmget", 0, 4096, 0o1600), call("msgget", 0, 0o1600), call("semget", 0, 1, 0o1600),
        call("mq_open", "text", 0o102, 0o600, 0, text="intruder"), call("personality", 0x0400000), call("modify_ldt", 0, "buffer", 16),
        call("memfd_secret", 0), call("symlink", "text", "text", text="/tmp/intruder"), call("link", "text", "text", text="/tmp/intruder"),
        call("chown", "text", 0, 0, text="/etc/passwd"), call("setxattr", "text", "text", "buffer", 1, 0, text="/tmp"), call("tkill", 1, 0),
        call("rt_sigqueueinfo", 1, 0, "buffer"), call("splice", 3, 0, 4, 0, 1, 0), call("clock_settime", 0, "buffer"), call("reboot", 0, 0, 0, 0),
        call("creat", "text", 0o600, text="/tmp/intruder"), call("syslog", 3, "buffer", 100), call("setrlimit", 7, "buffer"),
        {"name": "i386 getpid", "how": "int80", "nr": 20, "args": []},
        {"name": "x32 getpid", "how": "call", "nr": kit.X32_BIT | kit.NR["getpid"], "args": []},
    ]


def roles_may_not():
    """Also forbidden to signer, auditor, fetcher and master, which have tables of their own."""
    return [
        call("fork"), call("clone", 17, 0, 0, 0, 0), call("execveat", AT_FDCWD, "text", 0, 0, EMPTY_PATH, text="/bin/sh"), call("kill", 1, 0),
        call("setuid", 0), call("setresuid", 0, 0, 0), call("setgroups", 0, 0), call("capset", "buffer", "buffer"),
        call("prctl", 4, 1, 0, 0, 0, label="prctl dumpable"), call("seccomp", 1, 0, "buffer"), call("landlock_restrict_self", 3, 0),
        call("chmod", "text", 0o777, text="/etc/passwd"), call("rename", "text", "text", text="/tmp/intruder"), call("listen", 3, 1),
        call("mprotect", "buffer", 4096, RX, label="mprotect RX"), call("mprotect", "buffer", 4096, RWX, label="mprotect RWX"),
    ]


def confined_may_not():
    """Signer and auditor: no descriptor, socket, file or process of their own making."""
    return [
        call("mmap", 0, 4096, RWX, 0x22, -1, 0, label="mmap RWX"), call("mmap", 0, 4096, RX, 0x22, -1, 0, label="mmap RX"),
        call("connect", 3, "buffer", 16), call("bind", 3, "buffer", 16), call("socketpair", 1, 1, 0, "buffer"), call("memfd_create", "text", 0, text="x"),
        call("unlink", "text", text="/tmp/intruder"), call("open", "text", 0, text="/etc/shadow"), call("ioctl", 3, 0x541B, "buffer"),
        call("fcntl", 3, 4, 0), call("dup", 2), call("sendto", 3, "buffer", 1, 0, "buffer", 16), call("prlimit64", 0, 6, "buffer", 0),
    ]


def test_who_has_served_is_started_again():
    """Only a start that fails ends the service: not a master that gives up a moment after it."""
    with harness.Node(workers=1) as node:
        gives_up = {"name": "exit", "how": "call", "nr": kit.NR["exit_group"], "args": [71]}
        kit.gdb(node, [(next(iter(node.pids("master"))), [gives_up])])
        node.wait_ready(lines=2)
        assert node.logs("master-ended")[0]["exit"] == 71 and node.create()


def fetcher_may_not():
    """It makes sockets and reads files; nobody connects to it, and it makes none."""
    return [
        call("bind", 3, "buffer", 16), call("accept4", 3, 0, 0, 0), call("memfd_create", "text", 0, text="x"), call("unlink", "text", text="/tmp/intruder"),
        call("open", "text", 0, text="/etc/shadow"), call("openat", AT_FDCWD, "text", CREATE, 0o600, text="/tmp/intruder", label="create"),
        call("openat", AT_FDCWD, "text", 1, text="/etc/hosts", label="open for writing"), call("openat", AT_FDCWD, "text", 0o1000, text="/etc/hosts", label="truncate"),
        call("socket", 17, 3, 0, label="socket packet"), call("socketpair", 1, 2, 0, "buffer", label="a pair of datagram sockets"), call("dup", 2),
        call("ioctl", 0, 0x5412, "buffer", label="type into a terminal"), call("ftruncate", 2, 0), call("sendto", 3, "buffer", 1, 0, "buffer", 16),
        call("getdents64", 3, "buffer", 4096), call("tgkill", 1, 1, 0), call("fcntl", 3, 8, 1, label="fcntl F_SETOWN"),
    ]


def deadly(role):
    more = {"signer": [*roles_may_not(), *confined_may_not()], "auditor": [*roles_may_not(), *confined_may_not()], "master": roles_may_not(),
            "fetcher": [*roles_may_not(), *fetcher_may_not()],
            "redis": [call("setresuid", 0, 0, 0), call("setgroups", 0, 0), call("capset", "buffer", "buffer"), call("seccomp", 1, 0, "buffer"),
                      call("connect", 3, "buffer", 16), call("memfd_create", "text", 0, text="x"), call("socketpair", 1, 1, 0, "buffer"),
                      call("landlock_restrict_self", 3, 0), call("recvmsg", 3, "buffer", 0)]}
    out = [*more.get(role, []), *nobody_may()]
    for one in out:
        one["name"] = role + ": " + one["name"]
    return out


def rounds(lists):
    longest = max(map(len, lists.values()))
    asked = os.environ.get("SESSIOND_ROUNDS", "6")
    step = 1 if asked == "all" else -(-longest // int(asked))  # from all over the lists
    return range(0, longest, step)


def ends_each(at, lists):
    """One node: one forbidden call in a process of each role."""
    with harness.Node(workers=1, tenant_lines=kit.WITH_FETCHER) as node:
        kit.complete(node)
        pids = {role: pid for pid, role in node.pids().items()}
        pids["launcher"] = node.proc.pid
        children = list(node.pids())
        jobs = {role: (pids[role], [lists[role][(at + i * 5) % len(lists[role])]]) for i, role in enumerate(ROLES)}
        store = jobs.pop("redis")
        kit.gdb(node, [store], must_tell=False)
        told = node.wait(lambda: [r for r in node.logs("child-ended") if r["child"] == store[0]], 10, store[1][0]["name"])
        assert "SIGSYS" in told[0]["text"], (store, told)
        for name, row in kit.gdb(node, list(jobs.values())).items():
            assert row.get("signal") == "SIGSYS", (name, row)
        assert node.proc.wait(10) == -signal.SIGSYS
        node.wait(lambda: not any(map(harness.process_alive, children)), 5, "all go with the launcher")
        return len(ROLES)


def test_deadly_calls():
    lists = {role: deadly(role) for role in ROLES}
    count = sum(ends_each(at, lists) for at in rounds(lists))
    assert not os.path.exists("/tmp/intruder")
    print(f"  {count} calls, each a SIGSYS")


def paths_of(node, up=""):
    """From the folder of the configuration, where the master works (up: from another one): the folders above are closed."""
    pem = next(n for n in os.listdir(node.path("keys", "brand-a")) if n.endswith(".pem"))
    inside = {"key": "keys/brand-a/" + pem, "sidecar": "keys/brand-a/" + pem[:-4] + ".json", "secret": "master.key", "configuration": "sessiond.yaml",
              "tenant": "tenants.d/brand-a.yaml", "trail": "state/audit.log", "state": "state", "here": "."}
    return {**{what: up + path for what, path in inside.items()}, "shadow": "/etc/shadow", "passwd": "/etc/passwd", "init": "/proc/1/environ"}


def refused(node, role, calls, errors):
    pid = node.proc.pid if role == "launcher" else next(iter(node.pids(role)))
    for name, row in kit.gdb(node, [(pid, calls)]).items():
        assert row.get("value") == -1 and row["errno"] in errors, (role, name, row)
    assert harness.process_alive(pid), role
    print(f"  {role}: {len(calls)} calls refused with an error")


def test_redis_reaches_its_folder_alone():
    """It shares the master's user: Landlock keeps it from what that user may."""
    with harness.Node(workers=1) as node:
        pids, paths = {role: pid for pid, role in node.pids().items()}, paths_of(node, "../../")
        calls = [call("openat", AT_FDCWD, "text", 0, text=path, label="open " + what) for what, path in paths.items()]
        calls += [call("openat", AT_FDCWD, "text", 2, text=paths["trail"], label="write the trail")]
        calls += [call("openat", AT_FDCWD, "text", CREATE, 0o600, text=path, label="create " + path)
                  for path in ("../intruder", "../../intruder", "/tmp/intruder", "/dev/shm/intruder")]
        calls += [call("kill", pid, 0, label="signal " + role) for role, pid in pids.items() if role != "redis"]
        calls += [call("execveat", AT_FDCWD, "text", 0, 0, EMPTY_PATH, text=shell, label="execute " + shell) for shell in ("/bin/sh", "/usr/bin/env")]
        calls += [call("unlink", "text", text="../control.sock"), call("rename", "text", "text", text="../control.sock")]
        calls += [call("socket", family, 1, 0, label="socket %d" % family) for family in (2, 10)]
        refused(node, "redis", calls, (EPERM, EACCES, EAFNOSUPPORT))
        mine = [call("openat", AT_FDCWD, "text", CREATE | 2, 0o600, text="own", label="its own folder")]
        assert kit.gdb(node, [(pids["redis"], mine)])["its own folder"]["value"] >= 0
        assert node.serves() and node.create()


def test_master_reaches_its_folders_alone():
    with harness.Node(workers=1) as node:
        paths = paths_of(node)
        calls = [call("openat", AT_FDCWD, "text", 0, text=paths[what], label="open " + what) for what in ("key", "secret", "shadow", "passwd", "init")]
        calls += [call("openat", AT_FDCWD, "text", CREATE, 0o600, text=path, label="create " + path)
                  for path in ("/tmp/intruder", "/dev/shm/intruder", "tenants.d/intruder.yaml", "keys/intruder")]
        refused(node, "master", calls, (EPERM, EACCES))
        assert node.status()["sandbox"]["landlock_abi"] >= 1, "said in the status"
        failed, text = node.reload()
        assert not failed, text
        trail = node.path("state", "audit.log")
        os.rename(trail, trail + ".1")
        node.send(signal.SIGUSR1)
        node.wait(lambda: os.path.exists(trail), 10, "a new audit file")
        assert node.create()


def test_fetcher_reaches_public_files_alone():
    """What it may open to read is below /etc, as its user may; nothing of ours, nothing to write, no process."""
    if "fetcher" not in kit.TABLES:
        return
    with harness.Node(workers=1, tenant_lines=kit.WITH_FETCHER) as node:
        kit.complete(node)
        pid, paths = next(iter(node.pids("fetcher"))), {**paths_of(node, node.path("")), "itself": "/proc/self/mem", "its memory": "/proc/self/maps"}
        del paths["passwd"]
        calls = [call("openat", AT_FDCWD, "text", 0, text=path, label="open " + what) for what, path in paths.items()]
        calls += [call("socket", family, 1, 0, label="socket %d" % family) for family in (1, 16)]
        calls += [call("mmap", 0, 4096, prot, flags, fd, 0, label="mmap %d %#x" % (prot, flags)) for prot, flags, fd in (
            (RWX, 0x22, -1), (RX, 0x22, -1), (RX, 2, 2), (1, 2, 2), (1, 1, 2), (RW, 1, 2))]
        calls.append(call("prlimit64", 0, 7, "buffer", 0))
        refused(node, "fetcher", calls, (EPERM, EACCES, EAFNOSUPPORT))
        public = kit.gdb(node, [(pid, [call("openat", AT_FDCWD, "text", 0, text="/etc/hosts", label="hosts")])])
        assert public["hosts"]["value"] >= 0, public
        assert node.create() and not [r for r in node.logs("child-ended") if r["process"] == "fetcher"]


def geo_may_not():
    out = [*roles_may_not(), *(c for c in confined_may_not() if c["name"] != "memfd_create"), call("read", 3, "buffer", 1), call("socket", 2, 1, 0),
           call("openat", AT_FDCWD, "text", CREATE, 0o600, text="/tmp/intruder", label="create"), *nobody_may()]
    return [c for c in out if c["name"] != "prlimit64"]


def test_reader_of_countries():
    """It is there for milliseconds: caught at work, locked in."""
    if not kit.PASSING:
        return
    calls = geo_may_not()
    asked = os.environ.get("SESSIOND_ROUNDS", "3")
    picked = calls if asked == "all" else calls[::-(-len(calls) // int(asked))]
    with harness.Node(workers=1, server=kit.DATABASE, start=False) as node:
        kit.write_countries(node)
        node.start()
        paths = {**paths_of(node, node.path("")), "itself": "/proc/self/mem"}
        with kit.reader_of_countries(node):
            refused(node, "geo", [call("openat", AT_FDCWD, "text", 0, text=path, label="open " + what) for what, path in paths.items()]
                    + [call("prlimit64", 0, 7, "buffer", 0)], (EPERM, EACCES))
        for one in picked:
            with kit.reader_of_countries(node) as pid:
                row = kit.gdb(node, [(pid, [one])])[one["name"]]
                assert row.get("signal") == "SIGSYS", row
        assert node.create()
    print(f"  {len(picked)} calls, each a SIGSYS")


def test_launcher_has_no_way_to_a_root_shell():
    """It keeps three capabilities; what could use them for more is not in its table, and the rest is refused."""
    with harness.Node(workers=1) as node:
        calls = [call("socket", family, 3, 0, label="socket %d" % family) for family in (16, 17, 38, 40)]
        calls += [call("clone3", "buffer", 88), call("io_uring_setup", 8, "buffer"), call("setpriority", 0, 0, -5)]
        calls += [call("capset", "buffer", "text", text="\\xff" * 24)]
        refused(node, "launcher", calls, (EPERM, EAFNOSUPPORT, 38, 22))


if __name__ == "__main__":
    signal.alarm(280 if os.environ.get("SESSIOND_ROUNDS") != "all" else 1800)
    kit.need_root()
    if not any(os.path.exists(os.path.join(d, "gdb")) for d in os.get_exec_path()):
        harness.skip("no gdb")
    sys.exit(harness.main([test_deadly_calls, test_redis_reaches_its_folder_alone, test_master_reaches_its_folders_alone,
                           test_fetcher_reaches_public_files_alone, test_reader_of_countries, test_who_has_served_is_started_again, test_launcher_has_no_way_to_a_root_shell]))
