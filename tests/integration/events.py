#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /audit and GET /events over two nodes: what one node has done is shown by both, by each filter, page
by page, and live; a stream is resumed, bounded, cut when its caller loses his permission, and ends
with the service; what a clock ended is told too; a store that is away holds nothing up."""
import json
import signal
import socket
import time
import urllib.parse

import harness
import lists
import nodes

A, B = "brand-a", "brand-b"
LINES = nodes.FREE + "sessions: { idle_timeout: 30m, absolute_timeout: 12h, touch_interval: 60s }\n"


def get(node, query=None, tenant=A, want=200):
    status, _, body = node.request("GET", "/audit" + ("?" + urllib.parse.urlencode(query) if query else ""), tenant=tenant, timeout=20)
    assert status == want, (query, status, body)
    return body


def items(node, query=None, tenant=A):
    return get(node, {"limit": 500, **(query or {})}, tenant)["items"]


def policy(node, tenant):
    return node.tenant_text(tenant, None, LINES).replace("sessions:revoke]", "sessions:revoke, audit:read]")


class Stream:
    """An open stream: its bytes as they come, without the chunks' sizes."""

    def __init__(self, node, last=None, tenant=A, method="GET", key=None, version="1.1"):
        self.s = socket.create_connection(("127.0.0.1", node.port), timeout=30)
        more = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        self.s.sendall(f"{method} /events HTTP/{version}\r\nHost: x\r\nX-Tenant-ID: {tenant}\r\n{more}"
                       f"Authorization: Bearer {key or node.api_keys[tenant]}\r\n\r\n".encode())
        self.raw, self.ended, self.whole = b"", False, False
        while b"\r\n\r\n" not in self.raw:
            self.more()
        self.head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        self.status = int(self.head.split()[1])
        while self.status != 200 and not self.raw:
            self.more()
        self.chunked = b"chunked" in self.head
        self.text, self.seen = b"", []

    def more(self):
        got = self.s.recv(65536)
        self.ended = not got
        self.raw += got
        return got

    def take(self):
        """What has come, taken apart."""
        while self.chunked and b"\r\n" in self.raw:
            size, _, rest = self.raw.partition(b"\r\n")
            n = int(size, 16)
            if len(rest) < n + 2:
                break
            self.whole = self.whole or n == 0
            self.text, self.raw = self.text + rest[:n], rest[n + 2:]
        if not self.chunked:
            self.text, self.raw = self.text + self.raw, b""
        *blocks, self.text = self.text.split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"data" in fields:
                record = json.loads(fields[b"data"])
                assert record["event"] == fields[b"event"].decode(), block
                self.seen.append((fields[b"id"].decode(), record))

    def until(self, condition, limit=20):
        deadline = time.monotonic() + limit
        while True:
            self.take()
            if condition(self):
                return self
            assert time.monotonic() < deadline and not self.ended, (self.ended, self.seen, self.text)
            self.more()

    def end(self, limit=20):
        deadline = time.monotonic() + limit
        while not self.ended:
            assert time.monotonic() < deadline, "the stream goes on"
            self.more()
        self.take()
        return self

    def sessions(self):
        return [r["session_id"] for _, r in self.seen if r["event"] == "session.created"]


