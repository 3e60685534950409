# SPDX-License-Identifier: MIT
"""What the attack tests share: call numbers, the roles' tables, filters as the kernel has them
(PTRACE_SECCOMP_GET_FILTER), a machine for classic BPF, /proc of a process."""
import contextlib
import ctypes
import itertools
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time

import harness
import oidc_kit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import mmdb  # pylint: disable=wrong-import-position

HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h")
TABLES = {"worker": "worker/worker_sandbox.c", "signer": "signer/signer_sandbox.c",
          "auditor": "auditor/auditor_sandbox.c", "master": "master/master_sandbox.c",
          "fetcher": "fetcher/fetcher_sandbox.c"}
if not os.path.exists(os.path.join(harness.BUILD, "sessiond-fetcher")):  # no libcurl
    del TABLES["fetcher"]
STARTED = {"launcher": "master/launcher_sandbox.c", "redis": "master/launcher_redis.c"}  # without a table of their program
PASSING = {"geo": "geo/geo_sandbox.c"} if os.path.exists(os.path.join(harness.BUILD, "sessiond-geo")) else {}  # there for milliseconds
YOUNG = range(450, 512)  # younger than the launcher's tables: ENOSYS
X86_64, I386, X32_BIT = 0xC000003E, 0x40000003, 0x40000000
KILL, ERRNO, LOG, ALLOW = 0x80000000, 0x00050000, 0x7FFC0000, 0x7FFF0000
GET_FILTER, ATTACH, DETACH = 0x420C, 16, 17
STOPPED = 0x40000000  # __WALL: whoever it is a child of

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


def need_root():
    if os.geteuid() != 0:
        harness.skip("needs root: it looks into processes that nobody else may look into")
    if os.uname().machine != "x86_64":
        harness.skip("call numbers are those of x86-64")
    harness.need_programs()
    with open(os.path.join(harness.BUILD, "config.h"), encoding="ascii") as f:
        if re.search(r"^#define SD_SANITIZERS", f.read(), re.M):
            harness.skip("a build with sanitizers has no filter")


def numbers():
    """{name: call number}, from the C library's header."""
    for path in HEADERS:
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                return {m[1]: int(m[2]) for m in re.finditer(r"^#define __NR_(\w+) (\d+)$", f.read(), re.M)}
    return harness.skip("no " + HEADERS[0])


NR = numbers()
NAME = {nr: name for name, nr in NR.items()}


def shared_rows():
    """{group: its rows} of base/sandbox_rows.h"""
    with open(os.path.join(harness.TOP, "base/sandbox_rows.h"), encoding="utf-8") as f:
        return dict(re.findall(r"^#define (SD_ROWS_\w+)(.*?[^\\])\n", f.read().replace("\\\n", " "), re.M))


def table(role):
    """The rows of a role as its source has them: {name: set of "allow" | "allow-if" | "refuse"}."""
    with open(os.path.join(harness.TOP, {**TABLES, **STARTED, **PASSING}[role]), encoding="utf-8") as f:
        source = re.sub(r"^#define.*?[^\\]\n", "\n", f.read(), flags=re.M | re.S)
    source = re.sub(r"\bSD_ROWS_[A-Z]+\b", lambda m: shared_rows()[m[0]], source).replace(
        "sd_rows_own(", ".nr = SCMP_SYS(tgkill), .argc = 1")
    rows = {}
    for m in re.finditer(r"\b(?:SD_SYS_)?(ALLOW|ALLOW_IF|ALLOW_BITS|REFUSE)\((\w+),|"
                         r"\.nr = SCMP_SYS\((\w+)\),\s*(\.refuse = \w+,\s*)?(\.argc = \d)?", source):
        name = m[2] or m[3]
        kind = m[1] or ("REFUSE" if m[4] else "ALLOW_IF" if m[5] else "ALLOW")
        word = {"ALLOW": "allow", "REFUSE": "refuse"}.get(kind, "allow-if")
        rows.setdefault(name, set()).add(word)
    if "FAMILY(AF_" in source:
        rows["socket"].add("refuse")
    assert len(rows) > 15, "the table of %s was not understood" % role
    return rows


