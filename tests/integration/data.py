#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Session data: sealed at rest, conditional writes, merge patches, locks, what a user's sessions share,
destroyed keys, another master secret; two nodes that write at once and lose nothing."""
import hashlib
import json
import os
import shutil
import socket
import threading

import harness
import nodes
import store_faults

ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "60"))
A, B = "brand-a", "brand-b"
NEEDLE = "plain-text-that-must-not-be-found"
MERGE = {"Content-Type": "application/merge-patch+json"}


class Api:
    def __init__(self, node):
        self.node = node

    def call(self, method, path, body=None, tenant=A, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.node.request(method, path, body, tenant=tenant, headers=headers)

    def ok(self, want, method, path, body=None, tenant=A, **headers):
        status, fields, text = self.call(method, path, body, tenant, **headers)
        assert status == want, (method, path, body, status, text)
        return text, fields.get("ETag")

    def bad(self, want, code, method, path, body=None, tenant=A, pointer=None, **headers):
        status, _, text = self.call(method, path, body, tenant, **headers)
        assert status == want and text["code"] == code, (method, path, body, status, text)
        assert pointer is None or text["errors"][0]["pointer"] == pointer, text

    def create(self, user="alice", tenant=A, **more):
        return self.ok(201, "POST", "/sessions", {"user_id": user, **more}, tenant)[0]

    def audited(self, want, event, **match):
        """These details, in any order: two workers' records."""
        def details():
            rows = [r["detail"] for r in self.node.audit()
                    if r["event"] == event and all(r[k] == v for k, v in match.items())]
            return sorted(next((k, v) for k, v in d.items() if k not in ("src", "id")) for d in rows)
        harness.wait_for(lambda: details() == sorted(want), 10, why="audited: %s, not %s" % (want, details()))

    def data(self, sid):
        return self.ok(200, "GET", "/sessions/" + sid)[0]["data"]


class Store(store_faults.Redis):
    """A Redis that the test asks too; words may be bytes."""

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.end()

    def call(self, *words):
        """A number, a bulk reply's bytes, None, or a line."""
        words = [w if isinstance(w, bytes) else w.encode() for w in words]
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.socket)
            s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            f = s.makefile("rb")
            line = f.readline().rstrip(b"\r\n")
            if line[:1] == b"$":
                return f.read(int(line[1:])) if line != b"$-1" else None
            return int(line[1:]) if line[:1] == b":" else line

    def on_disk(self):
        """All that this server has written there."""
        self.call("CONFIG", "SET", "rdbcompression", "no")
        assert self.call("SAVE") == b"+OK"
        out = b""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if name.endswith((".rdb", ".aof")):
                    with open(os.path.join(folder, name), "rb") as f:
                        out += f.read()
        return out


def user_hash(user, tenant=A):
    return hashlib.sha256(tenant.encode() + b"\0" + user.encode()).hexdigest()


def key_name(kind, user, tenant=A):
    h = user_hash(user, tenant)
    return f"sd1:{{{h[:2]}}}:{kind}:{tenant}:{h[:32]}"


def kept_and_sealed(t, redis):
    data = {"cart": [1, 2.50, {"x": None}], "text": NEEDLE, "é": "\u0000\n"}
    made = t.create(data=data)
    path = "/sessions/" + made["session_id"]
    assert t.data(made["session_id"]) == data
    assert t.data(t.create()["session_id"]) == {}
    second = t.create(data={"other": NEEDLE})  # the user has a key by now
    assert t.data(second["session_id"]) == {"other": NEEDLE}
    t.ok(200, "POST", path + "/refresh", {"refresh_token": made["refresh_token"]})
    assert t.data(made["session_id"]) == data
    t.ok(200, "PUT", "/users/alice/data", {"data": {"shared": NEEDLE}})
    listed = t.ok(200, "GET", "/sessions/user/alice")[0]["items"]
    assert len(listed) == 3 and not any("data" in s for s in listed)
    stored = redis.on_disk()
    assert made["session_id"].encode() in stored and NEEDLE.encode() not in stored
    for name in ("cart", "shared", "other"):
        assert name.encode() not in stored, name
    t.ok(204, "DELETE", path)
    assert t.data(made["session_id"]) == data  # until retention
    # What belongs to one session cannot be passed off as another's.
    one, two = t.create("mallory", data={"is": 1}), t.create("mallory", data={"is": 2})
    keys = [f"sd1:{{{user_hash('mallory')[:2]}}}:s:{A}:{s['session_id']}" for s in (one, two)]
    redis.call("HSET", keys[1], "data", redis.call("HGET", keys[0], "data"))
    assert "data" not in t.ok(200, "GET", "/sessions/" + two["session_id"])[0]
    t.bad(503, "store-unavailable", "PATCH", "/sessions/" + two["session_id"], {"data": {"is": 3}})
    t.ok(200, "PUT", "/sessions/" + two["session_id"], {"data": {"is": 3}})
    assert t.data(two["session_id"]) == {"is": 3} and t.data(one["session_id"]) == {"is": 1}


