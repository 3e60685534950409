#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The strict HTTP profile over real sockets: every malformed request of tests/support/http_cases.def
gets its one answer and the connection ends; split points, pipelines, exact headers, lingering close."""
import itertools
import re
import threading

import edge_kit as kit
import harness

A = "brand-a"
LIVEZ = kit.request("GET", "/livez")
LAST = kit.request("GET", "/livez", Connection="close")
FRAMING = {400, 408, 411, 413, 414, 417, 431, 501, 505}
# What the service makes of a request that the parser accepts; else 404 route-unknown.
ACCEPTED = {"plain": 401, "method_trace": 501, "target_star_options": 405}
NODE = None


def once(data, want, code=None):
    """data and, behind it, a request that must never be answered: one answer, then the end."""
    got = kit.talk(NODE.port, data + LIVEZ)
    assert len(got) == 1 and got[0].status == want, (data[:200], want, got)
    assert got[0].get("Connection") == "close", got[0].fields
    if code:
        assert got[0].json()["code"] == code, got
    return got[0]


def then_next(data, want, code=None):
    """data is one whole request: its answer, then the next request's own."""
    head = (0,) if data.startswith(b"HEAD") else ()
    got = [a for a in kit.talk(NODE.port, data + LAST, head=head) if a.status != 100]
    assert [a.status for a in got] == [want, 200] and got[1].body == b"alive\n", (data[:200], want, got)
    if code:
        assert got[0].json()["code"] == code, got
    return got[0]


def table():
    ends = {"version_1_0", "expect", "host_missing_1_0", "expect_1_0"}
    for name, want, data in kit.cases():
        if want == "MORE":
            assert kit.talk(NODE.port, data, half_close=True) == [], name
        elif want != "OK":
            once(data, want)
        elif name in ends:  # 1.0, and a refused expectation: the answer is the last
            got = kit.talk(NODE.port, data, half_close=True)
            assert [a.status for a in got] == [ACCEPTED.get(name, 404)], (name, got)
        else:
            then_next(data, ACCEPTED.get(name, 404))


