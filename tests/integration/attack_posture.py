#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the kernel holds of a running node, asked as root from outside: each filter read out and
compared with its table call by call, ids, capabilities, limits, maps, descriptors, dumpability."""
import ctypes
import functools
import os
import re
import signal
import subprocess
import sys
import traceback

import attack_kit as kit
import harness
from attack_expect import ARGUMENTS, EACCES, EAFNOSUPPORT, ENOSYS, EPERM, FETCHER_NEVER, GEO_NEVER, LAUNCHER_NEVER, LEAST_CHECKED, MORE_NEVER, MOST_WORKER, NEVER
from attack_kit import ALLOW, ERRNO, KILL, NR

LISTENERS, STORES = 2, 2


def is_its_table(role, program, rows, nr):
    """What a program says to a call, whatever its arguments, is what the rows say. -> all that it may say"""
    name, found = kit.NAME.get(nr, "call %d" % nr), kit.outcomes(program, nr)
    expected = {"allow": {ALLOW}, "allow-if": {ALLOW, KILL}, "refuse": {ERRNO}, "none": {KILL}}
    kinds = rows.get(name, {"none"})
    want = set().union(*(expected[k] for k in kinds))
    if kinds == {"allow-if", "refuse"}:
        want |= {KILL}
    assert {v & 0xFFFF0000 for v in found} == want, (role, name, [hex(v) for v in found], kinds)
    return name, kinds, found


def check_filter(role, pid):
    programs = kit.filters(pid)
    assert programs, "no filter in force"
    rows, counted, checked = kit.table(role), 0, 0
    tgkill = {"allow-if"}
    assert rows.get("tgkill") == tgkill, "abort() on itself only"
    for nr in range(461):
        name, kinds, found = is_its_table(role, programs[0], rows, nr)
        got = {v & 0xFFFF0000 for v in found}
        if "refuse" in kinds and role not in ("master", "fetcher", "geo"):
            assert found == {ERRNO | EACCES}, (role, name, [hex(v) for v in found])
        counted += ALLOW in got
        checked += got == {ALLOW, KILL}
        for arch, number in ((kit.I386, nr), (kit.X86_64, nr | kit.X32_BIT)):
            assert kit.verdict(programs, number, (), arch) == KILL, (role, name, "foreign architecture")
    for nr in (461, 1000, 0x3FFFFFFF, 0xFFFFFFFF):
        assert kit.verdict(programs, nr) == KILL, nr
    for name, args, allowed in ARGUMENTS[role]:
        got = kit.verdict(programs, NR[name], [pid if a == "self" else a for a in args])
        want = (KILL, ALLOW)[allowed] if isinstance(allowed, bool) else allowed
        assert got == want, (role, name, args, hex(got))
    for name in NEVER + {"master": [], "fetcher": FETCHER_NEVER, "geo": GEO_NEVER}.get(role, MORE_NEVER):
        got = kit.verdict(programs, NR[name])
        assert got == KILL and name not in rows, (role, name, hex(got))
    print(f"  {role}: {counted} calls, {checked} of them with checked arguments")
    if role == "worker":
        assert counted <= MOST_WORKER and checked >= LEAST_CHECKED
    return counted


def check_started(name, pid, program):
    """The launcher's table, and redis-server's on top of it: what the source has, and young calls ENOSYS."""
    s, rows, counted = kit.status(pid), kit.table(name), 0
    assert s["NoNewPrivs"] == ["1"] and s["Seccomp"] == ["2"] and s["CapBnd"] == ["0" * 16], (name, s)
    assert kit.limits(pid)["Max core file size"] == ("0", "0"), name
    for nr in range(600):
        if nr in kit.YOUNG:
            assert kit.outcomes(program, nr) == {ERRNO | ENOSYS}, (name, nr)
            continue
        counted += ALLOW in {v & 0xFFFF0000 for v in is_its_table(name, program, rows, nr)[2]}
        for arch, number in ((kit.I386, nr), (kit.X86_64, nr | kit.X32_BIT)):
            assert kit.verdict([program], number, (), arch) == KILL, (name, nr, "foreign architecture")
    for call in LAUNCHER_NEVER:
        assert kit.verdict([program], NR[call]) == KILL and call not in rows, (name, call)
    for family in (17, 38, 40, 11):
        assert kit.verdict([program], NR["socket"], (family, 3, 0)) != ALLOW, (name, family)
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):  # namespaces
        assert kit.verdict(kit.filters(pid), NR["clone"], (flag | 17,)) == KILL, (name, hex(flag))
    assert kit.verdict(kit.filters(pid), NR["execveat"], (5, 0, 0, 0, 0)) == KILL, "only as the launcher starts programs"
    print(f"  {name}: {counted} calls")
    return s


def test_launcher_and_store():
    node, store = NODE["node"], next(iter(NODE["node"].pids("redis")))
    own, both = kit.filters(node.proc.pid), kit.filters(store)
    assert len(own) == 1 and len(both) == 2 and both[1] == own[0], "the store has its own and the launcher's"
    s = check_started("launcher", node.proc.pid, own[0])
    assert s["CapPrm"] == s["CapEff"] == ["00000000000000e0"], "CAP_KILL, CAP_SETGID, CAP_SETUID"
    s = check_started("redis", store, both[0])
    assert {int(s[c][0], 16) for c in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0} and s["Groups"] == []
    for call in ("setresuid", "setgroups", "seccomp", "ptrace", "connect", "mlockall", "memfd_create"):
        assert kit.verdict(both, NR[call], (2, 1)) == KILL, call
    for family in (2, 10):
        assert kit.verdict(both, NR["socket"], (family, 1, 0)) == ERRNO | EAFNOSUPPORT, family
    assert len(kit.filters(next(iter(node.pids("worker"))))) == 2, "its own table and the launcher's"


def test_tables_are_within_the_launchers():
    """What a role may, the launcher's table must not forbid: a filter cannot be taken off."""
    whole = kit.table("launcher")
    for role in (*kit.TABLES, *kit.PASSING, "redis"):
        missing = {name for name, kinds in kit.table(role).items() if name not in whole and kinds != {"refuse"}}
        assert not missing, (role, missing)
        if role != "redis":
            assert not {n for n in kit.table(role) if n not in whole} - {"mremap"}, role


