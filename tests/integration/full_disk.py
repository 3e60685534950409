#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk is full: under the audit trail, the managed store, the folders of keys and state. Small file
systems of our own, in a mount namespace that nobody else sees. Changes are refused while there is no room
(nothing is acknowledged that is not recorded), and go on by themselves when there is some."""
import contextlib
import ctypes
import os
import subprocess
import sys
import time

import harness

T = "brand-a"
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 1 << 18


def own_mounts():
    if os.geteuid() != 0:
        harness.skip("mounting needs root")
    if LIBC.unshare(CLONE_NEWNS) != 0 or LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        harness.skip("no mount namespace of our own here")


@contextlib.contextmanager
def small(path, size, role=None):
    os.makedirs(path, exist_ok=True)
    uid = harness.UIDS[role] if role else 0
    if LIBC.mount(b"tmpfs", path.encode(), b"tmpfs", 0, f"size={size},mode=0755,uid={uid},gid={uid}".encode()) != 0:
        harness.skip("no tmpfs can be mounted here")
    try:
        yield path
    finally:
        LIBC.umount2(path.encode(), 2)


def fill(path, leave=0):
    """A file that leaves this much room."""
    name = os.path.join(path, "filler")
    with open(name, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass
        if leave:
            f.truncate(max(0, f.tell() - leave))
    return name


def create(node, user):
    status, _, body = node.request("POST", "/sessions", {"user_id": user}, T)
    return status, body


def audit_trail():
    with harness.Node(tenant_lines=FREE, start=False) as node, \
            small(node.path("trail"), "128k", "master") as trail:
        node.write("sessiond.yaml", node.server_text.replace("state/audit.log", "trail/audit.log"))
        node.start()
        made = node.create("before")
        filler = fill(trail, 8192)
        good, refused = [made["session_id"]], None
        for i in range(400):
            status, body = create(node, f"u{i}")
            if status == 201:
                good.append(body["session_id"])
                continue
            refused = status, body["code"]
            break
        assert refused == (503, "audit-unavailable"), refused
        began = time.monotonic()
        assert create(node, "again")[0] == 503 and time.monotonic() - began < 2
        assert node.validate(made["access_token"])[0] == 200, "validation needs no record"
        node.wait(lambda: node.status()["health"]["auditor"]["status"] != "ok", 5, why="said in /health")
        os.unlink(filler)
        node.wait(lambda: create(node, "after")[0] == 201, 10, why="creating again by itself")
        node.wait(lambda: node.status()["health"]["auditor"]["status"] == "ok", 10, why="healthy again")
        with open(os.path.join(trail, "audit.log"), encoding="utf-8") as f:
            text = f.read()
        assert text.endswith("\n") and text.count('"session.created"') >= len(good)
        for sid in good:
            assert sid in text, f"{sid} was acknowledged and is not recorded"
        print(f"  {len(good)} created before the trail was full")
        assert node.stop() == 0


def managed_store():
    with harness.Node(tenant_lines=FREE, start=False) as node, \
            small(node.path("state"), "3m", "master") as state:
        node.start()
        made = [node.create(f"u{i}") for i in range(5)]
        node.validate(made[0]["access_token"])
        filler = fill(state)
        statuses, began = [], time.monotonic()
        while time.monotonic() - began < 4:
            statuses.append(create(node, f"v{len(statuses)}")[0])
            seen = node.validate(made[0]["access_token"])[0]
            assert seen in (200, 503), seen
        assert set(statuses) <= {201, 503} and statuses[-1] == 503, set(statuses)
        os.unlink(filler)
        node.wait(lambda: create(node, "after")[0] == 201, 20, why="the store takes writes again")
        for m in made:
            node.wait(lambda m=m: node.validate(m["access_token"])[0] != 503, 10, why="an answer")
            assert node.validate(m["access_token"])[0] == 200, "what was acknowledged is still there"
        got = []
        node.wait(lambda: got.append(node.request("POST", "/sessions/refresh", {"refresh_token": made[1]["refresh_token"]},
                                                  T)[0]) or got[-1] != 503, 10, why="the other worker's connection")
        assert got[-1] == 200, got
        assert node.stop() == 0


def state_folder():
    with harness.Node(start=False) as node, small(node.path("state"), "64k", "master") as state:
        filler = fill(state)
        node.start(wait=False)
        code = node.proc.wait(30)
        assert code in (71, 78), (code, node.log_tail())
        assert "No space left" in node.log_tail() or "state" in node.log_tail(), node.log_tail()
        os.unlink(filler)


def key_folder():
    tool = os.path.join(harness.BUILD, "sessionctl")
    with harness.Node(start=False) as node, small(node.path("keys", T), "16k", "signer") as keys:
        filler = fill(keys)
        p = subprocess.run([tool, "-c", node.config, "keys", "new", T], capture_output=True, text=True, timeout=60,
                           check=False)
        assert p.returncode == 1, p
        assert os.listdir(keys) == ["filler"], "no half of a key: " + str(os.listdir(keys))
        os.unlink(filler)
        p = subprocess.run([tool, "-c", node.config, "keys", "new", T], capture_output=True, text=True, timeout=60,
                           check=False)
        assert p.returncode == 0 and len(os.listdir(keys)) == 2, p


if __name__ == "__main__":
    own_mounts()
    sys.exit(harness.main([audit_trail, managed_store, state_folder, key_folder]))
