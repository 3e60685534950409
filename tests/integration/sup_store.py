#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was acknowledged outlives the managed store, the master and the whole service."""
import contextlib
import http.client
import os
import signal
import threading
import time

import harness
import history


def refresh(node, token):
    return node.request("POST", "/sessions/refresh", {"refresh_token": token}, "brand-a")


def settled(node, token):
    """The answer once the workers' connections are made again: 503 until then, each by itself."""
    got = []
    node.wait(lambda: got.append(refresh(node, token)[0]) or got[-1] != 503, 10, why="an answer")
    return got[-1]


def sessions_and_ends_outlive(node, end):
    h, kept, ended = history.History(0.0), node.create("alice"), node.create("bob")
    body = {"session_id": ended["session_id"]}
    answer = h.end("ended", lambda: node.request("POST", "/sessions/revoke", body, "brand-a"))
    assert answer[0] == 200 and answer[2]["revoked"] == 1, answer
    assert h.validate("ended", lambda: node.validate(ended["access_token"]))[0] == 401, "its own revocation, at once"
    end()
    node.wait(lambda: node.serves() and node.status()["freshness"]["fresh"], 15, why="fresh again")
    answers = []
    node.wait(lambda: answers.append(h.validate("kept", lambda: node.validate(kept["access_token"]))) or answers[-1][0] == 200,
              10, why="valid")
    assert h.validate("ended", lambda: node.validate(ended["access_token"]))[0] == 401
    assert not [a for a in answers if a[0] not in (200, 503)], answers
    assert settled(node, kept["refresh_token"]) == 200
    assert h.refresh("ended", lambda: (settled(node, ended["refresh_token"]),))[0] == 401
    h.check()


def store_killed():
    with harness.Node() as node:
        sessions_and_ends_outlive(node, lambda: node.kill("redis"))


def store_killed_under_load():
    """Killed in the middle: each acknowledged session exists, each acknowledged end is an end."""
    with harness.Node(tenant_lines="limits: { create_per_second: 100000 }\n") as node:
        h, made, kept, ended = history.History(0.0), [], [], []

        def work():
            for i in range(100000):
                if made[-1:] == ["stop"]:
                    return
                with contextlib.suppress(OSError, http.client.HTTPException):
                    begun = h.clock()
                    status, _, s = node.request("POST", "/sessions", {"user_id": "user-%d" % i}, "brand-a")
                    if status != 201:
                        continue
                    h.create(s["session_id"], begun)
                    kept.append(s)
                    body = {"session_id": s["session_id"]}
                    if i % 2:  # not known to be kept while it is being ended
                        kept.pop()
                        if h.end(s["session_id"], lambda b=body: node.request("POST", "/sessions/revoke", b, "brand-a"))[0] == 200:
                            ended.append(s)
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        for kill in range(3):
            already = len(ended)
            node.wait(lambda: len(ended) > already + 40, 20, why="work goes on")
            node.kill("redis")
            node.wait(lambda: node.serves() and node.status()["freshness"]["fresh"], 15, why="fresh again")
        made.append("stop")
        thread.join(20)
        assert len(kept) > 100 and len(ended) > 100, (len(kept), len(ended))
        assert [settled(node, s["refresh_token"]) for s in kept].count(200) == len(kept)
        assert [settled(node, s["refresh_token"]) for s in ended].count(401) == len(ended)
        for s in ended + kept:
            node.wait(lambda x=s: h.validate(x["session_id"], lambda: node.validate(x["access_token"]))[0] != 503, 10, why="an answer")
        counts = h.check()
        assert counts["validate", False] == len(ended) and counts["validate", True] == len(kept), counts


def master_killed():
    with harness.Node() as node:
        def end():
            node.kill("master")
            node.wait_ready(lines=2)
        sessions_and_ends_outlive(node, end)


def all_killed():
    with harness.Node() as node:
        def end():
            node.send(signal.SIGKILL)
            node.proc.wait(5)
            node.start()
        sessions_and_ends_outlive(node, end)


def stopped_and_started():
    with harness.Node() as node:
        sessions_and_ends_outlive(node, lambda: (node.stop(), node.start()))


def half_a_command_at_the_end_of_its_file():
    """A store that was killed, or lost its power, while it wrote."""
    with harness.Node() as node:
        def end():
            assert node.stop() == 0
            folder = node.path("state", "redis", "appendonlydir")
            name, = [n for n in os.listdir(folder) if n.endswith(".incr.aof")]
            with open(os.path.join(folder, name), "ab") as f:
                f.write(b"*3\r\n$3\r\nSET\r\n$5\r\nha")
            node.start()
        sessions_and_ends_outlive(node, end)


def signer_killed_does_not_touch_validation():
    with harness.Node() as node:
        s = node.create()
        for _ in range(5):
            node.kill("signer")
            assert node.validate(s["access_token"])[0] == 200
            node.wait(lambda: node.request("POST", "/sessions", {"user_id": "x"}, "brand-a")[0] == 201, 15,
                      why="signing again")


def stopped_store_means_503_not_401():
    with harness.Node() as node:
        s = node.create()
        assert node.validate(s["access_token"])[0] == 200
        pid = node.kill("redis", signal.SIGSTOP)
        time.sleep(2.5)
        assert node.validate(s["access_token"])[0] == 503
        assert node.status()["health"]["freshness"]["status"] != "ok"
        node.kill("redis", signal.SIGCONT)
        node.wait(lambda: node.validate(s["access_token"])[0] == 200, 10, why="valid again")
        assert pid in node.pids("redis")
        events = [a["event"] for a in node.audit()]
        node.wait(lambda: "store.back" in [a["event"] for a in node.audit()], 5, why=str(events))


harness.main([store_killed, store_killed_under_load, master_killed, all_killed, stopped_and_started,
              half_a_command_at_the_end_of_its_file,
              signer_killed_does_not_touch_validation, stopped_store_means_503_not_401])