def bodies(t):
    made = t.create(data={"a": 1})
    path = "/sessions/" + made["session_id"]
    for body in ({"user_id": "x", "data": []}, {"user_id": "x", "data": "text"}, {"user_id": "x", "data": None}):
        t.bad(400, "field-invalid", "POST", "/sessions", body, pointer="/data")
    big = {"data": {"text": "x" * (16384 - len('{"text":""}'))}}
    t.ok(200, "PUT", path, big)
    t.ok(200, "PUT", path, json.dumps(big, indent=400), Content_Type="application/json")  # white space does not count
    big["data"]["text"] += "x"
    t.bad(413, "data-too-large", "PUT", path, big, pointer="/data")
    t.bad(413, "data-too-large", "POST", "/sessions", {"user_id": "x", **big}, pointer="/data")
    t.bad(413, "data-too-large", "PATCH", path, {"data": {"one": "more"}}, pointer="/data")
    t.bad(413, "data-too-large", "PUT", "/users/x/data", big, pointer="/data")
    t.ok(200, "PUT", path, {"data": {"a%d" % i: 0 for i in range(600)}})
    t.bad(413, "data-too-large", "PATCH", path, {"data": {"b%d" % i: 0 for i in range(600)}}, pointer="/data")
    assert len(t.ok(200, "PATCH", path, {"data": {"one": "more"}})[0]["data"]) == 601
    full = {"data": {"a": [[]] * 4094}}  # as many values as there may be
    t.ok(200, "PUT", path, full)
    assert len(t.ok(200, "PATCH", path, full)[0]["data"]["a"]) == 4094
    t.bad(413, "data-too-large", "PATCH", path, {"data": {"one": "more"}}, pointer="/data")
    full["data"]["a"].append(1)
    for method, where in (("PUT", path), ("PATCH", path), ("PUT", "/users/x/data")):
        t.bad(413, "data-too-large", method, where, full, pointer="/data")
    t.bad(413, "data-too-large", "POST", "/sessions", {"user_id": "x", **full}, pointer="/data")
    t.ok(200, "PATCH", path, {"data": {"a": None}})
    for method in ("PUT", "PATCH"):
        t.bad(400, "field-missing", method, path, {}, pointer="/data")
        t.bad(400, "unknown-field", method, path, {"data": {}, "dat": 1}, pointer="/dat")
        t.bad(400, "field-invalid", method, path, {"data": [1]}, pointer="/data")
        t.bad(400, "json-malformed", method, path, b'{"data":{"a":1,"a":2}}', Content_Type="application/json")
        t.bad(415, "media-type", method, path, b"{}", Content_Type="text/plain")
        t.bad(404, "session-unknown", method, "/sessions/" + "A" * 22, {"data": {}})
        t.bad(404, "session-unknown", method, "/sessions/nonsense", {"data": {}})
        t.bad(404, "session-unknown", method, "/sessions/" + t.create(tenant=B)["session_id"], {"data": {}})
        t.bad(400, "header-invalid", method, path, {"data": {}}, If_Match="7")
        t.bad(400, "header-invalid", method, path, {"data": {}}, X_Lock_Token="x" * 200)
    t.bad(400, "field-invalid", "PUT", path, {"data": None}, pointer="/data")
    t.bad(415, "media-type", "PUT", path, b'{"data":{}}', **MERGE)


