#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signals to the first process: each means what configuration.md says, in any number and order."""
import http.client
import os
import random
import signal
import time

import harness


def term_drains_and_exits_0():
    with harness.Node() as node:
        before = node.pids()
        c = http.client.HTTPConnection("127.0.0.1", node.port, timeout=10)
        c.connect()
        c.sock.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")  # in flight: the header is not complete
        time.sleep(0.1)
        node.send(signal.SIGTERM)
        time.sleep(0.2)
        c.sock.sendall(b"\r\n")
        assert c.sock.recv(100).startswith(b"HTTP/1.1 "), "answered while draining"
        c.close()
        assert node.proc.wait(20) == 0
        assert not any(harness.process_alive(p) for p in before)
        assert not os.path.exists(node.path("state", "control.sock"))
        assert node.logs("stopped")


def int_is_like_term():
    with harness.Node() as node:
        node.send(signal.SIGINT)
        assert node.proc.wait(20) == 0


def usr1_reopens_the_audit_file():
    with harness.Node() as node:
        path = node.path("state", "audit.log")
        os.rename(path, path + ".1")
        node.send(signal.SIGUSR1)
        node.wait(lambda: os.path.exists(path), 5, why="a fresh audit file")
        old = node.kill("worker")
        node.wait(lambda: os.path.getsize(path) > 0, 5, why=f"records in it (of {old})")
        assert os.stat(path).st_mode & 0o777 == 0o600


def usr2_is_refused_politely():
    with harness.Node() as node:
        node.send(signal.SIGUSR2)
        node.wait(lambda: node.logs("upgrade-unsupported"), 5)
        assert node.serves()


def storm_of_signals_is_survived():
    with harness.Node() as node:
        before = {p for p, r in node.pids().items() if r in ("master", "worker", "auditor", "redis")}
        end = time.monotonic() + 5
        while time.monotonic() < end:
            node.send(random.choice((signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGPIPE)))
            time.sleep(0.005)
        node.wait(node.serves, 10, why="serving after the storm")
        assert before <= set(node.pids()), "nobody died of it"
        node.wait(lambda: not node.status()["reload"]["under_way"], 10)
        assert node.stop() == 0


def storm_of_ends_ends():
    with harness.Node() as node:
        for _ in range(50):
            if node.proc.poll() is not None:
                break
            node.send(random.choice((signal.SIGHUP, signal.SIGTERM, signal.SIGINT)))
        node.proc.wait(15)


harness.main([term_drains_and_exits_0, int_is_like_term, usr1_reopens_the_audit_file, usr2_is_refused_politely,
              storm_of_signals_is_survived, storm_of_ends_ends])