def table_bytewise():
    """The same refusals when every byte is a packet of its own."""
    def run(rows):
        try:
            for name, want, data in rows:
                with kit.connect(NODE.port) as s:
                    try:
                        for i in range(len(data)):
                            s.send(data[i:i + 1])
                    except OSError:
                        pass  # refused before its end
                    got = kit.answers(kit.to_the_end(s))
                assert [a.status for a in got] == [want], (name, want, got)
        except BaseException as e:  # pylint: disable=broad-except
            failed.append(e)
    failed = []
    rows = [c for c in kit.cases() if isinstance(c[1], int)]
    threads = [threading.Thread(target=run, args=(rows[i::4],)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, failed


def sizes():
    def get(**fields):
        return kit.request("GET", "/livez", **fields)
    then_next(kit.request("GET", "/" + "a" * 7999), 404)
    once(kit.request("GET", "/" + "a" * 8192), 414, "target-too-long")
    once(kit.request("GET", "/" + "a" * 100000), 414)
    once(kit.request("M" * 100000, "/"), 501)
    once(get(**{"X" * 100000: "a"}), 431, "header-too-large")
    once(get(X="a" * 100000), 431)
    once(get(Cookie="a" * 65536), 431)
    once(get(**{f"X{i}": "" for i in range(10000)}), 431)
    then_next(get(**{f"X{i}": "" for i in range(63)}), 200)
    once(get(**{f"X{i}": "" for i in range(64)}), 431)
    post = kit.request("POST", "/sessions/validate", Transfer_Encoding="chunked")
    once(post + b"5;" + b"a" * 257 + b"\r\n", 400)
    once(post + b"5;" + b"a" * 65536 + b"\r\n", 400)
    once(post + b"0\r\n" + b"X: " + b"a" * 5000 + b"\r\n\r\n", 431)
    once(post + b"10001\r\n" + b"a" * 65537 + b"\r\n0\r\n\r\n", 413)
    once(kit.request("POST", "/", b"a" * 65537), 413)
    once(b"\r\n" * 10000, 400)


def refusals():
    """What is well framed but not for us: status, code, and the next request is the next."""
    path, body = "/sessions/validate", {"access_token": "x"}
    auth = "Bearer " + NODE.api_keys[A]
    for target in ("/a%00", "/a%0d%0aX:", "/a/../b", "//", "/a//b", "/%2e%2e/", "/a%2", "/a%zz", "/%c0%af", "/a\\b"):
        got = kit.talk(NODE.port, kit.request("GET", target) + LAST)
        assert got[0].status == 400 and got[0].json()["code"] == "request-malformed", (target, got)
    then_next(kit.request("GET", "/%252e%252e"), 404)  # decoded once, never twice
    for fields in ({"authorization": auth}, {"X_API_Key": NODE.api_keys[A]}, {"content_type": "application/json"},
                   {"DPoP": "a", "dpop": "b"}, {"X_Tenant_ID": A, "x_tenant_id": A}):
        then_next(kit.request("POST", path, body, Authorization=auth, Content_Type="application/json", **fields), 400, "header-invalid")
    for media in ("text/plain", "application/json; charset=utf-16", "", "application/jsonx"):
        then_next(kit.request("POST", path, body, Authorization=auth, Content_Type=media), 415, "media-type")
    then_next(kit.request("POST", path, body, Authorization=auth, Content_Encoding="gzip"), 415)
    then_next(kit.request("POST", path, Authorization=auth, Content_Length="0"), 415)
    once(kit.request("POST", path, Authorization=auth, Content_Type="application/json"), 411, "length-required")
    once(kit.request("POST", path), 411, "length-required")  # framing comes before the caller
    then_next(kit.request("TRACE", path), 501, "method-unknown")
    then_next(kit.request("PROPFIND", path), 405)
    assert then_next(kit.request("OPTIONS", path), 405).get("Allow") == "POST"
    assert then_next(kit.request("OPTIONS", "*"), 405).get("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE"
    for fields in ({"Upgrade": "websocket", "Connection": "Upgrade"}, {"Upgrade": "h2c"}, {"Upgrade": "x"}):
        then_next(kit.request("GET", "/livez", **fields), 200)
    for i in range(2):  # a token in the query, or in the path, is not a credential
        then_next(kit.request("GET", f"/sessions/{'A' * 21}w?access_token={NODE.api_keys[A]}&a={i}"), 401)


def bodies_where_none_belong():
    """A body that looks like a request is a body; a byte too many is the next request's."""
    for method, want in (("GET", 200), ("HEAD", 200), ("DELETE", 405), ("OPTIONS", 405)):
        then_next(kit.request(method, "/livez", LIVEZ), want)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LIVEZ), LIVEZ)
    then_next(kit.request("GET", "/livez", Transfer_Encoding="chunked") + chunked, 200)
    then_next(kit.request("POST", "/sessions", LIVEZ), 401)
    got = kit.talk(NODE.port, kit.request("GET", "/livez", Content_Length="0") + b"X" + LAST)
    assert [a.status for a in got] == [200, 501], got
    once(kit.request("POST", "/", Content_Length="4", Transfer_Encoding="chunked") + b"0\r\n\r\n", 400)


def expectations():
    path, auth = "/sessions/validate", "Bearer " + NODE.api_keys[A]
    with kit.connect(NODE.port) as s:
        s.sendall(kit.request("POST", path, Authorization=auth, Content_Type="application/json",
                              Content_Length="2", Expect="100-continue", Connection="close"))
        assert s.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        got = kit.answers(kit.to_the_end(s, b"{}"))
        assert [a.status for a in got] == [400] and got[0].json()["code"] == "exactly-one", got
    once(kit.request("POST", path, Content_Length="2", Expect="100-continue"), 401)  # refused: no 100
    old = kit.request("POST", path, b"{}", Authorization=auth, Expect="100-continue").replace(b"HTTP/1.1", b"HTTP/1.0")
    got = kit.talk(NODE.port, old)
    assert [a.status for a in got] == [400], got


def masked(stream):
    return re.sub(rb'Date: [^\r]*|"idle_expires_at":\d+', b"", stream)


def split_points():
    """One worker: after two answers on another connection it has read what came before them."""
    token = NODE.create()["access_token"]
    fields = {"Authorization": "Bearer " + NODE.api_keys[A], "X_Request_Id": "split-test", "Connection": "close"}
    body = b'{"access_token":"%b"}' % token.encode()
    chunks = b"%x\r\n%b\r\n%x;a=b\r\n%b\r\n0\r\nX: y\r\n\r\n" % (7, body[:7], len(body) - 7, body[7:])
    head = kit.request("POST", "/sessions/validate", Transfer_Encoding="chunked", Content_Type="application/json", **fields)
    with kit.connect(NODE.port) as other:
        for data in (kit.request("POST", "/sessions/validate", body, **fields), head + chunks):
            with kit.connect(NODE.port) as s:
                want = masked(kit.to_the_end(s, data))
            assert want.startswith(b"HTTP/1.1 200 ") and b'"valid":true' in want, want
            for at in range(1, len(data)):
                with kit.connect(NODE.port) as s:
                    s.sendall(data[:at])
                    for _ in range(2):
                        other.sendall(LIVEZ)
                        assert other.recv(4096).endswith(b"alive\n")
                    got = masked(kit.to_the_end(s, data[at:]))
                assert got == want, (at, data[:at][-40:], got)


def pipelines():
    token = NODE.create()["access_token"]
    auth = "Bearer " + NODE.api_keys[A]
    kinds = itertools.cycle((("POST", "/sessions/validate", {"access_token": token}, 200), ("GET", "/nothing", None, 404),
                             ("GET", "/sessions/" + "A" * 21 + "w", None, 404),
                             ("POST", "/sessions/validate", {"access_token": "x"}, 401)))
    for n in (2, 16, 1000):
        made = [(f"request-{i:05}", *next(kinds)) for i in range(n)]
        data = b"".join(kit.request(m, p, b, Authorization=auth, X_Request_Id=i) for i, m, p, b, _ in made) + LAST
        got = kit.talk(NODE.port, data, timeout=20)
        assert [(a.get("X-Request-Id"), a.status) for a in got[:-1]] == [(i, w) for i, *_, w in made], n
        assert got[-1].body == b"alive\n"


COMMON = ["Date", "X-Content-Type-Options", "X-Request-Id", "Cache-Control"]


def headers():
    auth = {"Authorization": "Bearer " + NODE.api_keys[A]}
    sid = NODE.create()["session_id"]
    gets = then_next(kit.request("GET", "/sessions/" + sid, X_Request_Id="abcdefgh", **auth), 200)
    head = then_next(kit.request("HEAD", "/sessions/" + sid, X_Request_Id="abcdefgh", **auth), 200)
    drop = {"Date"}
    assert [f for f in head.fields if f[0] not in drop] == [f for f in gets.fields if f[0] not in drop], (gets.fields, head.fields)
    assert int(head.get("Content-Length")) == len(gets.body) and head.get("Content-Type") == "application/json"
    gone = then_next(kit.request("DELETE", "/sessions/" + sid, **auth), 204)
    assert gone.names == COMMON, gone.fields  # neither a length nor a type
    wrong = then_next(kit.request("GET", "/sessions/validate", **auth), 405)
    assert wrong.names == COMMON + ["Content-Type", "Allow", "Content-Length"] and wrong.get("Allow") == "POST", wrong.fields
    who = then_next(kit.request("GET", "/sessions/" + sid), 401)
    assert who.names == COMMON + ["Content-Type", "WWW-Authenticate", "Content-Length"], who.fields
    assert who.get("WWW-Authenticate") == "Bearer" and who.get("Content-Type") == "application/problem+json"
    dead = then_next(kit.request("POST", "/sessions/validate", {"access_token": "x"}, **auth), 401)
    assert dead.get("WWW-Authenticate") == 'Bearer error="invalid_token"', dead.fields
    keys = then_next(kit.request("GET", f"/tenants/{A}/jwks"), 200)
    same = then_next(kit.request("GET", f"/tenants/{A}/jwks", If_None_Match=keys.get("ETag")), 304)
    assert same.get("Content-Length") is None and same.get("ETag") == keys.get("ETag") and same.body == b""
    for a in (gets, head, gone, wrong, who, dead, keys, same):
        assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", a.get("Date")), a.fields
        assert a.get("X-Content-Type-Options") == "nosniff" and a.get("Server") is None
        assert a.get("Cache-Control") == ("public, max-age=300" if a in (keys, same) else "no-store"), a.fields
    for sent in ("short", "a b c d e f", "x" * 129, "<script>ok"):
        assert then_next(kit.request("GET", "/livez", X_Request_Id=sent), 200).get("X-Request-Id") != sent


def lingering_close():
    """A client that goes on sending after its refusal reads the whole answer: no reset takes it away."""
    for data in (kit.request("POST", "/sessions/validate", Content_Length="400000") + b"x" * 400000,
                 b"GET / HTTP/1.1\n\n" + b"x" * 1000000, kit.request("GET", "/", X="a" * 900000),
                 kit.request("POST", "/", Transfer_Encoding="chunked") + b"zz\r\n" + b"x" * 500000):
        with kit.connect(NODE.port) as s:
            s.sendall(data)  # all of it, before the answer is looked at
            got = kit.answers(kit.to_the_end(s))
        assert len(got) == 1 and got[0].status in FRAMING, (data[:60], got)


def main():
    global NODE  # pylint: disable=global-statement
    with harness.Node(workers=1, tenant_lines=kit.FREE) as NODE:
        tests = (table, table_bytewise, sizes, refusals, bodies_where_none_belong, expectations, split_points,
                 pipelines, headers, lingering_close)
        kit.run(NODE, tests)


if __name__ == "__main__":
    main()