def updates(t):
    made = t.create(data={"a": 1, "b": {"c": [1], "d": 2}})
    path = "/sessions/" + made["session_id"]
    shown, etag = t.ok(200, "GET", path)
    text, second = t.ok(200, "PUT", path, {"data": {"a": 2, "b": {"c": [1], "d": 2}}}, If_Match=etag)
    assert {**shown, "data": 0} == {**text, "data": 0} and text["data"]["a"] == 2 and second != etag
    assert t.ok(200, "GET", path)[1] == second
    t.bad(412, "etag-mismatch", "PUT", path, {"data": {}}, If_Match=etag)
    t.bad(412, "etag-mismatch", "PATCH", path, {"data": {}}, If_Match=etag)
    t.bad(412, "etag-mismatch", "PUT", path, {"data": {}}, If_Match="W/" + second)  # weak never matches
    t.bad(412, "etag-mismatch", "PUT", path, {"data": {}}, If_None_Match="*")
    text, third = t.ok(200, "PATCH", path, b'{"data":{"a":null,"b":{"d":3,"e":{"f":null}},"g":[null]}}',
                       If_Match=f'"x", {second}', **MERGE)
    assert text["data"] == {"b": {"c": [1], "d": 3, "e": {}}, "g": [None]}, text
    assert t.ok(200, "PATCH", path, {"data": {}}, If_Match="*")[0]["data"] == text["data"]
    assert t.ok(200, "PATCH", path, {"data": None})[0]["data"] == {} == t.data(made["session_id"])
    t.ok(200, "PUT", path, {"data": {"last": True}})  # no condition: the last one wins
    bare = t.create()
    _, etag = t.ok(200, "GET", "/sessions/" + bare["session_id"])
    t.ok(200, "PATCH", "/sessions/" + bare["session_id"], {"data": {"n": 1}}, If_Match=etag)
    assert t.data(bare["session_id"]) == {"n": 1}
    t.ok(204, "DELETE", path)
    for method in ("PUT", "PATCH"):
        t.bad(409, "session-ended", method, path, {"data": {}})
    assert t.data(made["session_id"]) == {"last": True}
    t.audited([("version", str(i)) for i in range(2, 7)], "session.updated", session_id=made["session_id"])
    assert NEEDLE not in json.dumps(t.node.audit())


def demanded(t):
    """sessions.require_if_match, which tenant B has."""
    made = t.create(tenant=B, data={"a": 1})
    path = "/sessions/" + made["session_id"]
    for method in ("PUT", "PATCH"):
        t.bad(428, "precondition-required", method, path, {"data": {}}, tenant=B)
    _, etag = t.ok(200, "GET", path, tenant=B)
    t.ok(200, "PATCH", path, {"data": {"b": 2}}, tenant=B, If_Match=etag)
    t.ok(200, "PUT", path, {"data": {"b": 2}}, tenant=B, If_Match="*")
    t.bad(428, "precondition-required", "PUT", "/users/new/data", {"data": {}}, tenant=B)
    t.bad(412, "etag-mismatch", "PUT", "/users/new/data", {"data": {}}, tenant=B, If_Match="*")
    t.ok(200, "PUT", "/users/new/data", {"data": {"x": 1}}, tenant=B, If_None_Match="*")
    t.bad(412, "etag-mismatch", "PUT", "/users/new/data", {"data": {}}, tenant=B, If_None_Match="*")


