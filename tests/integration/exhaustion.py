#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Descriptors and memory run out in a running process: refused cleanly, nobody spins or dies, and what
was there before comes back by itself as soon as there is room."""
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import harness

T = "brand-a"
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"


def need_root():
    if os.geteuid() != 0:
        harness.skip("limits of other users' processes")


def pid_of(node, role):
    return sorted(node.pids(role))[0]


LIMITS = {"nofile": "Max open files", "as": "Max address space"}


def limit(pid, what, value):
    """Sets the soft limit, as the process's own user may; the old one."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        old = next(line[25:].split()[0] for line in f if line.startswith(LIMITS[what]))
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        uid = next(int(line.split()[1]) for line in f if line.startswith("Uid:"))
    subprocess.run(["prlimit", f"--pid={pid}", f"--{what}={value}:"], check=True, timeout=10, user=uid, group=uid,
                   extra_groups=[])
    return old


def held(pid):
    return max(int(n) for n in os.listdir(f"/proc/{pid}/fd")) + 1


def seconds_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        row = f.read().rpartition(")")[2].split()
    return (int(row[11]) + int(row[12])) / os.sysconf("SC_CLK_TCK")


def kib_of(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))


def busy(pid, seconds=2.0):
    """Share of a core."""
    before = seconds_of(pid)
    time.sleep(seconds)
    return (seconds_of(pid) - before) / seconds


def worker_without_descriptors():
    with harness.Node(workers=1, tenant_lines=FREE) as node:
        made, pid = node.create(), pid_of(node, "worker")
        old = http.client.HTTPConnection("127.0.0.1", node.port, timeout=10)
        old.request("GET", "/livez")
        assert old.getresponse().read() is not None
        before = limit(pid, "nofile", held(pid) + 2)
        waiting = [socket.create_connection(("127.0.0.1", node.port), timeout=10) for _ in range(40)]
        share = busy(pid)
        assert share < 0.2, f"a worker that cannot accept uses {share:.2f} of a core"
        old.request("GET", "/livez")
        assert old.getresponse().status == 200, "who is connected is served"
        for s in waiting[:30]:
            s.close()
        limit(pid, "nofile", before)
        node.wait(lambda: node.validate(made["access_token"])[0] == 200, 3, why="accepting again")
        for s in waiting[30:]:
            s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert s.recv(100).startswith(b"HTTP/1.1 200"), "who waited in the queue is served"
            s.close()
        assert pid_of(node, "worker") == pid and node.stop() == 0


def master_without_descriptors():
    with harness.Node(workers=2, tenant_lines=FREE) as node:
        made, pid = node.create(), pid_of(node, "master")
        before = limit(pid, "nofile", held(pid))
        os.kill(pid_of(node, "worker"), signal.SIGKILL)
        share = busy(pid)
        assert share < 0.3, f"a master without descriptors uses {share:.2f} of a core"
        for _ in range(20):
            assert node.validate(made["access_token"])[0] == 200, "the other worker serves"
        try:
            node.reload()
        except (OSError, ConnectionError):
            pass  # it cannot even accept the question
        limit(pid, "nofile", before)
        node.wait(lambda: len(node.children("worker")) == 2, 15, why="the worker is replaced")
        assert pid_of(node, "master") == pid and not node.reload()[0]
        assert node.stop() == 0


def asked(node, made, times):
    """Statuses of creates and validations; a broken connection is None."""
    seen = {}
    for i in range(times):
        for path, body in (("/sessions", {"user_id": f"u{i}"}),
                           ("/sessions/validate", {"access_token": made["access_token"]})):
            try:
                status = node.request("POST", path, body, T)[0]
            except (OSError, http.client.HTTPException):
                status = None
            seen[status] = seen.get(status, 0) + 1
    return seen


