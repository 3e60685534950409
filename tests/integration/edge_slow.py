#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Slow, idle, unreading and too many clients: each ends in time, none costs much, others are served."""
import contextlib
import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import time

import edge_kit as kit
import harness

A = "brand-a"
LIVEZ = kit.request("GET", "/livez")
QUICK = "limits: { header_timeout: 500ms, body_timeout: 500ms, idle_timeout: 1s }\n"
LATE_S = 5.0  # loaded machines
IDLE_MAX = 16384
NODE = None


def post(**fields):
    return kit.request("POST", "/sessions/validate", Authorization="Bearer " + NODE.api_keys[A],
                       Content_Type="application/json", **fields)


def served():
    status, _, body = NODE.request("GET", "/livez")
    assert status == 200 and body == "alive\n"


def until_closed(start, drip=b"", every=0.05):
    """Sends start, then drip byte by byte; -> (what came back, seconds until the server closed)."""
    began = time.monotonic()
    with kit.connect(NODE.port) as s:
        s.sendall(start)
        got = b""
        while time.monotonic() - began < LATE_S:
            readable, _, _ = select.select([s], [], [], every)
            if readable:
                try:
                    more = s.recv(65536)
                except ConnectionResetError:
                    more = b""
                if not more:
                    return got, time.monotonic() - began
                got += more
            elif drip and not got:
                s.send(drip[:1])
                drip = drip[1:]
    raise AssertionError("still open: %r" % start[:60])


def slow_requests():
    """A byte now and then does not extend a deadline: 408 and the end, after 500 ms and soon."""
    many = b"x" * 200
    for start, drip in ((b"G", b""), (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ", b""), (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ", many),
                        (post(Content_Length="300"), b""), (post(Content_Length="300"), many), (post(Content_Length="10") + b"hello", b""),
                        (post(Transfer_Encoding="chunked"), b""), (post(Transfer_Encoding="chunked") + b"ff\r\n", many),
                        (post(Transfer_Encoding="chunked") + b"1\r\na\r\n0\r\n", b""), (LIVEZ + b"GET ", b"")):
        got, took = until_closed(start, drip)
        last = kit.answers(got)[-1]
        assert last.status == 408 and last.json()["code"] == "request-timeout", (start[-60:], got)
        assert last.get("Connection") == "close" and 0.45 < took < LATE_S, took
        served()


def silent_connections():
    """No byte at all: closed without a word; between requests after idle_timeout."""
    got, took = until_closed(b"")
    assert got == b"" and 0.45 < took, (got, took)
    got, took = until_closed(b"\r\n")
    assert kit.answers(got) == [] or kit.answers(got)[0].status == 408, got
    got, took = until_closed(LIVEZ)
    assert [a.status for a in kit.answers(got)] == [200] and took > 0.9, (got, took)


def unreading_clients():
    """Requests without end and not one answer read: the server stops reading, keeps little, closes."""
    before = memory()
    request = kit.request("GET", f"/tenants/{A}/jwks")
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(kit.connect(NODE.port)) for _ in range(8)]
        for s in socks:
            s.setblocking(False)
        sent, ended, end = 0, set(), time.monotonic() + 15
        while len(ended) < len(socks):
            assert time.monotonic() < end, "still open after %d bytes" % sent
            left = [s for s in socks if s not in ended]
            _, writable, _ = select.select([], left, [], 0.1)
            for s in writable:
                try:
                    sent += s.send(request * 100)
                except BlockingIOError:
                    pass
                except OSError:
                    ended.add(s)
        assert memory() - before < 8 * (2 << 20), memory() - before
    served()


def slow_readers():
    """A little now and then of a long answer extends nothing by much: the end comes, as for who reads nothing."""
    request, began = kit.request("GET", f"/tenants/{A}/jwks") * 1000, time.monotonic()
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", NODE.port))
        s.setblocking(False)
        sent = taken = 0
        while time.monotonic() - began < 30:
            try:
                sent += s.send(request)
            except BlockingIOError:
                pass
            except OSError:
                break
            try:
                got = len(s.recv(1000))
                if got == 0:
                    break
                taken += got
            except BlockingIOError:
                pass
            except OSError:
                break
            select.select([], [], [], 0.2)
        took = time.monotonic() - began
    print("ended after %.1f s, %d bytes of answers read" % (took, taken))
    assert took < 25 and taken > 2000, (took, taken)
    with kit.connect(NODE.port) as s:  # who reads well may take as long as he likes
        s.sendall(kit.request("GET", f"/tenants/{A}/jwks") * 300)
        got, end = b"", time.monotonic() + 30
        while got.count(b"HTTP/1.1 200 ") < 300 and time.monotonic() < end:
            got += s.recv(16384)
            select.select([], [], [], 0.02)
        assert got.count(b"HTTP/1.1 200 ") == 300
    served()


def memory():
    total = 0
    for pid in NODE.pids("worker"):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))
    return total