def locks(t):
    made = t.create("lock", data={"n": 0})
    path = "/sessions/" + made["session_id"]
    for ttl in (0, 301, -1):
        t.bad(400, "field-invalid", "POST", path + "/lock", {"ttl_in": ttl}, pointer="/ttl_in")
    t.bad(400, "field-missing", "POST", path + "/lock", {})
    t.bad(404, "session-unknown", "POST", "/sessions/" + "A" * 22 + "/lock", {"ttl_in": 5})
    lock = t.ok(201, "POST", path + "/lock", {"ttl_in": 300})[0]
    assert lock.keys() == {"lock_token", "fence", "expires_at"} and lock["fence"] < 2**53
    for method in ("PUT", "PATCH"):
        t.bad(423, "session-locked", method, path, {"data": {}})
        t.bad(423, "session-locked", method, path, {"data": {}}, X_Lock_Token="sdl_" + "A" * 43)
        t.ok(200, method, path, {"data": {"by": method}}, X_Lock_Token=lock["lock_token"])
    t.bad(423, "session-locked", "POST", path + "/lock", {"ttl_in": 5})
    t.bad(423, "session-locked", "DELETE", path + "/lock")
    t.bad(423, "session-locked", "DELETE", path + "/lock", X_Lock_Token="wrong")
    again = t.ok(201, "POST", path + "/lock", {"ttl_in": 1}, X_Lock_Token=lock["lock_token"])[0]  # renewed, and shortened
    assert again["fence"] == lock["fence"] and again["lock_token"] == lock["lock_token"]
    taken = harness.wait_for(lambda: t.call("POST", path + "/lock", {"ttl_in": 300})[2].get("fence"), 10, why="run out")
    assert taken > lock["fence"]
    t.bad(423, "session-locked", "PUT", path, {"data": {}}, X_Lock_Token=lock["lock_token"])
    t.ok(204, "DELETE", path)
    t.bad(409, "session-ended", "POST", path + "/lock", {"ttl_in": 5})
    other = "/sessions/" + t.create("lock")["session_id"]
    first = t.ok(201, "POST", other + "/lock", {"ttl_in": 60})[0]
    t.ok(204, "DELETE", other + "/lock", X_Lock_Token=first["lock_token"])
    t.ok(204, "DELETE", other + "/lock", X_Lock_Token=first["lock_token"])
    t.ok(200, "PUT", other, {"data": {"free": 1}})
    second = t.ok(201, "POST", other + "/lock", {"ttl_in": 60})[0]
    assert second["fence"] > first["fence"] and second["lock_token"] != first["lock_token"]
    t.audited([("fence", str(f)) for f in (lock["fence"], lock["fence"], taken, first["fence"], second["fence"])],
              "lock.taken", user_id="lock")
    t.audited([("lock", "released"), ("version", "2")], "session.updated", session_id=other.rpartition("/")[2])
    assert second["lock_token"] not in json.dumps(t.node.audit())


def shared(t):
    t.bad(404, "user-unknown", "GET", "/users/nobody/data")
    t.bad(404, "user-unknown", "GET", "/users/" + "x" * 300 + "/data")
    one, two = t.create("ann%2Fb".replace("%2F", "/")), t.create("ann/b")
    path = "/users/ann%2Fb/data"
    text, etag = t.ok(200, "GET", path)
    assert text == {"user_id": "ann/b", "tenant_id": A, "data": {}}, text
    text, second = t.ok(200, "PUT", path, {"data": {"theme": "dark"}}, If_Match=etag)
    assert text["data"] == {"theme": "dark"} and text["updated_at"] > 0
    shown, etag = t.ok(200, "GET", path)
    assert shown == text and etag == second
    status, fields, _ = t.call("GET", path, If_None_Match=etag)
    assert status == 304 and fields["ETag"] == etag and fields["Cache-Control"] == "no-store"
    assert t.call("GET", path, If_None_Match='"0"')[0] == 200
    t.bad(412, "etag-mismatch", "PUT", path, {"data": {}}, If_Match='"0"')
    t.bad(400, "field-missing", "PUT", path, {})
    for s in (one, two):
        t.ok(204, "DELETE", "/sessions/" + s["session_id"])
    assert t.ok(200, "GET", path)[0] == shown  # outlives the sessions
    t.bad(404, "user-unknown", "GET", path, tenant=B)
    t.ok(200, "PUT", "/users/first/data", {"data": {"before": "any session"}})
    assert t.data(t.create("first", data={"x": 1})["session_id"]) == {"x": 1}
    t.audited([("user_data_version", "1")], "session.updated", user_id="ann/b")