def without_memory(role, times=100):
    """No page more than it has; what it holds already may be enough for a while."""
    with harness.Node(workers=1, tenant_lines=FREE) as node:
        made, pid = node.create(), pid_of(node, role)
        before = limit(pid, "as", kib_of(pid, "VmSize") * 1024)
        waiting = [socket.create_connection(("127.0.0.1", node.port), timeout=10) for _ in range(200)]
        for s in waiting:  # ... so that buffers are asked for
            s.sendall(b"POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\nX-Fill: " + b"x" * 8000)
        seen = asked(node, made, times)
        if role == "master":
            try:
                node.reload()
            except (OSError, ConnectionError):
                pass
        for s in waiting:
            s.close()
        assert set(seen) <= {200, 201, 503, None}, seen
        alive = harness.process_alive(pid)
        if alive:
            limit(pid, "as", before)
        node.wait(lambda: node.validate(made["access_token"])[0] == 200, 15, why="valid again")
        node.wait(lambda: node.request("POST", "/sessions", {"user_id": "x"}, T)[0] == 201, 15, why="creating again")
        assert alive, f"{role} died of it: {node.logs('child-ended')}"
        node.wait(lambda: not node.reload()[0], 10, why="reloading again")
        print(f"  {role}: {seen}")
        assert node.stop() == 0


def worker_without_memory():
    without_memory("worker")


def master_without_memory():
    without_memory("master")


def signer_without_memory():
    without_memory("signer")


def auditor_without_memory():
    without_memory("auditor")


@contextlib.contextmanager
def memory_group():
    """(folder, name of its limit) of a control group of one's own, version 1 or 2; None where there is none."""
    for top, limit_file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        path = os.path.join(top, "sessiond-test-%d" % os.getpid())
        with contextlib.suppress(OSError):
            os.mkdir(path)
            if os.path.exists(os.path.join(path, limit_file)):
                break
            os.rmdir(path)
    else:
        print("  SKIPPED: no control group for memory can be made here")
        yield None
        return
    try:
        yield path, limit_file
    finally:
        harness.wait_for(lambda: os.rmdir(path) is None, 10, why="the group is empty")


def put(path, value):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(value))


def service_without_memory():
    """The kernel ends who takes the most: a worker. Master, signer, auditor and store live, and others serve."""
    server = "limits: { body_bytes: 1MiB }\n"
    with memory_group() as group, harness.Node(workers=2, tenant_lines=FREE, server=server) as node:
        if group is None:
            return
        made, before = node.create(), {p: r for p, r in node.pids().items() if r != "worker"}
        for pid in [node.proc.pid, *node.pids()]:
            put(os.path.join(group[0], "cgroup.procs"), pid)
        put(os.path.join(group[0], group[1]), 16 << 20)
        head = (b"POST /sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + node.api_keys[T].encode() + b"\r\nX-Tenant-ID: " + T.encode() +
                b"\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n" + b" " * 50000)
        waiting = []
        for _ in range(int(os.environ.get("SESSIOND_ROUNDS", "1")) * 1000):
            with contextlib.suppress(OSError):
                waiting.append(socket.create_connection(("127.0.0.1", node.port), timeout=2))
                waiting[-1].settimeout(0.2)
                waiting[-1].sendall(head)
        began = time.monotonic()
        node.wait(lambda: node.validate(made["access_token"])[0] == 200, 15, why="valid again")
        node.wait(lambda: node.request("POST", "/sessions", {"user_id": "x"}, T)[0] == 201, 15, why="creating again")
        took = time.monotonic() - began
        for s in waiting:
            s.close()
        ended = [r["process"] for r in node.logs("child-ended")]
        print(f"  {len(waiting)} bodies, {len(ended)} workers ended, serves after {took:.1f} s")
        assert ended and set(ended) == {"worker"} and set(before) <= set(node.pids()), ended
        put(os.path.join(group[0], group[1]), 1 << 30)
        node.wait(lambda: len(node.children("worker")) == 2, 15, why="all workers back")
        assert not node.reload()[0] and node.stop() == 0


if __name__ == "__main__":
    need_root()
    sys.exit(harness.main([worker_without_descriptors, master_without_descriptors, worker_without_memory,
                           master_without_memory, signer_without_memory, auditor_without_memory, service_without_memory]))
