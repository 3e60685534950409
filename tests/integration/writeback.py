#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What was revoked stays revoked when the store forgets it: an older copy behind the same socket, an
empty restart, FLUSHALL, an older server's data by REPLICAOF there and back, a lost log; seen by one
node or by two. No token of an ended session is accepted at any time, the record is ended again
(or a tombstone), and the nodes do not go on writing."""
import contextlib
import hashlib
import http.client
import os
import shutil
import sys
import threading
import time

import harness
import history
import raw
from store_faults import FREE, Redis


class Store(Redis):
    """A server whose files can be put aside and brought back."""

    @property
    def data(self):
        return os.path.join(self.folder, "appendonlydir")

    def put_aside(self, name="older"):
        aside = os.path.join(self.folder, name)
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(self.data, aside)

    def replace(self, name=None):
        """Killed, and started again with what was put aside, or with nothing."""
        self.end()
        shutil.rmtree(self.data)
        if name:
            shutil.copytree(os.path.join(self.folder, name), self.data)
        self.start()

    def integer(self, *words):
        return int(self.command(*words)[1:].split(b"\r\n")[0])

    def text(self, *words):
        got = self.command(*words)
        return got.split(b"\r\n", 1)[1][:-2].decode() if got.startswith(b"$") and not got.startswith(b"$-1") else ""


def partition(user):
    return hashlib.sha256(b"brand-a\0" + user.encode()).hexdigest()[:2]


class Watch:
    """Presents dead tokens again and again, at every node; their history is the judge: all nodes knew
    the end before, so none may accept them at any time."""

    def __init__(self, nodes, dead):
        self.nodes, self.dead, self.stop, self.history = nodes, dead, False, history.History(0.0)
        self.history.end(dead["session_id"], lambda: (200, {"revoked": 1}))
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stop:
            for node in self.nodes:
                for path, body in asks(self.dead):
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        use = self.history.refresh if "refresh" in path else self.history.validate
                        use(self.dead["session_id"], lambda n=node, p=path, b=body: n.request("POST", p, b, "brand-a"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.thread.join(20)


def asks(s):
    return (("/sessions/validate", {"access_token": s["access_token"]}),
            ("/sessions/validate", {"session_token": s["session_token"]}),
            ("/sessions/refresh", {"refresh_token": s["refresh_token"]}))


def fresh(node):
    with contextlib.suppress(OSError, ConnectionError):
        return node.status()["freshness"]["fresh"] and node.serves()
    return False


def dead_everywhere(nodes, session):
    for node in nodes:
        for path, body in asks(session):
            answer = []
            node.wait(lambda: answer.append(node.request("POST", path, body, "brand-a")[::2]) or answer[-1][0] != 503,
                      20, why="an answer")
            assert answer[-1][0] == 401, (path, answer[-1])


def second(first, redis):
    node = harness.Node(workers=2, start=False, tenant_lines=FREE)
    os.chmod(node.base, 0o755)
    for name in ("keys", "tenants.d"):
        shutil.rmtree(node.path(name))
        shutil.copytree(first.path(name), node.path(name))
    shutil.copy(first.path("master.key"), node.path("master.key"))
    for root, _, names in os.walk(first.path()):
        for name in names:  # owners, too
            there = os.path.join(root.replace(first.path(), node.path().rstrip("/") + "/", 1), name)
            if os.path.exists(there) and name.endswith((".pem", ".key")):
                s = os.stat(os.path.join(root, name))
                os.chown(there, s.st_uid, s.st_gid)
                os.chmod(there, s.st_mode & 0o777)
    node.api_keys = dict(first.api_keys)
    node.write("sessiond.yaml", node.server_text + "memory: { remembered_ends: 1000 }\n"
               f"store: {{ mode: redis, url: \"unix:{redis.socket}\", timeout: 1s }}\n")
    return node.start()


def older_copy(redis):
    redis.replace("older")


def empty(redis):
    redis.replace()


def flushall(redis):
    redis.command("FLUSHALL")


def lost_log(redis):
    for p in range(256):
        redis.command("DEL", f"sd1:{{{p:02x}}}:log")


def replicaof(redis):
    """On live connections: the data of a server that knows only the older copy, then master again."""
    other = Store(os.path.join(redis.folder, "other"))
    shutil.rmtree(other.folder, ignore_errors=True)
    os.mkdir(other.folder)
    shutil.copytree(os.path.join(redis.folder, "older"), other.data)
    other.start()
    try:
        port = str(harness.free_port())
        other.command("CONFIG", "SET", "port", port)
        redis.command("REPLICAOF", "127.0.0.1", port)
        harness.wait_for(lambda: b"master_link_status:up" in redis.command("INFO", "replication"), 20, why="synchronised")
        redis.command("REPLICAOF", "NO", "ONE")
    finally:
        other.end()


def one(loss, nodes, redis):
    user = "user-" + loss.__name__ + str(len(nodes))
    key = "sd1:{%s}:" % partition(user)
    dead, kept = nodes[0].create(user, mode="both"), nodes[0].create(user, mode="both")
    for path, body in asks(dead)[:2]:
        assert nodes[-1].request("POST", path, body, "brand-a")[0] == 200
    redis.put_aside()
    status, _, body = nodes[0].request("POST", "/sessions/revoke", {"session_id": dead["session_id"]}, "brand-a")
    assert status == 200 and body["revoked"] == 1, body
    for node in nodes[1:]:
        node.wait(lambda: node.validate(dead["access_token"])[0] == 401, 5, why="propagated")
    written = [raw.metric(n.metrics(), "sessiond_writebacks_total") for n in nodes]
    gaps = [raw.metric(n.metrics(), "sessiond_gaps_repaired_total") for n in nodes]
    with Watch(nodes, dead) as watch:
        time.sleep(0.2)
        loss(redis)
        for i, node in enumerate(nodes):
            node.wait(lambda: raw.metric(node.metrics(), "sessiond_gaps_repaired_total") > gaps[i] and fresh(node), 30,
                      why="gap repaired")
        time.sleep(0.5)
    assert sum(watch.history.check().values()) > 20
    dead_everywhere(nodes, dead)
    assert redis.text("HGET", key + "s:brand-a:" + dead["session_id"], "status") == "ended"
    assert sum(raw.metric(n.metrics(), "sessiond_writebacks_total") for n in nodes) > sum(written)
    nodes[0].wait(lambda: any(int(a.get("detail", {}).get("written_back", 0)) >= 0 for a in nodes[0].audit()
                              if a["event"] == "store.back"), 5, why="audit")
    length = redis.integer("XLEN", key + "log")
    assert length >= 1

    def quiet():
        """A second without a script. What the workers refused is counted in the store a second later."""
        redis.command("CONFIG", "RESETSTAT")
        time.sleep(1.0)
        scripts, calls = redis.scripts()
        assert "xadd" not in calls and redis.integer("XLEN", key + "log") == length, ("the nodes go on writing", calls)
        return scripts == 0
    nodes[0].wait(quiet, 5, why="nothing more to say")
    if loss in (older_copy, replicaof, lost_log):
        for node in nodes:
            assert node.validate(kept["access_token"])[0] == 200
        status, _, body = nodes[0].request("POST", "/sessions/refresh", {"refresh_token": kept["refresh_token"]}, "brand-a")
        assert status == 200, body


def rules(nodes, redis):
    """A rule by time: the older copy does not know it."""
    s = nodes[0].create("ruled", mode="both")
    redis.put_aside()
    time.sleep(1.1)
    status, _, body = nodes[0].request("POST", "/sessions/revoke", {"before_at": int(time.time())}, "brand-a")
    assert status == 200, body
    for node in nodes:
        node.wait(lambda: node.validate(s["access_token"])[0] == 401, 5, why="the rule is known")
    gaps = [raw.metric(n.metrics(), "sessiond_gaps_repaired_total") for n in nodes]
    redis.replace("older")
    for i, node in enumerate(nodes):
        node.wait(lambda: raw.metric(node.metrics(), "sessiond_gaps_repaired_total") > gaps[i] and fresh(node), 30)
    record = "sd1:{%s}:T:brand-a" % partition("")
    assert int(redis.text("HGET", record, "before")) > 0
    assert redis.integer("XLEN", "sd1:{%s}:log" % partition("")) == 1
    for node in nodes:
        assert node.validate(s["access_token"])[0] == 401


def many(nodes, redis):
    """More than one batch, in the store again before anything counts; memory says how many it holds."""
    made = [nodes[0].create("crowd-%d" % (i % 300), mode="both") for i in range(1200)]
    for s in made:
        body = {"session_id": s["session_id"]}
        nodes[0].wait(lambda: nodes[0].request("POST", "/sessions/revoke", body, "brand-a")[0] == 200, 5, why="revoked")
    nodes[0].wait(lambda: raw.metric(nodes[0].metrics(), "sessiond_remembered_ends") >= 1200, 5, why="remembered")
    # the second one has room for a thousand, keeps as many, and says so
    nodes[1].wait(lambda: raw.metric(nodes[1].metrics(), "sessiond_remembered_ends_dropped_total") >= 200, 5)
    assert raw.metric(nodes[1].metrics(), "sessiond_remembered_ends") == 1000
    nodes[1].wait(lambda: "remembered_ends" in str(nodes[1].status()["health"]["freshness"]), 5, why="said")
    gaps = [raw.metric(n.metrics(), "sessiond_gaps_repaired_total") for n in nodes]
    written = sum(raw.metric(n.metrics(), "sessiond_writebacks_total") for n in nodes)
    redis.command("FLUSHALL")
    for i, node in enumerate(nodes):
        node.wait(lambda: raw.metric(node.metrics(), "sessiond_gaps_repaired_total") > gaps[i] and fresh(node), 30)
    # each node may find what the other wrote first: all of it together
    assert sum(raw.metric(n.metrics(), "sessiond_writebacks_total") for n in nodes) >= written + 1200

    def said():
        back = [[a for a in n.audit() if a["event"] == "store.back"] for n in nodes]
        return sum(int(a["detail"]["written_back"]) for b in back for a in b[-1:]) >= 1200
    nodes[0].wait(said, 5, why="the audit trail says how many")
    for s in made[::100]:
        dead_everywhere(nodes, s)


def main():
    node = harness.Node(workers=2, start=False, tenant_lines=FREE)
    redis = Store(node.base)
    nodes = [node]
    try:
        os.chmod(node.base, 0o755)  # the socket must be reachable for the master's user
        redis.start()
        node.write("sessiond.yaml", node.server_text + f"store: {{ mode: redis, url: \"unix:{redis.socket}\", timeout: 1s }}\n")
        node.start()
        for count in (1, 2):
            if count == 2:
                nodes.append(second(node, redis))
            for loss in (older_copy, empty, flushall, replicaof, lost_log):
                one(loss, nodes, redis)
                print("ok", loss.__name__, "nodes:", count, flush=True)
        for test in (many, rules):
            test(nodes, redis)
            print("ok", test.__name__, flush=True)
    except BaseException:
        for n in nodes:
            print(n.log_tail(), file=sys.stderr)
        raise
    finally:
        for n in nodes:
            n.close()
        if redis.proc and redis.proc.poll() is None:
            redis.end()


if __name__ == "__main__":
    sys.exit(main())