def shredded(t, redis):
    """The key is destroyed: what any copy holds is lost; reads go on without it; a new key opens nothing old."""
    made = t.create("gone", data={"old": NEEDLE})
    path = "/sessions/" + made["session_id"]
    t.ok(200, "PUT", "/users/gone/data", {"data": {"old": 1}})
    assert redis.call("HDEL", key_name("k", "gone"), "key") == 1
    text, etag = t.ok(200, "GET", path)
    assert "data" not in text and etag
    assert "data" not in t.ok(200, "GET", "/users/gone/data")[0]
    fresh = t.create("gone", data={"new": 1})
    assert "data" not in t.ok(200, "GET", path)[0] and t.data(fresh["session_id"]) == {"new": 1}
    assert t.ok(200, "PATCH", path, {"data": {"again": 1}})[0]["data"] == {"again": 1}
    t.ok(200, "PUT", "/users/gone/data", {"data": {"new": 2}})
    # A key nobody here can open is nobody's to replace.
    wrapped = redis.call("HGET", key_name("k", "gone"), "key")
    redis.call("HSET", key_name("k", "gone"), "key", wrapped[:9] + bytes(8) + wrapped[17:])
    assert "data" not in t.ok(200, "GET", path)[0]
    for method, where in (("PUT", path), ("PATCH", path), ("PUT", "/users/gone/data")):
        t.bad(503, "store-unavailable", method, where, {"data": {}})
    t.bad(503, "store-unavailable", "POST", "/sessions", {"user_id": "gone", "data": {"a": 1}})
    redis.call("HSET", key_name("k", "gone"), "key", wrapped)
    assert t.data(made["session_id"]) == {"again": 1}


def single():
    """All that one node can show, against a Redis that the test can look into."""
    a = harness.Node(workers=2, tenants=(A, B), start=False, tenant_lines=store_faults.FREE)
    a.write(f"tenants.d/{B}.yaml", a.tenant_text(B, lines=store_faults.FREE + "sessions: { require_if_match: true }\n"))
    redis = Store(a.base)
    os.chmod(a.base, 0o755)
    a.write("sessiond.yaml", a.server_text + f"store: {{ mode: redis, url: \"unix:{redis.socket}\" }}\n")
    with redis, a:
        a.start()
        t = Api(a)
        for part in (kept_and_sealed, bodies, updates, demanded, locks, shared, shredded):
            part(t, redis) if part in (kept_and_sealed, shredded) else part(t)
            print("   ", part.__name__)
        assert not [r for r in a.logs() if r["level"] in ("error", "crit")], a.log_tail()


def another_master_secret():
    """Sealed under the secret before: readable as long as that is named; wrapped anew at the next write."""
    with harness.Node(workers=1) as node:
        t = Api(node)
        made, other = t.create(data={"a": 1}), t.create("bob", data={"b": 1})
        path = "/sessions/" + made["session_id"]
        assert node.stop() == 0
        shutil.move(node.path("master.key"), node.path("old.key"))
        harness.Keys.secret(node.path("master.key"))
        node._own(node.path("master.key"), "signer")  # pylint: disable=protected-access
        with open(node.config, encoding="ascii") as f:
            text = f.read()
        node.write("sessiond.yaml", text + "secrets: { previous_key_files: [old.key] }\n")
        node.start()
        assert t.data(made["session_id"]) == {"a": 1}
        t.ok(200, "PATCH", path, {"data": {"c": 2}})
        assert node.stop() == 0
        node.write("sessiond.yaml", text)  # the old secret is withdrawn
        node.start()
        assert t.data(made["session_id"]) == {"a": 1, "c": 2}
        assert "data" not in t.ok(200, "GET", "/sessions/" + other["session_id"])[0]
        assert node.logs("data-unreadable")


