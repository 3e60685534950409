#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A worker killed with -9 every 500 ms under load: at most the requests that this worker had in
flight fail, no connection is refused, nothing is answered 5xx or stale. SESSIOND_SECONDS (10)."""
import multiprocessing
import os
import random
import signal
import sys
import time

import harness
import history
import raw

SECONDS = float(os.environ.get("SESSIOND_SECONDS", "10"))
CLIENTS = 8
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"


def client(args):
    """-> (requests, broken, refused, wrong[], what a history records[])"""
    port, key, who, until = args
    done, broken, refused, wrong, ops, i = 0, 0, 0, [], [], 0
    while time.monotonic() < until:
        i += 1
        steps = [("/sessions", {"user_id": f"u{who}-{i}"}, 201)]
        made = None
        for step in range(4):
            if step == 1 or step == 3:
                path, body, want = "/sessions/validate", {"access_token": made["access_token"]}, 200 if step == 1 else 401
            elif step == 2:
                path, body, want = "/sessions/revoke", {"session_id": made["session_id"]}, 200
            else:
                path, body, want = steps[0]
            status, begun = 0, time.monotonic()
            try:
                status, text = raw.call(port, key, path, body)
            except ConnectionRefusedError:
                refused += 1
                break
            except OSError:
                broken += 1
                break
            finally:
                ops.append((("create", "validate", "end", "validate")[step], f"{who}-{i}", begun, time.monotonic(),
                            True if 200 <= status < 300 else False if status == 401 else None))
            done += 1
            if status != want:
                wrong.append((path, status, text))
                break
            made = made or text
    return done, broken, refused, wrong, ops


def main():
    with harness.Node(workers=2, tenant_lines=FREE) as node:
        until = time.monotonic() + SECONDS
        jobs = [(node.port, node.api_keys["brand-a"], w, until) for w in range(CLIENTS)]
        kills = 0
        with multiprocessing.Pool(CLIENTS) as pool:
            result = pool.map_async(client, jobs)
            while time.monotonic() < until - 0.5:
                victims = sorted(node.pids("worker"))
                if victims:
                    os.kill(random.choice(victims), signal.SIGKILL)
                    kills += 1
                result.wait(0.5)
            rows = result.get(60)
        done, broken, refused = (sum(r[i] for r in rows) for i in range(3))
        wrong = sum((r[3] for r in rows), [])
        h = history.History(0.0)
        for op in sum((r[4] for r in rows), []):
            h.record(*op)
        print("history:", history.figures(h.check()))
        print(f"{kills} kills, {done} requests, {broken} broken, {refused} refused, {len(wrong)} wrong")
        assert kills >= SECONDS, "the load ended early"
        assert refused == 0
        assert not wrong, wrong[:5]
        # A client has one request open at a time: a kill can break one of each at the most.
        assert broken <= kills * CLIENTS and broken <= 0.05 * done + kills
        node.wait(lambda: len(node.children("worker")) == 2, 15, "both workers back")
        assert node.serves()


if __name__ == "__main__":
    sys.exit(main())