def uid_of(role):
    return harness.UIDS[{"fetcher": "auditor", "geo": "worker"}.get(role, role)]  # who have no file of their own


def check_ids(role, pid):
    s = kit.status(pid)
    assert s["NoNewPrivs"] == ["1"] and s["Seccomp"] == ["2"], s
    for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(s[caps][0], 16) == 0, (role, caps, s[caps])
    assert s["Groups"] == [], s["Groups"]
    for ids in ("Uid", "Gid"):
        assert set(s[ids]) == {str(uid_of(role))}, (role, ids, s[ids])


def check_limits(role, pid, connections):
    has = kit.limits(pid)
    assert has["Max core file size"] == ("0", "0") and has["Max processes"] == ("0", "0"), has
    if role in ("worker", "signer", "fetcher"):
        assert has["Max file size"] == ("0", "0"), has["Max file size"]
    soft, hard = has["Max open files"]
    most = {"worker": connections + 256, "master": 8192}.get(role, 256)
    assert soft == hard and int(hard) <= most, (role, soft, hard)


def check_maps(role, pid):
    shared = {"worker": {**({"geo": "r--s"} if kit.PASSING else {}), "stats": "rw-s", "policy": "r--s", "control": "r--s", "revocations": "r--s"},
              "signer": {"stats": "rw-s", "policy": "r--s"}, "auditor": {"stats": "rw-s"}, "fetcher": {"stats": "rw-s"}, "geo": {"stats": "rw-s"}}
    seen = {}
    for _, _, mode, name in kit.maps(pid):
        assert not ("w" in mode and "x" in mode), (role, mode, name)
        if mode.endswith("s"):
            segment = re.match(r"/memfd:sessiond-(\w+)", name)
            assert segment and segment[1] not in seen or role == "master", (role, mode, name)
            seen[segment[1]] = mode
    assert role == "master" or seen == shared[role], (role, seen)


@functools.lru_cache
def listening():
    with open("/proc/net/tcp", encoding="ascii") as f:
        return {line.split()[9] for line in f if line.split()[3] == "0A"}


def check_descriptors(role, pid):
    """What is not a socket is named; sockets are counted: listeners by the kernel's own list."""
    fds, what = kit.descriptors(pid), {}
    for fd, (name, flags) in sorted(fds.items()):
        assert flags & 0o2000000, "%s: descriptor %d (%s) survives an exec" % (role, fd, name)
        if name.startswith("socket:"):
            name = "listener" if name[8:-1] in listening() else "socket"
        elif fd == 2:
            assert name.startswith("pipe:"), name
            name = "log"
        what[name] = what.get(name, 0) + 1
    if role == "fetcher":  # standing alone, and its channel
        assert what == {"/dev/null": 2, "log": 1, "socket": 1}, what
        return
    audit = [n for n in what if n.endswith("/audit.log")]
    want = {"/dev/null": 2, "log": 1, "anon_inode:[eventpoll]": 1}
    if role == "worker":  # channel, signer, auditor and the store
        want.update({"listener": LISTENERS, "socket": 3 + STORES})
    elif role == "signer":  # channel, auditor and a worker each
        want["socket"] = 2 + NODE["workers"]
    elif role == "auditor":  # channel, signer, master and a worker each
        assert len(audit) == 1, what
        want.update({"socket": 3 + NODE["workers"], audit[0]: 1})
    assert role == "master" or what == want, (role, what, want)