# --- the filter in force ---

def filters(pid):
    """The seccomp programs of a process, newest first: lists of (code, jt, jf, k)."""
    if libc.ptrace(ATTACH, pid, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace attach")
    os.waitpid(pid, STOPPED)
    out = []
    try:
        while True:
            n = libc.ptrace(GET_FILTER, pid, len(out), None)
            if n < 0:
                return out[::-1]  # the kernel counts from the oldest
            raw = (ctypes.c_char * (8 * n))()
            if libc.ptrace(GET_FILTER, pid, len(out), ctypes.cast(raw, ctypes.c_void_p)) != n:
                raise OSError(ctypes.get_errno(), "PTRACE_SECCOMP_GET_FILTER")
            out.append(list(struct.iter_unpack("=HBBI", raw.raw)))
    finally:
        libc.ptrace(DETACH, pid, None, None)


def data(nr, args=(), arch=X86_64):
    args = [a & 0xFFFFFFFFFFFFFFFF for a in args] + [0] * (6 - len(args))
    return struct.pack("=iIQ6Q", nr - (1 << 32) if nr >= 1 << 31 else nr, arch, 0, *args)


def step(ins, pc, a, jump):
    """One instruction but load and return: -> (next pc, accumulator); jump(ins, a) decides."""
    code, k = ins[0], ins[3]
    if code == 0x05:
        return pc + 1 + k, a
    if code & 7 == 5:
        return pc + 1 + (ins[1] if jump(ins, a) else ins[2]), a
    if code == 0x54:
        return pc + 1, None if a is None else a & k
    raise AssertionError("instruction %#x in a filter" % code)


def compare(ins, a):
    code, k = ins[0], ins[3]
    return {0x15: a == k, 0x25: a > k, 0x35: a >= k, 0x45: bool(a & k)}[code]


def run(program, packet):
    """What the program says to one call."""
    pc, a = 0, 0
    while True:
        code, k = program[pc][0], program[pc][3]
        if code == 0x06:
            return k
        if code == 0x20:
            a, pc = struct.unpack_from("=I", packet, k)[0], pc + 1
        else:
            pc, a = step(program[pc], pc, a, compare)


def outcomes(program, nr):
    """All that the program could say to this call, whatever its arguments."""
    packet, found, todo = data(nr), set(), [(0, 0)]
    while todo:
        pc, a = todo.pop()
        code, k = program[pc][0], program[pc][3]
        if code == 0x06:
            found.add(k)
        elif code == 0x20:
            todo.append((pc + 1, struct.unpack_from("=I", packet, k)[0] if k < 8 else None))
        elif code & 7 == 5 and code != 0x05 and a is None:
            todo += [(pc + 1 + program[pc][1], a), (pc + 1 + program[pc][2], a)]
        else:
            todo.append(step(program[pc], pc, a, compare))
    return found


def verdict(programs, nr, args=(), arch=X86_64):
    """The strictest of all programs, as the kernel takes it."""
    return min((run(p, data(nr, args, arch)) for p in programs), key=lambda v: (v & 0xFFFF0000) ^ KILL)


# --- calls made by a live process (attack_gdb.py) ---

def call(name, *args, text="", label=None):
    return {"name": label or name, "how": "call", "nr": NR[name], "args": list(args), "text": text}


def gdb(node, jobs, must_tell=True):
    """[(pid, calls)] -> {name: outcome}. A gdb that loses a process with threads may not live to tell."""
    path = os.path.join(node.base, "jobs")
    with open(path, "w", encoding="utf-8") as f:
        json.dump([{"pid": pid, "calls": calls} for pid, calls in jobs], f)
    env = {**os.environ, "SESSIOND_JOBS": path, "HOME": node.base, "DEBUGINFOD_URLS": ""}
    script = os.path.join(harness.HERE, "attack_gdb.py")
    done = subprocess.run(["gdb", "-nx", "-nh", "-batch", "-x", script], env=env, check=False, capture_output=True, timeout=150)
    with open(path + ".out", encoding="utf-8") as f:
        out = {row["name"]: row for row in map(json.loads, f)}
    missing = [c["name"] for _, calls in jobs for c in calls if c["name"] not in out]
    assert not missing or not must_tell, (missing, done.stdout[-2000:], done.stderr[-2000:])
    return out


# --- /proc ---

def status(pid):
    """/proc/PID/status: {field: list of words}"""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return {k: v.split() for k, _, v in (line.partition(":") for line in f)}


def limits(pid):
    """{name: (soft, hard)} as texts"""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        rows = [re.split(r"  +", line.strip()) for line in f.readlines()[1:]]
    return {row[0]: (row[1], row[2]) for row in rows}


def maps(pid):
    """[(start, end, "r--s", name)]"""
    out = []
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as f:
        for line in f:
            parts = line.split(None, 5)
            start, end = (int(x, 16) for x in parts[0].split("-"))
            out.append((start, end, parts[1], parts[5].strip() if len(parts) > 5 else ""))
    return out


def segment(pid, name):
    """(start, end, mode) of the mapped segment of this name."""
    for start, end, mode, text in maps(pid):
        if text.startswith("/memfd:sessiond-" + name):
            return start, end, mode
    raise AssertionError("%d maps no %s" % (pid, name))


def descriptors(pid):
    """{fd: (what it is, its flags)}"""
    out = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed while we look
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                flags = int(re.search(r"^flags:\s*(\d+)", f.read(), re.M)[1], 8)
            out[int(fd)] = (os.readlink(f"/proc/{pid}/fd/{fd}"), flags)
    return out


# A client with an issuer, whom nobody reaches: a fetcher runs.
WITH_FETCHER = oidc_kit.client("batch", ["sessions:list"], 'jwks_url: "https://127.0.0.1:9/jwks"') if "fetcher" in TABLES else ""


DATABASE = "geo: { database_file: countries.mmdb }\n"


editions = itertools.count(1700000000)


def write_countries(node):
    """Another file each time: it is read at the next start or reload."""
    with open(node.path("countries.mmdb.new"), "wb") as f:
        f.write(mmdb.make({"192.0.2.0/24": "DE"}, built=next(editions)))
    os.chmod(node.path("countries.mmdb.new"), 0o644)
    os.rename(node.path("countries.mmdb.new"), node.path("countries.mmdb"))


def filters_of(pid):
    with contextlib.suppress(OSError):
        return int(status(pid).get("Seccomp_filters", ["0"])[0])
    return -1


@contextlib.contextmanager
def reader_of_countries(node):
    """The process that reads the file of countries, locked in. It ends when the master has its answer: so the master is stopped."""
    master, = node.pids("master")
    for _ in range(40):
        write_countries(node)
        node.wait(lambda: not node.pids("geo"), 10)
        node.send(signal.SIGHUP)
        pid, until = None, time.monotonic() + 1
        while pid is None and time.monotonic() < until:
            pid = next(iter(node.pids("geo")), None)
        if pid is None:
            continue  # it was faster
        while 0 <= filters_of(pid) < 2:
            pass
        os.kill(master, signal.SIGSTOP)
        try:
            harness.wait_for(lambda: status(master)["State"][0] == "T", 5, step=0)
            time.sleep(0.02)  # what the master said before that is heard
            if filters_of(pid) == 2 and status(pid)["State"][0] == "S":
                yield pid
                return
        finally:
            os.kill(master, signal.SIGCONT)
    raise AssertionError("it was never caught")


def complete(node):
    """There is a process of each role."""
    node.wait(lambda: {c["role"] for c in node.children()} >= set(TABLES) - {"master"}, 20, "a process of each role")
    return node


def piped_node(**options):
    """A node whose log goes through a pipe, as a service manager's does: files cannot grow."""
    node = harness.Node(start=False, tenant_lines=WITH_FETCHER, **options)
    write_countries(node)
    out, into = os.pipe()

    def copy():
        with open(out, "rb", buffering=0) as source, open(node.log_path, "ab", buffering=0) as log:
            while chunk := source.read(65536):
                log.write(chunk)

    node.log_to = into
    threading.Thread(target=copy, daemon=True).start()
    try:
        complete(node.start())
    except BaseException:
        node.close()
        raise
    finally:
        os.close(into)
    return node
