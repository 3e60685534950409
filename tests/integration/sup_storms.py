#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who is stopped is noticed, storms of signals lose no request, and nothing stays behind: neither after
the master or the launcher is killed, nor after many starts and stops, nor after starts that were
interrupted at any moment. SESSIOND_ROUNDS (8) starts of each kind, SESSIOND_SIGNALS (3000)."""
import http.client
import os
import random
import signal
import threading
import time

import harness

T = "brand-a"
ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "8"))
SIGNALS = int(os.environ.get("SESSIOND_SIGNALS", "3000"))
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"
STORM = (signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG, signal.SIGCONT)


def stopped_signer_and_auditor_are_replaced():
    """Changes are refused within two seconds, validation goes on, and both are replaced by themselves."""
    with harness.Node(tenant_lines=FREE) as node:
        made = node.create()
        old = {node.kill(role, signal.SIGSTOP) for role in ("signer", "auditor")}
        began, statuses, slowest = time.monotonic(), set(), 0.0
        while old & set(node.pids()) and time.monotonic() - began < 25:
            before = time.monotonic()
            status, _, body = node.request("POST", "/sessions", {"user_id": "x"}, T)
            slowest = max(slowest, time.monotonic() - before)
            statuses.add((status, body.get("code")))
            assert node.validate(made["access_token"])[0] == 200, "validation needs neither"
            time.sleep(0.05)
        print(f"  replaced after {time.monotonic() - began:.1f} s, slowest answer {slowest:.2f} s")
        assert not old & set(node.pids()), "who is stopped is still there after 25 s"
        assert statuses <= {(201, None), (503, "signer-unavailable"), (503, "audit-unavailable")}, statuses
        assert slowest < 2.5, f"an answer took {slowest:.1f} s"
        node.wait(lambda: node.request("POST", "/sessions", {"user_id": "x"}, T)[0] == 201, 10, why="creating again")
        assert node.stop() == 0


def storm_under_load_loses_no_request():
    with harness.Node(tenant_lines=FREE) as node:
        made, stop, wrong, done = node.create(), threading.Event(), [], [0]

        def ask():
            while not stop.is_set():
                try:
                    status = node.validate(made["access_token"])[0]
                except (OSError, http.client.HTTPException) as e:
                    status = repr(e)
                done[0] += 1
                if status != 200:
                    wrong.append(status)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for t in threads:
            t.start()
        master, before = sorted(node.pids("master"))[0], node.pids()
        for i in range(SIGNALS):
            number = random.choice(STORM)
            if i % 2:
                node.send(number)
            elif number not in (signal.SIGHUP, signal.SIGUSR1):  # those are the launcher's to pass on
                os.kill(master, number)
            if i % 50 == 0:
                time.sleep(0.01)
        node.wait(lambda: not node.status()["reload"]["under_way"], 20, why="the last reload")
        stop.set()
        for t in threads:
            t.join()
        print(f"  {SIGNALS} signals, {done[0]} requests, {len(wrong)} wrong")
        assert not wrong, wrong[:5]
        gone = {r for p, r in before.items() if p not in node.pids()} - {"signer"}  # a reload brings a fresh one
        assert not gone, f"{gone} died of signals"
        assert node.serves() and node.stop() == 0


def family(node):
    """Every process that belongs to it, the launcher first."""
    return [node.proc.pid, *node.pids()]


def left(node):
    """What a stopped service leaves beside its data."""
    out = [n for n in os.listdir(node.path("state")) if n.endswith(".sock") or n.endswith(".tmp") or n.endswith(".new")]
    if os.path.exists(node.path("state", "redis", "redis.sock")):
        out.append("redis.sock")
    return out


def shared_memory():
    return {n for n in os.listdir("/dev/shm") if not n.startswith("sessiond-test-")} if os.path.isdir("/dev/shm") else set()


def orphans_are_gone_within_two_seconds():
    for victim in ("master", "launcher"):
        with harness.Node() as node:
            mine = family(node)[1:]
            os.kill(node.proc.pid if victim == "launcher" else sorted(node.pids("master"))[0], signal.SIGKILL)
            harness.wait_for(lambda m=mine: not any(harness.process_alive(p) for p in m), 2, why=f"orphans of the {victim}")
            if victim == "master":
                node.wait_ready(lines=2)
                assert node.stop() == 0 and not left(node)


def starts_and_stops_leave_nothing():
    before = shared_memory()
    with harness.Node(start=False) as node:
        for _ in range(ROUNDS):
            node.start()
            mine = family(node)
            assert node.stop() == 0, node.log_tail()
            assert not any(harness.process_alive(p) for p in mine) and not left(node), left(node)
        held = len(os.listdir("/proc/self/fd"))
        assert held < 60, held
    assert not shared_memory() - before


def starts_killed_at_any_moment_leave_nothing():
    """The launcher, the master or all of them killed at a random moment of the start."""
    before = shared_memory()
    with harness.Node(start=False) as node:
        for turn in range(ROUNDS):
            node.start(wait=False)
            time.sleep(random.random() * 0.4)
            mine = family(node)
            victims = {0: mine[:1], 1: mine[1:2], 2: random.sample(mine, len(mine))}[turn % 3]
            for pid in victims:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if node.proc.pid in victims:
                node.proc.wait(5)
                harness.wait_for(lambda m=mine: not any(harness.process_alive(p) for p in m), 2, why="all gone")
            elif node.proc.poll() is None:
                mine = family(node)
                node.send(signal.SIGQUIT)
                node.proc.wait(10)
                harness.wait_for(lambda m=mine: not any(harness.process_alive(p) for p in m), 2, why="all gone")
        node.start()
        node.create()
        assert node.stop() == 0 and not left(node), left(node)
    assert not shared_memory() - before


if __name__ == "__main__":
    harness.main([stopped_signer_and_auditor_are_replaced, storm_under_load_loses_no_request,
                  orphans_are_gone_within_two_seconds, starts_and_stops_leave_nothing,
                  starts_killed_at_any_moment_leave_nothing])
