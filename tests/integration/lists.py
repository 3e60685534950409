#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /sessions over two nodes: every filter, pages that meet each session once while others come and
go, cursors that nobody can make or carry elsewhere, and many sessions of one tenant: the cost of a
page and the worker's memory do not grow with their number."""
import base64
import hashlib
import json
import os
import signal
import socket
import threading
import time
import urllib.parse

import harness
import nodes
import raw

MANY = int(os.environ.get("SESSIOND_TEST_SESSIONS", "4000"))
A, B = "brand-a", "brand-b"


def text_of(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def partition(tenant, user):
    return hashlib.sha256(f"{tenant}\0{user}".encode()).digest()[0]


class Writer:
    """Records as the scripts leave them, many in one write."""

    def __init__(self, redis):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(60)
        self.s.connect(redis.socket)
        self.out, self.owed = [], 0

    def say(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.out.append(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        self.owed += 1
        if self.owed >= 4000:
            self.flush()

    def flush(self):
        self.s.sendall(b"".join(self.out))
        got = 0
        while got < self.owed:
            more = self.s.recv(1 << 16)
            assert more and b"-" not in more, more
            got += more.count(b"\r\n")
        self.out, self.owed = [], 0

    def session(self, tenant, user, created_ms, seen_ms=None, ended=None, deadline_ms=None, **more):
        p = partition(tenant, user)
        sid = text_of(bytes([p]) + os.urandom(15))
        uhash = hashlib.sha256(f"{tenant}\0{user}".encode()).hexdigest()[:32]
        record = {"v": 1, "status": "active", "mode": 1, "remember": 0, "gen": 1, "sgen": 1, "version": 1,
                  "created": created_ms, "seen": seen_ms or created_ms, "auth_time": created_ms // 1000,
                  "idle": 1800, "absolute": 43200, "issued": created_ms // 1000, "refresh_end": 0,
                  "until": created_ms // 1000 + 60, "count": 0, "uhash": uhash, "user": user,
                  "client": "web-backend", **more}
        if ended:
            record.update(status="ended", reason=ended[0], ended=ended[1])
        key = "sd1:{%02x}" % p
        self.say("HSET", f"{key}:s:{tenant}:{sid}", *(x for pair in record.items() for x in pair))
        self.say("ZADD", f"{key}:u:{tenant}:{uhash}", created_ms, sid)
        self.say("ZADD", f"{key}:t:{tenant}", created_ms, sid)
        if not ended:
            self.say("ZADD", f"{key}:a:{tenant}:{uhash}", created_ms, sid)
        self.say("ZADD", f"{key}:d", deadline_ms or record["seen"] + 1800000, f"{tenant}:{sid}")
        return sid


def get(node, query="", tenant=A, want=200):
    status, _, body = node.request("GET", "/sessions" + ("?" + urllib.parse.urlencode(query) if query else ""),
                                   tenant=tenant, timeout=30)
    assert status == want, (status, body, query)
    return body


def ids(body):
    return [s["session_id"] for s in body["items"]]


def pages(of, query, tenant=A, between=None):
    """All pages, each from another node. -> ids in order"""
    seen, cursor, n = [], None, 0
    while True:
        body = get(of[n % len(of)], {**query, **({"cursor": cursor} if cursor else {})}, tenant)
        seen += ids(body)
        cursor, n = body["next_cursor"], n + 1
        if cursor is None:
            return seen
        if between:
            between()


def filters(a, b, _):
    now = int(time.time())
    made = {}
    for i in range(6):
        time.sleep(0.003)  # each in a millisecond of its own: of one, the order is the ids'
        made[i] = a.create(f"user{i % 3}", client_id="web-backend", ip=f"192.0.2.{i % 2 + 1}",
                           device={"id": f"d{i % 2}", "type": "phone"})["session_id"]
    other = b.create("user0", tenant=B)["session_id"]
    order = [made[i] for i in reversed(range(6))]
    a.request("DELETE", "/sessions/" + made[5], tenant=A)
    pick = lambda *n: [made[i] for i in n]
    for query, want in (
            ({}, order), ({"user_id": "user1"}, pick(4, 1)), ({"device_id": "d1"}, pick(5, 3, 1)),
            ({"client_id": "web-backend"}, order), ({"client_id": "nobody"}, []), ({"ip": "192.0.2.1"}, pick(4, 2, 0)),
            ({"status": "active"}, order[1:]), ({"status": "ended"}, pick(5)), ({"active_only": "true"}, order[1:]),
            ({"active_only": "false"}, order), ({"created_after_at": now - 5}, order), ({"created_after_at": now + 900}, []),
            ({"created_before_at": now - 5}, []), ({"created_before_at": now + 900}, order),
            ({"user_id": "user2", "device_id": "d1", "status": "ended", "ip": "192.0.2.2"}, pick(5)),
            ({"user_id": "user2", "active_only": "true"}, pick(2)), ({"user_id": "nobody"}, []),
            ({"user_id": "user1", "created_before_at": now - 5}, [])):
        for node in (a, b):
            body = get(node, query)
            assert ids(body) == want and body["next_cursor"] is None, (query, body, want)
        assert pages((a, b), {**query, "limit": 1}) == want, query
    assert ids(get(b, tenant=B)) == [other]
    assert get(a)["items"][0]["end_reason"] == "logout" and "data" not in get(a)["items"][0]
    for query in ({"limit": 0}, {"limit": 501}, {"limit": "05"}, {"status": "gone"}, {"active_only": "1"},
                  {"ip": "here"}, {"created_after_at": "-1"}, {"device_id": "a b"}, {"user_id": ""},
                  {"status": "ended", "active_only": "true"}):
        assert get(a, query, want=400)["code"] == "field-invalid", query
    assert get(a, {"users_id": "x"}, want=400)["code"] == "unknown-field"
    assert a.request("GET", "/sessions?limit=1&limit=1", tenant=A)[2]["code"] == "field-invalid"
    cursors(a, b)


def cursors(a, b):
    """Only as it was given, only for the same list of the same tenant."""
    query = {"limit": 2, "status": "active"}
    cursor = get(a, query)["next_cursor"]
    assert ids(get(b, {**query, "cursor": cursor})) == ids(get(a, {"status": "active"}))[2:4]
    assert get(b, {**query, "limit": 1, "cursor": cursor})["items"]  # another length of page is the same list
    flipped = [cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1:] for i in range(0, len(cursor), 7)]
    for bad in flipped + [cursor[:-1], cursor + "A", "", "xx", "A" * len(cursor), text_of(b"\1" + bytes(40))]:
        assert get(a, {**query, "cursor": bad}, want=400)["code"] == "cursor-invalid", bad
    for other in ({"limit": 2}, {"limit": 2, "status": "ended"}, {**query, "user_id": "user1"}, {**query, "ip": "192.0.2.1"},
                  {**query, "created_after_at": 1}):
        assert get(a, {**other, "cursor": cursor}, want=400)["code"] == "cursor-invalid", other
    assert get(a, {**query, "cursor": cursor}, tenant=B, want=400)["code"] == "cursor-invalid"
    assert a.request("GET", "/sessions/user/user1?cursor=" + cursor, tenant=A)[2]["code"] == "cursor-invalid"
    assert a.request("GET", f"/sessions?limit=2&cursor={cursor}&cursor={cursor}", tenant=A)[0] == 400


def come_and_go(a, b, redis):
    """What exists from the first page to the last is listed exactly once."""
    w = Writer(redis)
    base = int(time.time() * 1000) - 3600_000
    stay = [w.session(B, f"stay{i % 40}", base + i // 3, seen_ms=base + 3500_000) for i in range(600)]
    go = [w.session(B, f"go{i}", base + i // 3, seen_ms=base + 3500_000) for i in range(300)]
    w.flush()
    stop, made, failed = threading.Event(), [], []

    def churn(node, gone):
        try:
            while not stop.is_set():
                made.append(node.create("new%d" % (len(made) % 20), tenant=B)["session_id"])
                if gone:
                    assert node.request("DELETE", "/sessions/" + gone.pop(), tenant=B)[0] == 204
                    sid = gone.pop()
                    p = base64.urlsafe_b64decode(sid + "==")[0]
                    redis.command("DEL", "sd1:{%02x}:s:%s:%s" % (p, B, sid))  # as if retention took it
        except Exception as e:  # pylint: disable=broad-except
            failed.append(e)

    threads = [threading.Thread(target=churn, args=x) for x in ((a, go[:150]), (b, go[150:]))]
    for t in threads:
        t.start()
    try:
        for limit in (500, 50, 50, 17, 17):
            seen = pages((a, b), {"limit": limit}, B)
            assert len(seen) == len(set(seen)), "listed twice"
            assert set(stay) <= set(seen), len(set(stay) - set(seen))
        seen = pages((a, b), {"limit": 40, "active_only": "true"}, B)
        assert len(seen) == len(set(seen)) and set(stay) <= set(seen)
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert not failed, failed
    assert made, "nothing came meanwhile"


def memory_kb(node):
    total = 0
    for pid in node.pids("worker"):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return total


def timed(node, query, rounds=7):
    took = []
    for _ in range(rounds):
        begun = time.monotonic()
        body = get(node, query)
        took.append(time.monotonic() - begun)
    return sorted(took)[rounds // 2] * 1000, body


def many(a, b, redis):
    """MANY more sessions of a tenant: a page costs what it cost before, and so does the worker."""
    few_ms = {limit: timed(a, {"limit": limit, "status": "active"})[0] for limit in (5, 50)}
    w = Writer(redis)
    base = int(time.time() * 1000) - 1000_000
    for i in range(MANY):
        w.session(A, f"m{i % (MANY // 4)}" if i % 10 else "heavy", base + i // 8, seen_ms=base + 900_000, ip="198.51.100.7")
    w.flush()
    get(a, {"limit": 500})
    before = memory_kb(a)
    line = []
    cursor = None
    for limit in (50, 500):
        first, body = timed(a, {"limit": limit})
        assert len(body["items"]) == limit
        for _ in range(MANY // 2 // 500):  # half-way down
            cursor = get(a, {"limit": 500, **({"cursor": cursor} if cursor else {})})["next_cursor"]
        deep, _ = timed(a, {"limit": limit, "cursor": cursor})
        line.append(f"limit {limit}: {first:.1f} ms first, {deep:.1f} ms deep")
        cursor = None
    rare, body = timed(a, {"limit": 50, "ip": "203.0.113.9"})
    assert body["items"] == [] and body["next_cursor"], body  # looked at its share, says where to go on
    heavy, _ = timed(a, {"limit": 50, "user_id": "heavy"})
    begun = time.monotonic()
    seen = pages((a, b), {"limit": 500, "ip": "198.51.100.7"})
    whole = time.monotonic() - begun
    assert len(seen) == len(set(seen)) == MANY, len(seen)
    grown = memory_kb(a) - before
    print(f"  {MANY} sessions: " + "; ".join(line) + f"; filter without a match {rare:.1f} ms; user {heavy:.1f} ms; "
          f"all in {whole:.1f} s; before {few_ms[50]:.1f} ms; workers grew {grown} KiB")
    assert grown < 12000, grown
    latency(a)


class Export:
    """The bytes of an export, taken as slowly as the test likes."""

    def __init__(self, node, query="", version="1.1", method="GET", tenant=A, room=1 << 20):
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.s.settimeout(60)
        self.s.connect(("127.0.0.1", node.port))
        self.s.sendall(f"{method} /sessions/export{query} HTTP/{version}\r\nHost: x\r\nX-Tenant-ID: {tenant}\r\n"
                       f"Authorization: Bearer {node.api_keys[tenant]}\r\nConnection: close\r\n\r\n".encode())
        self.got = b""

    def take(self, n=None):
        """n bytes more, or all that come. False at the end."""
        want = None if n is None else len(self.got) + n
        while want is None or len(self.got) < want:
            more = self.s.recv(65536 if want is None else min(4096, want - len(self.got)))
            if not more:
                return False
            self.got += more
        return True

    def lines(self):
        head, _, body = self.got.partition(b"\r\n\r\n")
        assert head.split(b"\r\n")[0].split()[1] == b"200", head
        if b"chunked" in head:
            whole = b""
            while True:
                size, _, body = body.partition(b"\r\n")
                n = int(size, 16)
                if n == 0:
                    assert body == b"\r\n", body
                    break
                whole, body = whole + body[:n], body[n + 2:]
        else:
            whole = body
        assert whole == b"" or whole.endswith(b"\n")
        return [json.loads(line) for line in whole.splitlines()]


def export(a, b, redis):
    """Everything, a line each, however slowly it is taken; who leaves or stops reading holds nothing."""
    w = Writer(redis)
    base = int(time.time() * 1000) - 900_000
    made = [w.session(A, f"e{i % 700}", base + i // 5, ua="x" * 900) for i in range(3000)]
    w.flush()
    whole = Export(a)
    assert not whole.take()
    lines = whole.lines()
    assert {s["session_id"] for s in lines} >= set(made) and len({s["session_id"] for s in lines}) == len(lines)
    assert lines == sorted(lines, key=lambda s: -s["created_at"]) and not {"data", "shash"} & set().union(*lines)
    filtered = Export(b, "?user_id=e5")
    filtered.take()
    assert {s["session_id"] for s in filtered.lines()} == set(made[5::700])
    old = Export(a, version="1.0")
    old.take()
    assert b"chunked" not in old.got and len(old.lines()) == len(lines)
    head = Export(a, method="HEAD")
    head.take()
    assert head.got.endswith(b"\r\n\r\n") and b"x-ndjson" in head.got
    for query, want in (("?limit=5", 400), ("?cursor=x", 400), ("?status=no", 400)):
        assert a.request("GET", "/sessions/export" + query, tenant=A)[0] == want
    status, _, body = a.request("GET", "/sessions/export", tenant=B)
    assert status == 403 and body["code"] == "permission-missing", body
    told = [r for r in a.audit() if r["event"] == "data.exported"]
    assert told and told[0]["detail"].get("what") == "sessions", told[:1]
    before, slow = memory_kb(a), [Export(a, room=8192) for _ in range(20)]
    for x in slow:
        x.take(3000)
    quick = Export(a)
    quick.take()
    assert len(quick.lines()) == len(lines)
    held = memory_kb(a) - before
    for x in slow[2:]:
        x.s.close()  # in the middle
    redis.proc.send_signal(signal.SIGSTOP)  # an outage while a client is behind
    time.sleep(0.7)
    redis.proc.send_signal(signal.SIGCONT)
    for x in slow[:2]:
        assert not x.take()
        assert len(x.lines()) == len(lines)
    harness.wait_for(lambda: raw.metric(a.metrics(), "sessiond_connections") <= 3, 20, why="who left is forgotten")
    print(f"  {len(lines)} sessions, {len(whole.got) >> 10} KiB; 20 who do not read: {held} KiB")
    assert held < 20 * 1500, held


def latency(a):
    """Somebody's lists do not hold up another's validation on the same worker."""
    token, stop, worst, answers = a.create("quick")["access_token"], threading.Event(), [], []

    def lists():
        while not stop.is_set():
            status, _, body = a.request("GET", "/sessions?limit=500&ip=203.0.113.9", tenant=A, timeout=30)
            assert status in (200, 503), (status, body)  # 503: the machine is too busy for store.timeout
            answers.append(status)

    threads = [threading.Thread(target=lists) for _ in range(6)]
    for t in threads:
        t.start()
    try:
        client = nodes.Client(a)
        for _ in range(200):
            time.sleep(0.005)  # a client's own pace
            begun = time.monotonic()
            assert client.post("/sessions/validate", {"access_token": token})[0] == 200
            worst.append(time.monotonic() - begun)
    finally:
        stop.set()
        for t in threads:
            t.join()
    worst.sort()
    print(f"  validations beside six lists: median {worst[100] * 1000:.1f} ms, p99 {worst[197] * 1000:.1f} ms; "
          f"{answers.count(200)} lists answered, {answers.count(503)} not")
    assert 200 in answers
    assert worst[100] < 0.25, worst[100]


def admin(node):
    node.write(f"tenants.d/{A}.yaml", node.tenant_text(A, None, nodes.FREE).replace("sessions:revoke]", "sessions:revoke, admin]"))


def main():
    with nodes.pair((A, B), prepare=admin) as given:
        harness.main([filters, come_and_go, many, export], *given)


if __name__ == "__main__":
    main()