def records(a, b, redis):  # pylint: disable=unused-argument
    """The file's record, but for its number; every filter; both nodes alike; pages."""
    begun = int(time.time())
    made = [(a, b)[i % 2].create(f"user{i % 3}")["session_id"] for i in range(6)]
    assert a.request("DELETE", "/sessions/" + made[0], tenant=A)[0] == 204
    other = b.create("user0", tenant=B)["session_id"]
    for node in (a, b):
        harness.wait_for(lambda n=node: len(items(n)) == 7, why="all have arrived")
    both = [items(n) for n in (a, b)]
    assert both[0] == both[1]
    trail = {(r["node"], r["detail"]["src"], r["detail"]["id"], r["ts"]): r for n in (a, b) for r in n.audit()}
    for item in both[0]:
        of_file = trail[item["node"], item["detail"]["src"], item["detail"]["id"], item["ts"]]
        assert item == {**of_file, "seq": None}, (item, of_file)
        assert list(item) == list(of_file)
    assert {i["node"] for i in both[0]} == {"first", "second"}
    sids = lambda got: [i["session_id"] for i in got]
    assert sorted(sids(both[0][1:])) == sorted(made) and both[0][0]["event"] == "session.ended"
    for query, want in (({"user_id": "user1"}, {made[1], made[4]}), ({"session_id": made[2]}, {made[2]}),
                        ({"event": "session.ended"}, {made[0]}), ({"user_id": "user1", "event": "session.ended"}, set()),
                        ({"from_at": begun - 2}, set(made)), ({"from_at": begun + 900}, set()), ({"to_at": begun - 2}, set()),
                        ({"to_at": begun + 900}, set(made)), ({"event": "store.lost"}, set())):
        got = items(b, query)
        assert set(sids(got)) == want and len(got) == len([i for i in both[0] if i in got]), (query, got)
    seen, cursor = [], None
    while True:
        page = get(a, {"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += page["items"]
        cursor, last = page["next_cursor"], cursor
        if cursor is None:
            break
        a, b = b, a
    assert seen == both[0], "each once, in order, from either node"
    assert sids(items(a, tenant=B)) == [other]
    assert get(a, {"users_id": "x"}, want=400)["code"] == "unknown-field"
    for query in ({"limit": 0}, {"limit": 501}, {"from_at": "-1"}, {"to_at": "x"}, {"event": "session"},
                  {"session_id": "x"}, {"user_id": ""}):
        assert get(a, query, want=400)["code"] == "field-invalid", query
    for query, tenant in (({"cursor": last, "user_id": "user1"}, A), ({"cursor": last}, B), ({"cursor": "x"}, A),
                          ({"cursor": last[:-1] + ("A" if last[-1] != "A" else "B")}, A)):
        assert get(a, query, tenant, 400)["code"] == "cursor-invalid", query
    assert a.request("GET", "/sessions?cursor=" + last, tenant=A)[2]["code"] == "cursor-invalid"
    # a page looks at so much and no more: it may be empty and go on
    cursor, pages = None, 0
    now = int(time.time() * 1000) - 60000
    stream = next(k for k in redis.command("KEYS", "*:e:" + B).split(b"\r\n") if k.endswith(b":e:" + B.encode())).decode()
    redis.command("DEL", stream)
    redis.command("EVAL", """for i = 0, 4499 do redis.call('XADD', KEYS[1], string.format('%.0f-1', ARGV[1] + i), 't', ARGV[1],
        'e', 'session.created', 'u', i == 0 and 'rare' or 'often', 's', 'x', 'r', ARGV[2]) end""",
                  "1", stream, str(now), '{"ts":"x","seq":null,"event":"session.created"}')
    got = []
    while pages == 0 or cursor:
        page = get(a, {"user_id": "rare", **({"cursor": cursor} if cursor else {})}, B)
        got, cursor, pages = got + page["items"], page["next_cursor"], pages + 1
    assert len(got) == 1 and pages == 3, (got, pages)


def signals(a, b, redis):  # pylint: disable=unused-argument
    """What to look at: a limit that made room, tokens that were never good, a refresh token used twice."""
    made = [a.create("crowded") for _ in range(7)]
    evicted = sum(len(m["evicted"]) for m in made)
    assert evicted >= 1
    found = a.wait(lambda: (lambda x: x if len(x) == evicted else None)(items(a, {"event": "limit.reached", "user_id": "crowded"})), 10)
    assert all(r["outcome"] == "ok" and r["reason"] == "evicted" and r["detail"]["evicted"] == "1" for r in found), found
    token = made[-1]["access_token"]
    for bad, code in (("x.y", "token-malformed"), (token[:-8] + "AAAAAAAA", "token-signature"), (made[0]["access_token"], None)):
        assert a.request("POST", "/sessions/validate", {"access_token": bad, "ip": "192.0.2.77"}, tenant=A)[0] == 401
        if code:
            a.wait(lambda c=code: [r for r in items(a, {"event": "token.refused"}) if (r["reason"], r["ip"]) == (c, "192.0.2.77")], 10, code)
    assert len([r for r in items(a, {"event": "token.refused"}) if r["ip"] == "192.0.2.77"]) == 2, "what was good once leaves none"


def live(a, b, redis):
    """Made on one node, seen on the other, in order, once; resumed where it was."""
    s, quiet = Stream(b), Stream(b, tenant=B)
    assert s.status == 200 and b"text/event-stream" in s.head and b"no-store" in s.head, s.head
    made, begun = [a.create("live")["session_id"]], time.monotonic()
    s.until(lambda s: s.sessions() == made)
    took = time.monotonic() - begun
    for _ in range(20):
        made.append(a.create("live")["session_id"])
    s.until(lambda s: len(s.seen) >= len(made))
    assert s.sessions() == made, "each once, in order"
    assert all(r["node"] == "first" for _, r in s.seen)
    at = s.seen[4][0]
    s.s.close()
    again = Stream(a, last=at).until(lambda s: len(s.seen) >= len(made) - 5)
    assert again.sessions() == made[5:]
    first = Stream(a, last="0-0").until(lambda s: made[-1] in s.sessions())
    assert set(made) <= set(first.sessions())
    quiet.take()
    assert quiet.seen == [], "another tenant's"
    old = Stream(a, last=at, version="1.0").until(lambda s: len(s.seen) >= len(made) - 5)
    assert b"chunked" not in old.head and old.sessions() == made[5:]
    head = Stream(a, method="HEAD").end()
    assert head.status == 200 and not head.raw, head.raw
    for bad in ("x", "1", "-", "1-2-3", "1-x"):
        assert Stream(a, last=bad).status == 400, bad
    assert a.request("GET", "/events?user_id=x", tenant=A)[2]["code"] == "unknown-field"
    sid = lists.Writer(redis)
    now = int(time.time() * 1000)
    idle = sid.session(A, "idle", now - 40 * 60000, deadline_ms=now - 9 * 60000)
    sid.flush()
    again.until(lambda s: any(r["session_id"] == idle for _, r in s.seen), 40)
    told = [r for _, r in again.seen if r["session_id"] == idle]
    assert len(told) == 1 and told[0]["actor"]["type"] == "system" and told[0]["reason"] == "idle", told
    assert told[0]["detail"]["src"] == "master-0" and told[0] in items(b, {"session_id": idle})
    for s in (again, first, old, quiet):
        s.s.close()
    print(f"  seen on the other node after {took * 1000:.0f} ms")


def bounded(a, b, redis):  # pylint: disable=unused-argument
    """So many and no more; who leaves makes room; a store that stops delays and loses nothing that was put."""
    def full():
        got = [Stream(a) for _ in range(40)]
        return [s for s in got if s.status == 200], [s for s in got if s.status != 200]
    open_, refused = full()
    assert len(open_) <= 32 and refused and all(s.status == 429 for s in refused), (len(open_), len(refused))
    assert b"tenant-busy" in refused[0].raw and b"Retry-After" in refused[0].head
    assert a.request("GET", "/audit", tenant=A)[0] == 200
    assert Stream(a, tenant=B).status == 200, "another tenant's place"
    for s in open_ + refused:
        s.s.close()
    kept = []

    def room():
        kept.append(Stream(a))
        return kept[-1].status == 200
    harness.wait_for(room, 20, 0.3, "room again")
    s = kept[-1]
    redis.proc.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    redis.proc.send_signal(signal.SIGCONT)

    def created():
        status, _, body = a.request("POST", "/sessions", {"user_id": "after"}, tenant=A)
        return body["session_id"] if status == 201 else None
    sid = harness.wait_for(created, 20, 0.3, "the store is back")
    s.until(lambda s: sid in s.sessions())
    s.s.close()


def cut(a, b, redis):  # pylint: disable=unused-argument
    """Who may no more sees no more; who still may comes again and goes on. The end of the service ends it."""
    s, other = Stream(b), Stream(b, tenant=B)
    b.write(f"tenants.d/{A}.yaml", policy(b, A).replace(", audit:read", ""))
    b.reload()
    s.end()
    assert s.whole, "told that it is over"
    assert b.request("GET", "/events", tenant=A)[0] == 403 and b.request("GET", "/audit", tenant=A)[0] == 403
    other.end()
    s = Stream(b, tenant=B)
    assert s.status == 200
    begun = time.monotonic()
    b.stop()
    s.end()
    assert s.whole and time.monotonic() - begun < 10


def main():
    with nodes.pair((A, B), LINES, lambda node: [node.write(f"tenants.d/{t}.yaml", policy(node, t)) for t in (A, B)]) as given:
        harness.main([records, signals, live, bounded, cut], *given)


if __name__ == "__main__":
    main()
