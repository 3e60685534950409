#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Limits per device type, per client and of a whole tenant, on two nodes at once: never exceeded
however many create in parallel; free again after any end, at whichever node; a place whose session
never came to be is found and given back.

SESSIOND_ROUNDS scales the parallel rounds."""
import os
import sys
import threading

import harness
import nodes

ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "5"))
MANY = "limits: { create_per_second: 100000 }\n"
LIMITS = "sessions: { max_per_user: 1000, on_limit: reject, %s }\n"


def parsed(raw):
    """A reply of strings, numbers and lists of strings."""
    def line():
        text, _, rest[0] = rest[0].partition("\r\n")
        return text[0], text[1:]

    def one():
        kind, text = line()
        if kind == "*":
            return [one() for _ in range(int(text))]
        if kind == "$":
            return line_of(int(text))
        assert kind in ":+", (kind, text)
        return int(text) if kind == ":" else text

    def line_of(n):
        text, rest[0] = rest[0][:n], rest[0][n + 2:]
        return text
    rest = [raw.decode()]
    return one()


class Two:
    """Two nodes on one store, whose tenants are told their limits."""

    def __init__(self):
        self.a, self.b, self.redis = nodes.make_pair()
        self.slow = []  # creations that were answered 503

    def __enter__(self):
        self.redis.start()
        for n in (self.a, self.b):
            n.start()
        return self

    def ask(self, *words):
        return parsed(self.redis.command(*words))

    def __exit__(self, *_):
        for n in (self.a, self.b):
            n.close()
        self.redis.end()

    def limits(self, text):
        for n in (self.a, self.b):
            n.write("tenants.d/brand-a.yaml", n.tenant_text("brand-a", lines=MANY + LIMITS % text))
            failed, said = n.reload()
            assert not failed, said

    def create(self, node, user, **more):
        return node.request("POST", "/sessions", {"user_id": user, **more}, "brand-a")

    def parallel(self, count, **more):
        """-> the answers of count creations of as many users, half of them at each node"""
        out, slow = [], self.slow

        def one(i):
            node = (self.a, self.b)[i % 2]
            while True:
                answer = self.create(node, "user-%d" % i, **more)
                if answer[0] != 503:
                    return out.append(answer)
                slow.append(i)  # ask again; the place that was taken, if it was, is found later
        threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(60)
        assert len(out) == count
        return out

    def end_all(self, answers):
        for status, _, body in answers:
            if status == 201:
                ended = self.b.request("POST", "/sessions/revoke", {"session_id": body["session_id"]}, "brand-a")
                assert ended[0] == 200, ended


def rounds(two, limit, **more):
    for _ in range(ROUNDS):
        got = two.parallel(32, **more)
        made = [a for a in got if a[0] == 201]
        refused = [a for a in got if a[0] == 409]
        assert len(made) <= limit and len(made) + len(refused) == 32, (len(made), len(refused))
        assert len(made) == limit or two.slow
        assert all(a[2]["code"] == "session-limit" for a in refused)
        two.end_all(got)
        two.a.wait(lambda: places(two) <= len(two.slow), 20, "each place is free again")


def places(two):
    """What is held in all partitions' counts."""
    keys = two.ask("KEYS", "sd1:*:q:brand-a")
    return sum(int(two.ask("ZCARD", k)) for k in keys)


def whole_tenant():
    with Two() as two:
        two.limits("max_total: 5")
        rounds(two, 5)


def one_client():
    with Two() as two:
        two.limits("max_per_client: { web-backend: 3 }")
        rounds(two, 3)


def device_type():
    with Two() as two:
        two.limits("max_per_device_type: { tv: 2 }")
        for i in range(2):
            assert two.create((two.a, two.b)[i], "alice", device={"id": "d%d" % i, "type": "tv"})[0] == 201
        status, _, body = two.create(two.a, "alice", device={"id": "d9", "type": "tv"})
        assert (status, body["code"]) == (409, "session-limit")
        assert two.create(two.b, "alice", device={"id": "d9", "type": "phone"})[0] == 201
        assert two.create(two.b, "bob", device={"id": "d9", "type": "tv"})[0] == 201


def replaced_at_the_limit():
    """Who logs in anew at a full tenant takes the place of the session that this ends."""
    with Two() as two:
        two.limits("max_total: 1")
        first = two.create(two.a, "alice")[2]
        assert two.create(two.b, "bob")[0] == 409
        second = two.create(two.b, "alice", replaces=first["session_id"])
        assert second[0] == 201, second
        other = two.create(two.a, "bob", replaces=second[2]["session_id"])  # of another user: it ends first
        assert other[0] == 201, other
        assert two.a.validate(second[2]["access_token"])[0] == 401


def a_place_without_a_session():
    """A worker that died between the two: the place is looked into by who comes later."""
    with Two() as two:
        two.limits("max_total: 1")
        assert two.create(two.a, "alice")[0] == 201
        [key] = two.ask("KEYS", "sd1:*:q:brand-a")
        [sid] = two.ask("ZRANGE", key, "0", "-1")
        two.ask("DEL", *[k for k in two.ask("KEYS", "sd1:*") if sid in k])
        two.ask("ZADD", key + ":p", "5", sid)  # taken long ago, never confirmed
        two.a.wait(lambda: two.create(two.a, "bob")[0] == 201, 10, "the place is given back")


harness.main([whole_tenant, one_client, device_type, replaced_at_the_limit, a_place_without_a_session]) \
    if __name__ == "__main__" else sys.exit(0)