def as_user(uid, act):
    """Runs act in a child with that uid and nothing else; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os._exit(act())
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def check_untouchable(role, pid):
    """Not dumpable: its /proc files are root's, and a second process of its user gets nothing."""
    assert os.stat(f"/proc/{pid}/mem").st_uid == 0 and os.stat(f"/proc/{pid}/environ").st_uid == 0, role
    start = kit.maps(pid)[0][0]

    def attack():
        for name in ("mem", "environ", "maps", "auxv", "fd/0"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    f.read(1)
                return 1
            except PermissionError:
                pass
        if kit.libc.ptrace(kit.ATTACH, pid, None, None) == 0 or ctypes.get_errno() != EPERM:
            return 2
        here = ctypes.create_string_buffer(16)
        local = (ctypes.c_size_t * 2)(ctypes.addressof(here), 16)
        remote = (ctypes.c_size_t * 2)(start, 16)
        if kit.libc.process_vm_readv(pid, local, 1, remote, 1, 0) >= 0:
            return 3
        fd = kit.libc.syscall(NR["pidfd_open"], pid, 0)
        return 4 if kit.libc.syscall(NR["pidfd_getfd"], fd, 0, 0) >= 0 else 0

    code = as_user(uid_of(role), attack)
    assert code == 0, "%s: its own user got hold of it (%d)" % (role, code)


def check_program(name):
    path = os.path.join(harness.BUILD, name)
    text = subprocess.run(["readelf", "-hldW", path], check=True, capture_output=True, timeout=30).stdout.decode()
    assert "Position-Independent" in text and "GNU_RELRO" in text and "BIND_NOW" in text, name
    assert re.search(r"GNU_STACK.* RW ", text), name
    assert "RPATH" not in text and "RUNPATH" not in text and "TEXTREL" not in text, name
    symbols = subprocess.run(["readelf", "--dyn-syms", "-W", path], check=True, capture_output=True, timeout=30).stdout
    assert b"__stack_chk_fail" in symbols and b"_chk@" in symbols, name + ": no stack protector, no fortify"


def test_programs():
    for name in harness.PROGRAMS + ("sessionctl",):
        check_program(name)


NODE = {}


def each(check, *more):
    for pid, role in NODE["node"].pids().items():
        if role in kit.TABLES:
            check(role, pid, *more)


def test_filters():
    each(check_filter)


def test_ids_and_capabilities():
    each(check_ids)
    assert len(set(harness.UIDS.values())) == len(harness.UIDS)


def test_limits():
    each(check_limits, 20000)


def test_maps():
    each(check_maps)


def test_descriptors():
    each(check_descriptors)


def test_not_dumpable():
    each(check_untouchable)


def test_reader_of_countries():
    """It is caught at work, locked in: what holds of those who stay holds of it."""
    if not kit.PASSING:
        return
    with kit.reader_of_countries(NODE["node"]) as pid:
        check_filter("geo", pid)
        check_ids("geo", pid)
        check_limits("geo", pid, 0)
        check_maps("geo", pid)
        check_untouchable("geo", pid)
        fds = kit.descriptors(pid)
        assert all(flags & 0o2000000 for _, flags in fds.values()), fds
        what = sorted(re.sub(r"\W.*", "", name.lstrip("/")) for name, _ in fds.values())
        assert what == ["dev", "dev", "memfd", "pipe", "socket"], fds
    NODE["node"].wait(lambda: NODE["node"].logs("countries"), 10, "its table is taken")


def test_doctor_agrees():
    node = NODE["node"]
    r = subprocess.run([os.path.join(harness.BUILD, "sessionctl"), "-c", node.config, "doctor"], check=False,
                       capture_output=True, timeout=30)
    text = r.stdout.decode()
    for role in ("signer-0", "auditor-0", "worker-0", "worker-1", "master", *(["fetcher-0"] if "fetcher" in kit.TABLES else [])):
        uid = uid_of(role.split("-")[0])
        assert re.search(rf"^ok +{role} +uid {uid}, filter, no_new_privs, no capabilities, not dumpable, Landlock \d+, MDWE$", text, re.M), text
    for said in (r"launcher +uid 0, filter, no_new_privs, capabilities SETUID, SETGID, KILL", r"redis-0 +uid \d+, filter, no_new_privs, no capabilities",
                 r"users +the roles have users of their own", r"memory +policy sealed for ever; control and revocations", r"kernel: Landlock +ABI \d+",
                 r"keys of brand-a +\S+ signs for 0 days"):
        assert re.search("^ok +" + said, text, re.M), (said, text)


if __name__ == "__main__":
    signal.alarm(240)
    kit.need_root()
    NODE["workers"] = 2
    more = kit.DATABASE if kit.PASSING else ""
    NODE["node"] = kit.piped_node(workers=2, server=f"store: {{ connections_per_worker: {STORES} }}\n" + more)
    with NODE["node"]:
        NODE["node"].create()
        sys.exit(harness.main([test_programs, test_filters, test_launcher_and_store,
                               test_tables_are_within_the_launchers, test_ids_and_capabilities, test_limits, test_maps,
                               test_descriptors, test_not_dumpable, test_reader_of_countries, test_doctor_agrees]))
