#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A child that ends is replaced, whatever ended it, and the obituary says why."""
import http.client
import os
import signal
import threading
import time

import harness


def replaced(node, role, old, timeout=10.0):
    def fresh():
        ready = [c for c in node.children(role) if c["pid"] != old]
        return ready and len(node.children(role)) == (node.workers if role == "worker" else 1) and ready
    return node.wait(fresh, timeout, why=f"{role} replaced")


def obituary(node, pid):
    return node.wait(lambda: [r for r in node.logs("child-ended") if r["child"] == pid], 5)[0]["text"]


def each_role_killed_is_replaced():
    with harness.Node() as node:
        for role in ("worker", "signer", "auditor", "redis"):
            old = node.kill(role)
            replaced(node, role, old)
            assert "SIGKILL" in obituary(node, old), obituary(node, old)
            node.wait(node.serves, 10, why=f"serving after {role} was killed")
        status = node.status()
        assert sum(c["restarts"] for c in status["children"]) >= 4, status["children"]
        node.wait(lambda: all(h["status"] == "ok" for h in node.status()["health"].values()), 10, why="healthy")
        events = [a for a in node.audit() if a["event"] == "process.ended"]
        assert len(events) >= 4, events
        assert node.stop() == 0


def workers_killed_under_requests():
    """A worker every 500 ms: only what was in flight at it may fail, no connection is refused."""
    with harness.Node(workers=2) as node:
        stop, done, failed, refused = threading.Event(), [0], [0], [0]

        def ask():
            while not stop.is_set():
                try:
                    done[0] += node.request("GET", "/livez")[0] == 200
                except ConnectionRefusedError:
                    refused[0] += 1
                except (OSError, http.client.HTTPException):
                    failed[0] += 1

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for t in threads:
            t.start()
        slowest = 0
        for _ in range(20):
            old = node.kill("worker")
            began = time.monotonic()
            replaced(node, "worker", old)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(max(0, 0.5 - (time.monotonic() - began)))
        stop.set()
        for t in threads:
            t.join()
        assert refused[0] == 0 and failed[0] <= 20 * 4, (done, failed, refused)
        assert slowest < 1, f"replacement after {slowest:.3f} s"  # polled from outside, 2 cores under load


def hung_worker_is_replaced():
    with harness.Node() as node:
        began = time.monotonic()
        old = node.kill("worker", signal.SIGSTOP)
        replaced(node, "worker", old, 8)
        assert time.monotonic() - began < 6.5
        assert "heartbeat" in obituary(node, old)


def signals_that_kill_are_named():
    with harness.Node() as node:
        filtered = node.status()["sandbox"]["seccomp"] == 2  # not in a build with sanitizers
        for number, name in ((signal.SIGSEGV, "SIGSEGV"), (signal.SIGSYS, "SIGSYS"), (signal.SIGABRT, "SIGABRT")):
            if number == signal.SIGSEGV and not filtered:
                continue  # AddressSanitizer catches it and exits
            old = node.kill("worker", number)
            replaced(node, "worker", old, 15)
            assert name in obituary(node, old), obituary(node, old)


def crash_loop_is_throttled_and_said():
    with harness.Node(workers=1) as node:
        end, kills = time.monotonic() + 6, 0
        while time.monotonic() < end:
            for pid in node.pids("worker"):
                os.kill(pid, signal.SIGABRT)
                kills += 1
            time.sleep(0.01)
        assert kills <= 9, f"{kills} starts in 6 s"  # 0, 100, 200, 400 ... ms apart
        assert node.status()["health"]["workers"]["status"] != "ok"
        node.wait(node.serves, 15, why="serving again")


def signals_to_every_role_never_stop_the_service():
    with harness.Node() as node:
        for role in ("worker", "signer", "auditor", "master"):
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
                for pid in list(node.pids(role))[:1]:
                    os.kill(pid, number)
                time.sleep(0.05)
        assert node.proc.poll() is None
        node.wait(node.serves, 20, why="serving after signals to the roles")


harness.main([each_role_killed_is_replaced, workers_killed_under_requests, hung_worker_is_replaced, signals_that_kill_are_named,
              crash_loop_is_throttled_and_said, signals_to_every_role_never_stop_the_service])
