#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""store.durability replica: a revocation is acknowledged when a replica has it. Replica there, stopped,
gone: acknowledged, 503 (and ended all the same, and repeatable), 503; what ends nothing never waits."""
import os
import shutil
import signal
import sys
import time

import harness
import history
from store_faults import FREE, Redis


JUDGE = history.History(0.0)  # 503: ended or not, nothing is promised; 200: ended


def revoke(node, session, want):
    begun, sid = time.monotonic(), session["session_id"]
    status, headers, body = JUDGE.end(sid, lambda: node.request("POST", "/sessions/revoke", {"session_id": sid}, "brand-a"))
    assert status == want, (status, body)
    if want == 503:
        assert body["code"] == "store-unavailable" and headers["Retry-After"], body
    return time.monotonic() - begun


def acknowledged(node, redis, replica):
    s = node.create("alice")
    revoke(node, s, 200)
    assert JUDGE.validate(s["session_id"], lambda: node.validate(s["access_token"]))[0] == 401
    assert b":1\r\n" == redis.command("WAIT", "1", "1000")
    key = [k for k in keys(replica) if s["session_id"] in k]
    assert replica.command("HGET", key[0], "status").endswith(b"ended\r\n"), key
    evicted = node.create("erin")  # the limit's eviction, reuse, a user's sessions
    for _ in range(5):
        last = node.create("erin")
    assert node.validate(evicted["access_token"])[0] == 401
    status, _, new = node.request("POST", "/sessions/refresh", {"refresh_token": last["refresh_token"]}, "brand-a")
    assert status == 200, new
    status, _, body = node.request("POST", "/sessions/revoke", {"user_id": "erin"}, "brand-a")
    assert status == 200 and body["revoked"] == 5, body


def keys(server):
    return [w for w in server.command("KEYS", "sd1:*:s:*").decode().split("\r\n") if w.startswith("sd1:")]


def trouble(node, replica, stop, again):
    """No acknowledgement, but the end is done and a repeat gets it; the rest goes on at full speed."""
    s, kept = node.create("bob"), node.create("carol")
    many = [node.create("user-%d" % i) for i in range(10)]
    full = [node.create("full") for i in range(5)]
    stop()
    revoke(node, s, 503)
    node.wait(lambda: node.validate(s["access_token"])[0] == 401, 5, why="ended all the same")
    assert node.request("POST", "/sessions/refresh", {"refresh_token": s["refresh_token"]}, "brand-a")[0] == 401
    begun = time.monotonic()
    for other in many:
        revoke(node, other, 503)
    assert time.monotonic() - begun < 10 * 0.5, "each waited for the whole time-out"
    begun = time.monotonic()
    node.create("dave")
    status, _, kept = node.request("POST", "/sessions/refresh", {"refresh_token": kept["refresh_token"]}, "brand-a")
    assert status == 200 and node.validate(kept["access_token"])[0] == 200, kept
    assert time.monotonic() - begun < 1.0
    assert node.request("POST", "/sessions", {"user_id": "full"}, "brand-a")[0] == 503  # it evicts
    revoke(node, s, 503)  # a repeat is no acknowledgement either
    ends = sum(a["event"] == "session.ended" and a.get("session_id", a.get("session")) == s["session_id"]
               for a in node.audit())
    assert ends <= 1, ends
    again()
    for x in [s] + many:
        node.wait(lambda: JUDGE.end(x["session_id"], lambda: node.request(
            "POST", "/sessions/revoke", {"session_id": x["session_id"]}, "brand-a"))[0] == 200, 20, why="acknowledged")
        JUDGE.validate(x["session_id"], lambda: node.validate(x["access_token"]))
        JUDGE.refresh(x["session_id"], lambda: node.request("POST", "/sessions/refresh", {"refresh_token": x["refresh_token"]}, "brand-a"))
    counts = JUDGE.check()
    assert counts["validate", False] > len(many) and not counts["validate", True], counts
    assert node.validate(full[1]["access_token"])[0] in (200, 401)


def main():
    node = harness.Node(workers=1, start=False, tenant_lines=FREE)
    redis, replica = Redis(node.base), Redis(os.path.join(node.base, "replica"))
    port = str(harness.free_port())

    def follow():
        os.makedirs(replica.folder, exist_ok=True)
        replica.start()
        replica.command("REPLICAOF", "127.0.0.1", port)
        harness.wait_for(lambda: b"master_link_status:up" in replica.command("INFO", "replication"), 30, why="synchronised")
        harness.wait_for(lambda: redis.command("WAIT", "1", "1000") == b":1\r\n", 30, why="replicated")

    def gone():
        replica.end()
        shutil.rmtree(replica.folder)
        harness.wait_for(lambda: b"connected_slaves:0" in redis.command("INFO", "replication"), 20, why="gone")

    try:
        os.chmod(node.base, 0o755)
        redis.start()
        redis.command("CONFIG", "SET", "port", port)
        redis.command("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        follow()
        node.write("sessiond.yaml", node.server_text +
                   f"store: {{ mode: redis, url: \"unix:{redis.socket}\", durability: replica, timeout: 500ms }}\n")
        node.start()
        # A replica that has just followed acknowledges for the first time up to a second later.
        harness.wait_for(lambda: b"state=online,offset=0," not in redis.command("INFO", "replication"), 20,
                         why="the replica's first acknowledgement")
        acknowledged(node, redis, replica)
        print("ok acknowledged", flush=True)
        trouble(node, replica, lambda: replica.proc.send_signal(signal.SIGSTOP),
                lambda: replica.proc.send_signal(signal.SIGCONT))
        print("ok stopped", flush=True)
        trouble(node, replica, gone, follow)
        print("ok gone", flush=True)
        gone()
        node.write("sessiond.yaml", node.server_text +
                   f"store: {{ mode: redis, url: \"unix:{redis.socket}\", timeout: 500ms }}\n")
        failed, text = node.reload()
        assert not failed, text
        s = node.create("zoe")
        node.wait(lambda: node.request("POST", "/sessions/revoke", {"session_id": s["session_id"]}, "brand-a")[0] == 200, 5)
        print("ok reloaded to local", flush=True)
    except BaseException:
        print(node.log_tail(), file=sys.stderr)
        raise
    finally:
        node.close()
        for server in (redis, replica):
            if server.proc and server.proc.poll() is None:
                server.end()


if __name__ == "__main__":
    sys.exit(main())
