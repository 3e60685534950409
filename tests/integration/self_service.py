#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A user's own routes: his access token is the only credential, and only what is his is in reach."""
import hashlib
import os
import time

import harness

NODE = None
TENANT_LINES = "sessions: { max_per_user: 50 }\n"
SELF = "/api/v1/auth/"


def call(method, path, token=None, body=None, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    if token:
        headers["Authorization"] = "Bearer " + token
    return NODE.request(method, SELF + path, body, headers=headers)


def records(event, name, n=1):
    """At least n records of a user's, in their order in time; they come a moment after the answer."""
    def found():
        rows = [r for r in NODE.audit() if r["event"] == event and r["user_id"] == name]
        return sorted(rows, key=lambda r: r["ts"]) if len(rows) >= n else None
    return harness.wait_for(found, why=event)


def user():
    """A user of one test."""
    return "u-" + harness.b64url(os.urandom(9))


def sids(answer):
    status, _, body = answer
    assert status == 200, answer
    return [s["session_id"] for s in body["items"]]


STRANGER = "Send a valid API key or token"


def refused(answer, detail=None):
    status, headers, body = answer
    assert status == 401 and body["code"] == "caller-unauthenticated", answer
    assert headers["WWW-Authenticate"] == "Bearer", headers
    assert detail is None or body["detail"].startswith(detail), body


def test_list_marks_the_current_one():
    name = user()
    a, b = NODE.create(name), NODE.create(name, mode="cookie")
    NODE.create(user())
    status, _, body = call("GET", "sessions", a["access_token"])
    assert status == 200 and body["next_cursor"] is None, body
    current = {s["session_id"]: s["current"] for s in body["items"]}
    assert current == {a["session_id"]: True, b["session_id"]: False}, body
    assert all(s["user_id"] == name and s["status"] == "active" for s in body["items"])
    first = call("GET", "sessions?limit=1", a["access_token"])
    assert sids(first) == [b["session_id"]]
    rest = call("GET", "sessions?limit=1&cursor=" + first[2]["next_cursor"], a["access_token"])
    assert sids(rest) == [a["session_id"]]
    for query, code in (("limit=0", "field-invalid"), ("cursor=x", "cursor-invalid"), ("user_id=x", "unknown-field")):
        status, _, body = call("GET", "sessions?" + query, a["access_token"])
        assert status == 400 and body["code"] == code, body


def test_tenants():
    a = NODE.create(user())
    token = a["access_token"]
    for headers in ({}, {"X_Tenant_ID": "brand-a"}):
        assert sids(call("GET", "sessions", token, **headers)) == [a["session_id"]]
    bearer = {"Authorization": "Bearer " + token}
    assert sids(NODE.request("GET", "/tenants/brand-a" + SELF + "sessions", headers=bearer)) == [a["session_id"]]
    answers = [call("GET", "sessions", token, X_Tenant_ID=t, X_Request_ID="same-for-both") for t in ("brand-b", "nobody")]
    assert answers[0][0] == 404 and answers[0][2] == answers[1][2] and answers[0][2]["code"] == "tenant-unknown", answers
    assert NODE.request("GET", "/tenants/brand-b" + SELF + "sessions", headers=bearer)[0] == 404
    status, _, body = NODE.request("GET", "/tenants/brand-a" + SELF + "sessions",
                                   headers={**bearer, "X-Tenant-ID": "brand-b"})
    assert status == 400 and body["code"] == "tenant-mismatch"


ROUTES = (("GET", "sessions", None), ("POST", "sessions/refresh", {"refresh_token": "sdr_x"}),
          ("POST", "sessions/revoke", {"all": True}), ("GET", "devices", None), ("GET", "export", None))


def test_credentials():
    a, b = NODE.create(user(), mode="both"), NODE.create(user(), "brand-b")
    head, payload, signature = a["access_token"].split(".")
    forged = ".".join((head, payload, b["access_token"].split(".")[2]))
    for method, path, body in ROUTES:
        refused(call(method, path, None, body), STRANGER)
        for wrong in ("x", NODE.api_keys["brand-a"], a["session_token"], a["refresh_token"], forged, head + "." + payload + "."):
            refused(call(method, path, wrong, body), STRANGER)
        refused(call(method, path, None, body, Authorization="Basic eDp5"), STRANGER)
        status, _, answer = call(method, path, a["access_token"], body, X_API_Key=NODE.api_keys["brand-a"])
        assert status == 400 and answer["code"] == "header-invalid"
        if body:  # the caller before the body, and it is JSON
            refused(NODE.request(method, SELF + path, "{", headers={"Content-Type": "text/plain"}), STRANGER)
            status, _, answer = NODE.request(method, SELF + path, "{", headers={
                "Authorization": "Bearer " + a["access_token"], "Content-Type": "text/plain"})
            assert status == 415, answer
    assert signature  # and a user's token opens no route of clients
    status, _, answer = NODE.request("GET", "/sessions/" + a["session_id"],
                                     headers={"Authorization": "Bearer " + a["access_token"]})
    assert status == 401 and answer["code"] == "caller-unauthenticated"
    kept = records("caller.refused", None)
    assert kept and all(r["outcome"] == "refused" for r in kept)


def test_an_ended_session_calls_no_more():
    name = user()
    a, b = NODE.create(name), NODE.create(name)
    assert NODE.request("DELETE", "/sessions/" + a["session_id"], tenant="brand-a")[0] == 204
    for method, path, body in ROUTES:
        if path == "sessions/refresh":
            status, _, answer = call(method, path, a["access_token"], {"refresh_token": a["refresh_token"]})
            assert status == 401 and answer["code"] == "refresh-invalid", answer
        else:
            refused(call(method, path, a["access_token"], body), "session-revoked")
    assert sids(call("GET", "sessions", b["access_token"])) == [b["session_id"]]


def test_refresh_with_an_expired_token():
    a, other = NODE.create(user(), "short"), NODE.create(user(), "short")
    harness.wait_for(lambda: time.time() > a["created_at"] + 2.2, why="expiry")
    refused(call("GET", "sessions", a["access_token"]), "token-expired")
    status, _, body = call("POST", "sessions/refresh", a["access_token"], {"refresh_token": other["refresh_token"]})
    assert status == 401 and body["code"] == "refresh-invalid", body  # another's session
    refused(call("POST", "sessions/refresh", None, {"refresh_token": a["refresh_token"]}))
    status, _, body = call("POST", "sessions/refresh", a["access_token"], {"refresh_token": a["refresh_token"]})
    assert status == 200 and body["session_id"] == a["session_id"], body
    assert body["refresh_token"] != a["refresh_token"]
    record = records("session.refreshed", body["user_id"])[-1]
    assert record["actor"] == {"type": "user", "id": body["user_id"]}, record


def valid(session):
    return NODE.validate(session["access_token"])[0]


def revoke(session, body):
    status, _, answer = call("POST", "sessions/revoke", session["access_token"], body)
    assert status == 200, answer
    return answer


def test_revoke():
    name = user()
    one, two, three, four = (NODE.create(name) for _ in range(4))
    foreign = NODE.create(user())
    assert valid(one) == valid(foreign) == 200
    unknown = harness.b64url(b"\0" * 16)
    for sid in (foreign["session_id"], unknown, NODE.create("x", "brand-b")["session_id"]):
        assert revoke(one, {"session_id": sid}) == {"revoked": 0, "log_position": None}
    assert valid(foreign) == 200
    answer = revoke(one, {"session_id": two["session_id"]})
    assert answer["revoked"] == 1 and answer["log_position"], answer
    assert [valid(two) for _ in range(8)] == [401] * 8  # every worker
    assert revoke(one, {"session_id": two["session_id"]})["revoked"] == 0
    assert revoke(one, {"others": True})["revoked"] == 2
    assert [valid(s) for s in (one, three, four, foreign)] == [200, 401, 401, 200]
    assert revoke(one, {"session_id": one["session_id"]})["revoked"] == 1
    refused(call("GET", "sessions", one["access_token"]), "session-revoked")
    five, six = NODE.create(name), NODE.create(name)
    assert revoke(five, {"all": True})["revoked"] == 2
    assert [valid(s) for s in (five, six, foreign)] == [401, 401, 200]
    found = records("session.ended", name, 6)  # one for each that ended; of several the newest first
    assert [(r["reason"], r["session_id"]) for r in found] == [("user", s["session_id"]) for s in (two,)] + [
        ("user", s["session_id"]) for s in (four, three)] + [("logout", one["session_id"])] + [
        ("user", s["session_id"]) for s in (six, five)], found
    assert all(r["actor"] == {"type": "user", "id": name} for r in found)


def test_a_neighbour_in_the_same_partition():
    """Its id lies where the caller's do: only the record says whose it is."""
    def partition(name):
        return hashlib.sha256(b"brand-a\0" + name.encode()).digest()[0]
    one = user()
    other = next(name for name in iter(user, None) if partition(name) == partition(one))
    mine, theirs = NODE.create(one), NODE.create(other)
    assert revoke(mine, {"session_id": theirs["session_id"]})["revoked"] == 0
    status, _, body = NODE.request("GET", "/sessions/" + theirs["session_id"], tenant="brand-a")
    assert status == 200 and body["status"] == "active"


def test_revoke_bodies():
    token = NODE.create(user())["access_token"]
    for body, code in (({}, "exactly-one"), ({"all": True, "others": True}, "exactly-one"), ({"all": False}, "field-invalid"),
                       ({"others": "yes"}, "field-invalid"), ({"session_id": "x"}, "field-invalid"),
                       ({"user_id": "x"}, "unknown-field"), ({"all": True, "reason": "admin"}, "unknown-field")):
        status, _, answer = call("POST", "sessions/revoke", token, body)
        assert status == 400 and answer["code"] == code, (body, answer)
    assert sids(call("GET", "sessions", token))


def test_devices_and_export():
    name = user()
    a = NODE.create(name, device={"id": "phone", "name": "My phone", "type": "mobile"})
    b = NODE.create(name, device={"id": "tv"})
    c = NODE.create(name, device={"id": "phone"})
    NODE.create(user(), device={"id": "foreign"})
    status, _, body = call("GET", "devices", a["access_token"])
    assert status == 200, body
    got = {d["device_id"]: (d["sessions"], d["current"]) for d in body["items"]}
    assert got == {"phone": (2, True), "tv": (1, False)}, body
    _, _, first = call("GET", "devices?limit=1", a["access_token"])
    _, _, rest = call("GET", "devices?limit=1&cursor=" + first["next_cursor"], a["access_token"])
    assert first["items"] + rest["items"] == body["items"] and rest["next_cursor"] is None, (first, rest)
    for query, code in (("limit=501", "field-invalid"), ("cursor=x", "cursor-invalid"), ("name=x", "unknown-field")):
        status, _, text = call("GET", "devices?" + query, a["access_token"])
        assert (status, text["code"]) == (400, code), text
    revoke(a, {"session_id": b["session_id"]})
    status, _, body = call("GET", "devices", a["access_token"])
    assert {d["device_id"]: d["sessions"] for d in body["items"]} == {"phone": 2, "tv": 0}, body  # it stays known
    status, _, body = call("GET", "export", a["access_token"])
    assert status == 200 and body["user_id"] == name and body["tenant_id"] == "brand-a", body
    state = {s["session_id"]: s["status"] for s in body["sessions"]}
    assert state == {a["session_id"]: "active", b["session_id"]: "ended", c["session_id"]: "active"}, body
    assert body["next_cursor"] is None and "data" not in body, body
    for word in (a["refresh_token"], "hash", "secret"):
        assert word not in str(body)
    record = records("data.exported", name)[-1]
    assert record["user_id"] == name and record["actor"] == {"type": "user", "id": name}, record


def test_export_has_the_data():
    """In pages: forty sessions with ten thousand bytes each are more than one holds."""
    name = user()
    made = [NODE.create(name, data={"n": n, "fill": "x" * 10000}) for n in range(40)]
    status, _, body = NODE.request("PUT", f"/users/{name}/data", {"data": {"theme": "dark"}}, "brand-a")
    assert status in (200, 201), body
    got, cursor, pages = {}, None, 0
    while pages == 0 or cursor:
        status, _, body = call("GET", "export" + (f"?cursor={cursor}" if cursor else ""), made[0]["access_token"])
        assert status == 200 and body["data"] == {"theme": "dark"}, body
        for s in body["sessions"]:
            assert s["session_id"] not in got and len(s["data"]["fill"]) == 10000
            got[s["session_id"]] = s["data"]["n"]
        cursor, pages = body["next_cursor"], pages + 1
    assert got == {s["session_id"]: n for n, s in enumerate(made)} and pages >= 3, (len(got), pages)
    for query, code in (("cursor=x", "cursor-invalid"), ("limit=5", "unknown-field")):
        status, _, body = call("GET", "export?" + query, made[0]["access_token"])
        assert status == 400 and body["code"] == code, body


def test_a_client_that_asks_before_it_sends():
    a = NODE.create(user())
    body = b'{"all":true}'
    with harness.socket.create_connection(("127.0.0.1", NODE.port), timeout=10) as s:
        s.sendall((f"POST {SELF}sessions/revoke HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {a['access_token']}\r\n"
                   f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
                   f"Connection: close\r\n\r\n").encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 100 "), "no welcome"
        s.sendall(body)
        answer = b"".join(iter(lambda: s.recv(4096), b""))
    assert b'"revoked":1' in answer, answer
    refused(call("GET", "sessions", a["access_token"]), "session-revoked")


def test_the_store_away():
    """What cannot be known is not answered, and it is no 401: the user is not logged out by an outage."""
    a = NODE.create(user())
    NODE.kill("redis", harness.signal.SIGSTOP)
    try:
        for method, path, body in ROUTES:
            body = {"refresh_token": a["refresh_token"]} if path == "sessions/refresh" else body
            status, headers, answer = call(method, path, a["access_token"], body)
            assert status == 503 and headers["Retry-After"], answer
    finally:
        NODE.kill("redis", harness.signal.SIGCONT)
    NODE.wait(lambda: call("GET", "sessions", a["access_token"])[0] == 200, 20, "the store is back")


if __name__ == "__main__":
    with harness.Node(tenants=("brand-a", "brand-b"), tenant_lines=TENANT_LINES) as NODE:
        NODE.add_tenant("short", TENANT_LINES + "tokens: { access_ttl: 2s, jitter: 0% }\n")
        assert not NODE.reload()[0]
        harness.main([
            test_list_marks_the_current_one, test_tenants, test_credentials, test_an_ended_session_calls_no_more,
            test_refresh_with_an_expired_token, test_revoke, test_a_neighbour_in_the_same_partition, test_revoke_bodies,
            test_devices_and_export, test_export_has_the_data, test_a_client_that_asks_before_it_sends, test_the_store_away])