class Writer(threading.Thread):
    """Adds to a counter with If-Match, again after each 412."""

    def __init__(self, node, path, lock=False, rounds=ROUNDS):
        super().__init__(daemon=True)
        self.node, self.path, self.lock, self.rounds = node, path, lock, rounds
        self.done, self.missed, self.fault, self.fences = 0, 0, None, []

    def run(self):
        try:
            c = nodes.Client(self.node)
            while self.done < self.rounds:
                self.locked(c) if self.lock else self.once(c)
        except Exception as e:  # pylint: disable=broad-except
            self.fault = e

    def ask(self, c, method, path, body=None, **more):
        c.c.request(method, path, json.dumps(body) if body is not None else None, {**c.headers, **more})
        r = c.c.getresponse()
        text = r.read()
        return r.status, r.headers.get("ETag"), json.loads(text) if text else None

    def once(self, c):
        status, etag, text = self.ask(c, "GET", self.path)
        assert status == 200, text
        status, _, text = self.ask(c, "PUT", self.path, {"data": {"n": text["data"].get("n", 0) + 1}}, **{"If-Match": etag})
        assert status in (200, 412), text
        self.done += status == 200
        self.missed += status == 412

    def locked(self, c):
        """Without any condition: the lock alone keeps the others out."""
        status, _, lock = self.ask(c, "POST", self.path + "/lock", {"ttl_in": 30})
        assert status in (201, 423), lock
        if status == 423:
            self.missed += 1
            return
        held = {"X-Lock-Token": lock["lock_token"]}
        _, _, text = self.ask(c, "GET", self.path)
        status, _, text = self.ask(c, "PUT", self.path, {"data": {"n": text["data"].get("n", 0) + 1}}, **held)
        assert status == 200, text
        status, _, text = self.ask(c, "DELETE", self.path + "/lock", **held)
        assert status == 204, text
        self.fences.append(lock["fence"])
        self.done += 1


class Patcher(Writer):
    """A member of its own, each time another value, without a condition."""

    def once(self, c):
        status, _, text = self.ask(c, "PATCH", self.path, {"data": {self.name: self.done + 1}})
        assert status in (200, 503), text  # 503: others came first at each try; to be sent again
        self.done += status == 200


def run_all(threads):
    for th in threads:
        th.start()
    for th in threads:
        th.join(120)
        assert not th.is_alive() and getattr(th, "fault", None) is None, th.fault


def two_nodes():
    """Four writers on two nodes: nothing is lost, with If-Match, with a lock, with patches."""
    with nodes.pair() as (a, b, _):
        t = Api(a)
        for path in ("/sessions/" + t.create("two")["session_id"], "/users/two/data"):
            threads = [Writer(n, path) for n in (a, b, a, b)]
            run_all(threads)
            assert t.ok(200, "GET", path)[0]["data"] == {"n": 4 * ROUNDS}
            print("    %s: %d written, %d refused" % (path.split("/")[1], 4 * ROUNDS, sum(w.missed for w in threads)))
        path = "/sessions/" + t.create("two")["session_id"]
        threads = [Writer(n, path, lock=True) for n in (a, b)]
        run_all(threads)
        assert t.ok(200, "GET", path)[0]["data"] == {"n": 2 * ROUNDS}
        fences = threads[0].fences + threads[1].fences
        assert len(set(fences)) == 2 * ROUNDS and all(w.fences == sorted(w.fences) for w in threads)
        print("    locks: %d taken, %d refused" % (len(fences), sum(w.missed for w in threads)))
        path = "/sessions/" + t.create("two", data={"base": 0})["session_id"]
        threads = [Patcher(n, path) for n in (a, b, a, b)]
        run_all(threads)
        assert t.ok(200, "GET", path)[0]["data"] == {"base": 0, **{w.name: ROUNDS for w in threads}}
        first_keys(a, b, t)


def first_keys(a, b, t):
    """A user's first sessions, made at once on two nodes: one data key, all readable."""
    made, faults = [], []

    def make(node, user):
        try:
            made.append((node.create(user, data={"user": user})["session_id"], user))
        except AssertionError as e:
            faults.append(e)
    for i in range(max(ROUNDS // 10, 4)):
        run_all([threading.Thread(target=make, args=(n, f"first{i}")) for n in (a, b, a, b)])
    assert not faults, faults
    for sid, user in made:
        assert t.data(sid) == {"user": user}, (sid, user)
    path = "/sessions/" + t.create("late")["session_id"]  # the key is made by a change
    threads = [Patcher(n, path, rounds=3) for n in (a, b, a, b)]
    run_all(threads)
    assert t.ok(200, "GET", path)[0]["data"] == {w.name: 3 for w in threads}


if __name__ == "__main__":
    harness.main([single, another_master_secret, two_nodes])