def many_idle(n, requested):
    """n idle connections, opened in lots. requested: bytes each sends first; each answer is read."""
    socks = []
    for _ in range(n // 100):
        lot = [kit.connect(NODE.port) for _ in range(100)]
        for s in lot:
            s.sendall(requested)
        for s in lot:
            if requested.endswith(b"\r\n\r\n") or requested.endswith(b"}"):
                assert s.recv(65536).startswith(b"HTTP/1.1 200 "), s
        socks += lot
    return socks


def sanitized():
    with open(os.path.join(harness.BUILD, "config.h"), encoding="ascii") as f:
        return "\n#define SD_SANITIZERS" in f.read()


def others(token):
    """Text: how soon 300 validations are answered. Told, not demanded: the machine may be busy."""
    times = []
    for _ in range(300):
        began = time.monotonic()
        assert NODE.validate(token)[0] == 200
        times.append((time.monotonic() - began) * 1e3)
    times.sort()
    return "p50 %.2f ms, p99 %.2f ms" % (times[150], times[296])


def idle_connections():
    """Each costs at most IDLE_MAX bytes of workers' memory, after a request and in the middle of one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    n = 5000 if hard >= 12000 else 2000 if hard >= 4500 else 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * n + 500)), hard))
    made = NODE.create()
    body = kit.request("POST", "/sessions/validate", {"access_token": made["access_token"]},
                       Authorization="Bearer " + NODE.api_keys[A])
    print("others, alone: " + others(made["access_token"]))
    before = memory()
    for what in (body, b"GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\r\n"):
        socks = many_idle(n, what)
        try:
            beside = others(made["access_token"])
            each = (memory() - before) / n
            print("%d connections after %r: %.0f bytes each; others, beside them: %s" % (n, what[:14], each, beside))
            assert each <= IDLE_MAX or sanitized(), each  # red zones are not ours
            for s in socks[::500]:  # they are alive
                s.sendall(b"\r\n" if what is not body else body)
                assert s.recv(65536).startswith(b"HTTP/1.1 200 ")
        finally:
            for s in socks:
                s.close()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def limit_descriptors(pid, soft=None):
    """A process's soft limit (None: back to the hard one), as its own user: that needs no capability."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        hard = next(int(line.split()[4]) for line in f if line.startswith("Max open files"))
    uid = harness.UIDS["worker"]
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={soft or hard}:{hard}"], check=True, timeout=30,
                   user=uid, group=uid, extra_groups=[])


def no_descriptors():
    """Workers without a free descriptor: no spinning, those inside are served, then all are."""
    pids = list(NODE.pids("worker"))
    if os.geteuid() != 0 or not shutil.which("prlimit"):
        print("SKIP: needs prlimit, and root to see how many descriptors a worker has")
        return
    harness.wait_for(lambda: all(len(os.listdir(f"/proc/{p}/fd")) < 100 for p in pids), why="earlier connections are gone")
    inside = [kit.connect(NODE.port) for _ in range(20)]
    for s in inside:
        s.sendall(LIVEZ)
        assert s.recv(4096).endswith(b"alive\n")
    try:
        for p in pids:
            open_now = len(os.listdir(f"/proc/{p}/fd"))
            limit_descriptors(p, open_now + 4)
        held = [kit.connect(NODE.port) for _ in range(100)]
        for s in held:
            s.sendall(LIVEZ)
        harness.wait_for(lambda: len(select.select(held, [], [], 0)[0]) >= 4 * len(pids), why="as many as fit are served")
        began, used = time.monotonic(), sum(map(cpu_seconds, pids))
        select.select([], [], [], 1.0)  # a measured second, in which nothing is asked of them
        share = (sum(map(cpu_seconds, pids)) - used) / (time.monotonic() - began)
        answered = select.select(held, [], [], 0)[0]
        assert len(answered) <= 4 * len(pids), len(answered)
        assert share < 0.2, "workers without descriptors spin: %.0f %%" % (100 * share)
        for s in inside:
            s.sendall(LIVEZ)
            assert s.recv(4096).endswith(b"alive\n")
        for s in answered:  # one leaves, one comes in
            s.close()
            held.remove(s)
        harness.wait_for(lambda: len(select.select(held, [], [], 0)[0]) >= len(pids), why="the next are let in")
    finally:
        for p in pids:
            limit_descriptors(p)
    for s in held:
        assert s.recv(4096).endswith(b"alive\n")
    for s in inside + held:
        s.close()
    served()


def full_workers():
    """More connections than descriptors: what the master hands over later still has room."""
    pid, = NODE.pids("worker")
    socks = [kit.connect(NODE.port) for _ in range(400)]
    for s in socks:
        s.sendall(LIVEZ)
    harness.wait_for(lambda: len(select.select(socks, [], [], 0)[0]) > 100, why="some are served")
    inside = select.select(socks, [], [], 0)[0][0]
    assert inside.recv(4096).endswith(b"alive\n")
    NODE.write(f"tenants.d/{A}.yaml", NODE.tenant_text(A, lines=kit.FREE + "tokens: { access_ttl: 10m }\n"))
    failed, text = NODE.reload()
    assert not failed and text.endswith("generation 2\n"), text
    NODE.kill("redis")
    def reads():
        inside.sendall(kit.request("GET", "/sessions/" + "A" * 21 + "w", Authorization="Bearer " + NODE.api_keys[A]))
        return inside.recv(4096).startswith(b"HTTP/1.1 404 ")
    harness.wait_for(reads, 15, why="a new connection to the store")
    assert list(NODE.pids("worker")) == [pid] and not NODE.logs("message-refused"), NODE.log_tail()
    for s in socks:
        s.close()
    harness.wait_for(NODE.serves, why="served again")


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))


def run(tests, server="", workers=2, popen=None):
    global NODE  # pylint: disable=global-statement
    with harness.Node(workers=workers, tenant_lines=kit.FREE, server=server, start=False) as NODE:
        NODE.popen = popen or {}
        NODE.start()
        kit.run(NODE, [t for t in tests if len(sys.argv) < 2 or t.__name__ in sys.argv[1:]])


def main():
    run((slow_requests, silent_connections, unreading_clients, slow_readers), QUICK)
    run((idle_connections, no_descriptors), "limits: { header_timeout: 60s }\n")
    run((full_workers,), "limits: { header_timeout: 60s }\n", 1, {"preexec_fn": few_descriptors})


if __name__ == "__main__":
    main()
