#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions whose clocks have run out, on two nodes: each ends once, with its reason, counted and in the
audit trail once; none earlier than a use that was not told yet allows; what retention is over for is
gone from record and indexes; the work is what is due, not what there is."""
import base64
import contextlib
import os
import sys
import time

import harness
import lists
import nodes
import raw

MANY = int(os.environ.get("SESSIOND_TEST_SESSIONS", "2000"))
A = "brand-a"
OTHER = harness.new_api_key()
CLIENT = f"  - {{ id: other, key_hashes: [ \"{OTHER[1]}\" ], permissions: [sessions:create] }}\nsharing: {{ clients: [other] }}\n"
LINES = "sessions: { idle_timeout: 30m, absolute_timeout: 12h, touch_interval: 60s }\nprivacy: { retention: { sessions: 1h } }\n"
MIN = 60_000


def ended(node, reason):
    return int(raw.metric(node.metrics(), "sessiond_sessions_ended_total", tenant=A, reason=reason))


def status(node, sid):
    code, _, body = node.request("GET", "/sessions/" + sid, tenant=A)
    return (body["status"], body.get("end_reason")) if code == 200 else code


def stored(redis, sid, name="status"):
    got = redis.command("HGET", "sd1:{%02x}:s:%s:%s" % (base64.urlsafe_b64decode(sid + "==")[0], A, sid), name)
    return got.split(b"\r\n")[1].decode() if not got.startswith(b"$-1") else None


def audited(nodes_, reason):
    return [r["session_id"] for n in nodes_ for r in n.audit()
            if r["event"] == "session.ended" and r.get("reason") == reason and r["actor"]["type"] == "system"]


def sweep(a, b, redis):
    """Half of them idle, a tenth over the absolute clock, some within the slack, most alive."""
    now = int(time.time() * 1000)
    w = lists.Writer(redis)
    idle = [w.session(A, f"i{i}", now - 40 * MIN, deadline_ms=now - 9 * MIN) for i in range(MANY // 2)]
    old = [w.session(A, f"o{i}", now - 721 * MIN, seen_ms=now - MIN, deadline_ms=now - MIN) for i in range(MANY // 10)]
    slack = [w.session(A, f"s{i}", now - 30 * MIN - 5000, deadline_ms=now - 5000) for i in range(20)]
    wrong = [w.session(A, f"w{i}", now - 5 * MIN, deadline_ms=now - MIN) for i in range(20)]  # the index says so, the record not
    live = [w.session(A, f"l{i}", now - MIN) for i in range(MANY)]
    w.flush()
    begun = time.monotonic()
    harness.wait_for(lambda: ended(a, "idle") + ended(b, "idle") == len(idle) and
                     ended(a, "absolute") + ended(b, "absolute") == len(old), 60, 0.2, "all are ended and counted")
    took = time.monotonic() - begun
    harness.wait_for(lambda: len(audited((a, b), "idle")) >= len(idle) and len(audited((a, b), "absolute")) >= len(old), 20,
                     0.2, "all are in the trail")
    for sids, reason in ((idle, "idle"), (old, "absolute")):
        assert sorted(audited((a, b), reason)) == sorted(sids), "each once"
        assert ended(a, reason) + ended(b, reason) == len(sids)
        assert all(stored(redis, sid, "reason") == reason for sid in sids[:50])
    shares = ended(a, "idle"), ended(b, "idle")
    assert all(stored(redis, sid) == "active" for sid in slack + wrong + live[:20])
    assert status(a, idle[0]) == ("ended", "idle") and status(b, old[0]) == ("ended", "absolute")
    print(f"  {len(idle) + len(old)} ended in {took:.1f} s, {shares[0]} and {shares[1]} of the idle ones by each node")
    quiet(redis)


def quiet(redis):
    """A turn with nothing due: one small question for each partition and node, no record is read."""
    def none_read():
        redis.command("CONFIG", "RESETSTAT")
        time.sleep(3)
        calls = redis.calls()
        assert calls["evalsha"] < 600, calls
        return not calls.get("hgetall")

    harness.wait_for(none_read, 30, why="no record is read")


def retention(a, b, redis):
    now = int(time.time() * 1000)
    w = lists.Writer(redis)
    over = {"until": (now - 50 * MIN) // 1000}
    gone = [w.session(A, "gone", now - 90 * MIN, ended=("logout", now - 61 * MIN), deadline_ms=now - MIN, **over) for _ in range(30)]
    kept = [w.session(A, "gone", now - 90 * MIN, ended=("logout", now - 50 * MIN), deadline_ms=now - MIN, **over) for _ in range(30)]
    w.flush()
    for node in (a, b):  # nobody reads what is over, whether it is removed already or not
        assert status(node, gone[0]) == 404 and status(node, kept[0]) == ("ended", "logout")
        assert set(lists.pages((node,), {"user_id": "gone"})) == set(kept)
        assert set(lists.pages((node,), {"limit": 500, "status": "ended"})) & set(gone + kept) == set(kept)
    harness.wait_for(lambda: all(stored(redis, sid) is None for sid in gone), 60, 0.2, "removed")
    p = lists.partition(A, "gone")
    harness.wait_for(lambda: all(sid.encode() not in redis.command("ZRANGE", "sd1:{%02x}:%s" % (p, index), "0", "-1")
                                 for sid in gone for index in ("t:" + A, "d")), 20, 0.2, "from the indexes")
    assert all(stored(redis, sid) == "ended" for sid in kept)


def shortened(a, b, redis):
    """A reload with a shorter clock ends those that nobody asks for, and only those."""
    now = int(time.time() * 1000)
    w = lists.Writer(redis)
    over = [w.session(A, f"z{i}", now - 20 * MIN) for i in range(600)]
    live = [w.session(A, f"y{i}", now - 2 * MIN) for i in range(100)]
    w.flush()
    before = ended(a, "idle") + ended(b, "idle")
    for node in (a, b):
        node.write(f"tenants.d/{A}.yaml", a.tenant_text(A, None, CLIENT + nodes.FREE + LINES.replace("30m", "10m")))
        node.reload()
    harness.wait_for(lambda: all(stored(redis, sid) == "ended" for sid in over), 60, 0.2, "ended")
    assert all(stored(redis, sid) == "active" for sid in live)
    harness.wait_for(lambda: ended(a, "idle") + ended(b, "idle") >= before + len(over), 10, 0.2, "counted")


def by_rule(a, b, redis):
    """What a client's `before` has ended ends in the store too: counted, in the trail, and with it what was
    shared from it to another client, whose own tokens no rule concerns."""
    parent = a.create("shares")["session_id"]
    code = a.request("POST", f"/sessions/{parent}/share", {"client_id": "other"}, tenant=A)[2]["code"]
    status_, _, child = a.request("POST", "/sessions/redeem", {"code": code}, headers={"Authorization": "Bearer " + OTHER[0], "X-Tenant-ID": A})
    assert status_ == 201, child
    time.sleep(1.1)  # the rule is of whole seconds
    assert a.request("POST", "/sessions/revoke", {"client_id": "web-backend"}, tenant=A)[0] == 200
    harness.wait_for(lambda: status(b, parent) == ("ended", "client"), 5, 0.05, "known to the other node")
    harness.wait_for(lambda: stored(redis, parent, "reason") == "client", 60, 0.2, "ended in the store")
    assert status(a, child["session_id"]) == ("ended", "parent")
    for node in (a, b):
        harness.wait_for(lambda n=node: n.validate(child["access_token"])[1].get("code") == "session-revoked", 5, 0.1, "obeyed")
    harness.wait_for(lambda: parent in audited((a, b), "client") and child["session_id"] in audited((a, b), "parent"), 20, 0.2, "in the trail")
    assert ended(a, "client") + ended(b, "client") >= 1


def taken_over(a, b, redis):
    """A node is gone: the other one sweeps its partitions when the lease is over."""
    b.kill("master")
    with contextlib.suppress(Exception):
        b.stop()
    for p in range(256):
        key = "sd1:{%02x}:sweep" % p
        if redis.command("EXISTS", key) == b":1\r\n":
            redis.command("HSET", key, "until", "1")
    now = int(time.time() * 1000)
    w = lists.Writer(redis)
    before = ended(a, "idle")
    sids = [w.session(A, f"t{i}", now - 40 * MIN, deadline_ms=now - 9 * MIN) for i in range(300)]
    w.flush()
    harness.wait_for(lambda: all(stored(redis, sid) == "ended" for sid in sids), 60, 0.2, "taken over")
    harness.wait_for(lambda: ended(a, "idle") == before + len(sids), 10, 0.2, "counted")


def main():
    with nodes.pair((A,), CLIENT + nodes.FREE + LINES) as given:
        harness.main([sweep, retention, shortened, by_rule, taken_over], *given)


if __name__ == "__main__":
    sys.exit(main())
