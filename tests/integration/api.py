#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP contract of the main job against the running programs: each route's answers, the order of
checks, every refusal with its code."""
import base64
import json
import socket
import sys

import harness
import raw

A, B = "brand-a", "brand-b"
FREE = "limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 100000 }\n"


class Api:
    def __init__(self, node):
        self.node = node

    def call(self, path, body=None, method="POST", tenant=A, **kw):
        status, headers, text = self.node.request(method, path, body, tenant=tenant, **kw)
        return status, headers, text

    def ok(self, want, path, body=None, method="POST", tenant=A, **kw):
        status, headers, text = self.call(path, body, method, tenant, **kw)
        assert status == want, (path, body, status, text)
        return headers, text

    def bad(self, want, code, path, body=None, method="POST", tenant=A, pointer=None, **kw):
        status, headers, text = self.call(path, body, method, tenant, **kw)
        assert status == want and text["code"] == code, (path, body, status, text)
        assert headers["Content-Type"] == "application/problem+json"
        assert text["type"] == "urn:sessiond:error:" + code and text["status"] == want
        assert text["request_id"] == headers["X-Request-Id"] and text["title"] and text["detail"], text
        if code in ("unknown-field", "field-missing", "field-invalid", "exactly-one"):
            assert text["errors"][0]["detail"], text
        if pointer is not None:
            assert text["errors"][0]["pointer"] == pointer, text
        if want == 401:
            assert headers["WWW-Authenticate"].startswith("Bearer")
        if want in (429, 503):
            assert headers["Retry-After"]
        return text

    def create(self, user="alice", tenant=A, **fields):
        return self.ok(201, "/sessions", {"user_id": user, **fields}, tenant=tenant)[1]

    def valid(self, **token):
        return self.ok(200, "/sessions/validate", token)[1]


def routes(t):
    headers, made = t.ok(201, "/sessions", {
        "user_id": "alice", "scope": "a b", "claims": {"plan": "gold"}, "acr": "mfa", "amr": ["pwd", "otp"],
        "auth_time_at": 1700000000, "ip": "192.0.2.7", "user_agent": "curl", "audience": "api://x",
        "device": {"id": "d1", "name": "phone", "type": "mobile"}})
    sid = made["session_id"]
    assert len(sid) == 22 and headers["Location"].endswith("/sessions/" + sid)
    assert headers["Cache-Control"] == "no-store" and headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers and made["evicted"] == [] and made["token_type"] == "Bearer"
    got = t.valid(access_token=made["access_token"])
    want = {"valid": True, "session_id": sid, "user_id": "alice", "tenant_id": A, "client_id": "web-backend",
            "scope": "a b", "acr": "mfa", "amr": ["pwd", "otp"], "auth_time_at": 1700000000,
            "claims": {"plan": "gold"}, "assurance": "fresh"}
    assert want.items() <= got.items(), got
    claims = json.loads(base64.urlsafe_b64decode(made["access_token"].split(".")[1] + "=="))
    assert claims["iss"] == f"https://id.{A}.example" and claims["tid"] == A and claims["sid"] == sid
    assert 0.94 * 900 <= claims["exp"] - claims["iat"] <= 900
    lacking = t.bad(403, "insufficient-scope", "/sessions/validate", {"access_token": made["access_token"], "scope": "a c"})
    assert lacking["detail"] == "the token lacks the scope c", lacking
    t.bad(401, "token-audience", "/sessions/validate", {"access_token": made["access_token"], "audience": "api://y"})
    t.ok(200, "/sessions/validate", {"access_token": made["access_token"], "audience": "api://x", "scope": "b"})
    headers, shown = t.ok(200, "/sessions/" + sid, method="GET")
    assert shown["status"] == "active" and shown["device"] == {"id": "d1", "name": "phone", "type": "mobile"}
    assert shown["ip"] == "192.0.2.7" and "refresh_token" not in json.dumps(shown) and headers["ETag"]
    _, listed = t.ok(200, "/sessions/user/alice", method="GET")
    assert [s["session_id"] for s in listed["items"]] == [sid] and listed["next_cursor"] is None
    _, new = t.ok(200, f"/sessions/{sid}/refresh", {"refresh_token": made["refresh_token"]})
    long = t.create("remembered", remember_me=True)  # its clock is the longer one, from the first answer on
    _, again = t.ok(200, "/sessions/refresh", {"refresh_token": long["refresh_token"]})
    for token in (long["access_token"], again["access_token"]):
        assert abs(t.valid(access_token=token)["idle_expires_at"] - long["created_at"] - 14 * 86400) < 10
    assert new["session_id"] == sid and "evicted" not in new and new["refresh_token"] != made["refresh_token"]
    other = t.create("bob")
    t.bad(401, "refresh-invalid", f"/sessions/{other['session_id']}/refresh", {"refresh_token": new["refresh_token"]})
    t.ok(204, "/sessions/" + sid, method="DELETE")
    t.ok(204, "/sessions/" + sid, method="DELETE")
    t.bad(401, "session-revoked", "/sessions/validate", {"access_token": new["access_token"]})
    t.bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": new["refresh_token"]})
    assert t.ok(200, "/sessions/" + sid, method="GET")[1]["end_reason"] == "logout"


def forms(t):
    made = t.create()
    token = {"access_token": made["access_token"]}
    t.ok(200, f"/tenants/{A}/sessions/validate", token)
    t.ok(200, f"/tenants/{A}/sessions/validate/", token)
    key = {"Authorization": "Bearer " + t.node.api_keys[A]}
    for headers in (key, {"X-API-Key": t.node.api_keys[A]}):
        t.ok(200, "/sessions/validate", token, tenant=None, headers=headers)
    t.bad(400, "header-invalid", "/sessions/validate", token, tenant=None, headers={**key, "X-API-Key": "sdk_x"})
    t.bad(400, "tenant-mismatch", f"/tenants/{A}/sessions/validate", token, headers={"X-Tenant-ID": B})
    t.bad(400, "tenant-malformed", "/tenants/Brand_A/sessions/validate", token, tenant=None, headers=key)
    t.bad(401, "caller-unauthenticated", "/sessions/validate", token, tenant=None)
    t.bad(401, "caller-unauthenticated", f"/tenants/{A}/sessions/validate", token, tenant=None,
          headers={"Authorization": "Bearer sdk_" + "A" * 43})
    t.bad(404, "route-unknown", "/nothing", {})
    text = t.call("/sessions/validate", method="GET")
    assert text[0] == 405 and text[1]["Allow"] == "POST", text
    text = t.call("/sessions/" + made["session_id"], method="POST", body={})
    assert text[0] == 405 and text[1]["Allow"] == "GET, HEAD, PUT, PATCH, DELETE", text[1]["Allow"]
    status, headers, body = t.call("/sessions/" + made["session_id"], method="HEAD")
    assert status == 200 and body == "" and int(headers["Content-Length"]) > 100
    status, headers, _ = t.call(f"/tenants/{A}/jwks", method="GET", tenant=None)
    assert status == 200 and headers["Content-Type"] == "application/jwk-set+json"
    assert headers["Cache-Control"] == "public, max-age=300"
    status, _, _ = t.call(f"/tenants/{A}/.well-known/jwks.json", method="GET", tenant=None,
                          headers={"If-None-Match": headers["ETag"]})
    assert status == 304
    for held in ("*", "W/" + headers["ETag"], '"x", ' + headers["ETag"]):
        assert t.call(f"/tenants/{A}/jwks", method="GET", tenant=None, headers={"If-None-Match": held})[0] == 304, held
    t.bad(404, "tenant-unknown", "/tenants/nobody/jwks", method="GET", tenant=None)
    assert t.call("/livez", method="GET", tenant=None)[0] == 200
    assert t.call("/readyz", method="GET", tenant=None)[0] == 200
    assert t.call("/health", method="GET", tenant=None)[2]["status"] == "ok"
    assert t.call("/metrics", method="GET", tenant=None)[0] == 404  # on the admin listener alone
    assert "sessiond_validate_total" in t.call("/metrics", method="GET", tenant=None, port=t.node.admin_port)[2]
    t.ok(200, "/sessions/validate", token, headers={"X-Request-Id": "trace-me-1234"})
    assert t.ok(200, "/sessions/validate", token, headers={"X-Request-Id": "trace-me-1234"})[0]["X-Request-Id"] == "trace-me-1234"


def key_of_two_tenants(t):
    """Says with each request for which of them it calls."""
    key, line = harness.new_api_key()
    for tenant, permissions in ((A, "[sessions:list]"), (B, "[sessions:list, sessions:create]")):
        text = t.node.tenant_text(tenant, lines=FREE).replace(
            "clients:\n", f"clients:\n  - {{ id: both, key_hashes: [ \"{line}\" ], permissions: {permissions} }}\n", 1)
        t.node.write(f"tenants.d/{tenant}.yaml", text)
    failed, report = t.node.reload()
    assert not failed, report
    mine = {"Authorization": "Bearer " + key}
    t.bad(400, "tenant-required", "/sessions", method="GET", tenant=None, headers=mine)
    for tenant, want in ((A, 403), (B, 201)):
        for path, more in ((f"/tenants/{tenant}/sessions", {}), ("/sessions", {"X-Tenant-ID": tenant})):
            t.ok(200, path, method="GET", tenant=None, headers={**mine, **more})
            t.ok(want, path, {"user_id": "of-two"}, tenant=None, headers={**mine, **more})
    t.bad(404, "tenant-unknown", "/tenants/nobody/sessions", method="GET", tenant=None, headers=mine)
    for tenant in (A, B):
        t.node.write(f"tenants.d/{tenant}.yaml", t.node.tenant_text(tenant, lines=FREE))
    assert not t.node.reload()[0]


def isolation(t):
    mine, theirs = t.create(), t.create(tenant=B)
    t.bad(404, "tenant-unknown", f"/tenants/{B}/sessions/validate", {"access_token": theirs["access_token"]}, tenant=None,
          headers={"Authorization": "Bearer " + t.node.api_keys[A]})
    unknown = t.bad(404, "session-unknown", "/sessions/" + "A" * 21 + "w", method="GET")
    foreign = t.bad(404, "session-unknown", "/sessions/" + theirs["session_id"], method="GET")
    assert {k: v for k, v in unknown.items() if k != "request_id"} == {k: v for k, v in foreign.items() if k != "request_id"}
    t.bad(401, "token-signature", "/sessions/validate", {"access_token": theirs["access_token"]})
    t.bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": theirs["refresh_token"]})
    for body in ({"session_id": theirs["session_id"]}, {"access_token": theirs["access_token"]},
                 {"refresh_token": theirs["refresh_token"]}, {"user_id": "nobody"}):
        assert t.ok(200, "/sessions/revoke", body)[1]["revoked"] == 0
    t.ok(204, "/sessions/" + theirs["session_id"], method="DELETE")
    t.ok(200, "/sessions/validate", {"access_token": theirs["access_token"]}, tenant=B)
    t.ok(200, "/sessions/validate", {"access_token": mine["access_token"]})


def bodies(t):
    v = "/sessions/validate"
    t.bad(415, "media-type", v, "{}", headers={"Content-Type": "text/plain"})
    t.bad(415, "media-type", v, "{}", headers={"Content-Type": "application/json; charset=utf-16"})
    t.bad(400, "field-invalid", v, b"[]", headers={"Content-Type": "application/json"})  # JSON, but not an object
    for text in ("", "{", "{} x", '{"a":1,"a":2}', '{"access_token":"x","access_\\u0074oken":"y"}', '{"a":01}',
                 "{'a':1}", '{"a":NaN}', "[" * 100, '{"a":"\\ud800"}', '\ufeff{}'):
        t.bad(400, "json-malformed", v, text.encode(), headers={"Content-Type": "application/json"})
    t.bad(400, "unknown-field", v, {"access_token": "x", "acces": 1}, pointer="/acces")
    assert t.bad(400, "exactly-one", v, {}, pointer="")["detail"] == "give exactly one of access_token, session_token"
    assert "user_agent" in t.bad(400, "unknown-field", "/sessions", {"user_id": "u", "agent": "x"}, pointer="/agent")["detail"]
    t.bad(400, "exactly-one", v, {"access_token": "x", "session_token": "y"})
    t.bad(400, "field-invalid", v, {"access_token": 5}, pointer="/access_token")
    t.bad(400, "field-missing", "/sessions", {"scope": "a"}, pointer="/user_id")
    for name, value in (("user_id", ""), ("user_id", "a\u0001"), ("user_id", "a\u0085b"), ("user_id", "x" * 257), ("scope", "a  b"),
                        ("claims", {"sub": "mallory"}), ("claims", []), ("amr", "pwd"), ("amr", [1]), ("ip", "localhost"),
                        ("mode", "both "), ("client_id", "stranger"), ("auth_time_at", 99999999999), ("auth_time_at", 1.5),
                        ("device", {"id": "a b"}), ("remember_me", "yes"), ("replaces", "nothing"), ("audience", [""])):
        code = t.bad(400, "field-invalid", "/sessions", {"user_id": "u", name: value})
        assert code["errors"][0]["pointer"].startswith("/" + name), code
        assert code["detail"].startswith((name + " ", name + ".id ")), code
    t.bad(400, "unknown-field", "/sessions", {"user_id": "u", "device": {"id": "d", "i/d": "x"}}, pointer="/device/i~1d")
    t.bad(400, "field-invalid", "/sessions", {"user_id": "u", "device": {"type": "a b"}}, pointer="/device/type")
    foreign = t.create(tenant=B, mode="cookie")["session_token"]  # a cookie that is not ours replaces nothing
    assert t.create("u", replaces=foreign)["session_id"]
    assert t.ok(200, "/sessions/validate", {"session_token": foreign}, tenant=B)[1]["valid"]
    t.bad(400, "header-invalid", "/sessions", {"user_id": "u"}, headers={"Idempotency-Key": "k" * 129})
    t.bad(400, "field-invalid", "/sessions/revoke", {"before_at": 99999999999})
    t.bad(400, "field-invalid", "/sessions/revoke", {"session_id": "x"})
    t.bad(400, "field-invalid", "/sessions/revoke", {"session_id": "A" * 21 + "w", "except_session_id": "A" * 21 + "w"})
    t.bad(400, "exactly-one", "/sessions/revoke", {"session_id": "A" * 21 + "w", "user_id": "u"})
    t.bad(400, "cursor-invalid", "/sessions/user/alice?cursor=xx", method="GET")
    assert t.bad(400, "field-invalid", "/sessions/user/alice?limit=501", method="GET")["detail"] == "limit must be 1 to 500"
    with socket.create_connection(("127.0.0.1", t.node.port)) as s:  # no length at all
        s.sendall((f"POST {v} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {t.node.api_keys[A]}\r\n"
                   "Content-Type: application/json\r\n\r\n").encode())
        assert raw.answer(s)[0] == 411
    with socket.create_connection(("127.0.0.1", t.node.port)) as s:
        s.sendall(f"POST {v} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n".encode())
        assert raw.answer(s)[0] == 413
    with socket.create_connection(("127.0.0.1", t.node.port)) as s:  # refused before the body is sent
        s.sendall(f"POST {v} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n".encode())
        assert raw.answer(s)[0] == 401


def tokens(t):
    made = t.create()
    head, payload, signature = made["access_token"].split(".")

    def enc(obj):
        return base64.urlsafe_b64encode(json.dumps(obj).encode()).rstrip(b"=").decode()

    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    for change in ({"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256", "jwk": {}}, {"typ": "JWT"}, {"crit": ["x"]},
                   {"kid": None}, {"jku": "http://127.0.0.1/"}):
        t.bad(401, "token-malformed", "/sessions/validate", {"access_token": f"{enc({**header, **change})}.{payload}.{signature}"})
    for change in ({"alg": "ES256"}, {"alg": "PS256"}, {"kid": "A" * 43}):
        t.bad(401, "token-signature", "/sessions/validate", {"access_token": f"{enc({**header, **change})}.{payload}.{signature}"})
    for text in (f"{head}.{payload}.", f"{head}.{payload}", f"{head}.{payload}.{signature}=", f" {made['access_token']}",
                 "a.b.c", ".", "..", "x" * 9000, f"{head}.{payload}.{signature}.x"):
        t.bad(401, "token-malformed", "/sessions/validate", {"access_token": text})
    flipped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    t.bad(401, "token-signature", "/sessions/validate", {"access_token": f"{head}.{payload}.{flipped}"})
    t.bad(401, "token-malformed", "/sessions/validate", {"session_token": "sds_short"})
    old = made["refresh_token"]
    changed = old[:40] + ("A" if old[40] != "A" else "B") + old[41:]
    t.bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": changed})
    t.bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": made["access_token"]})
    t.ok(200, "/sessions/validate", {"access_token": made["access_token"]})


def cookies(t):
    headers, made = t.ok(201, "/sessions", {"user_id": "carol", "mode": "cookie"})
    assert "access_token" not in made and made["session_token"].startswith("sds_")
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=" + made["session_token"] + "; Path=/; Secure; HttpOnly; SameSite=Lax"), cookie
    first = t.valid(session_token=made["session_token"])
    assert first["assurance"] == "store" and first["user_id"] == "carol"
    seen = {t.valid(session_token=made["session_token"])["assurance"] for _ in range(12)}
    assert "fresh" in seen  # each of two workers reads the store once
    _, new = t.ok(201, "/sessions", {"user_id": "carol", "mode": "both", "replaces": made["session_token"]})
    assert {"access_token", "refresh_token", "session_token"} <= new.keys()
    t.bad(401, "session-revoked", "/sessions/validate", {"session_token": made["session_token"]})
    ended = [a for a in t.node.audit() if a["event"] == "session.ended" and a["session_id"] == made["session_id"]]
    assert [a["reason"] for a in ended] == ["replaced"], ended
    _, other = t.ok(201, "/sessions", {"user_id": "dave", "replaces": new["session_id"]})
    t.bad(401, "session-revoked", "/sessions/validate", {"session_token": new["session_token"]})
    t.bad(401, "session-revoked", "/sessions/validate", {"access_token": new["access_token"]})
    assert t.ok(200, "/sessions/revoke", {"access_token": other["access_token"]})[1]["revoked"] == 1


def revocations(t):
    def dead(made):
        t.bad(401, "session-revoked", "/sessions/validate", {"access_token": made["access_token"]})

    for field in ("session_id", "access_token", "refresh_token"):
        made = t.create("erin")
        _, answer = t.ok(200, "/sessions/revoke", {field: made[field], "reason": "logout"})
        assert answer["revoked"] == 1 and len(answer["log_position"].split(":")[0]) == 2
        assert t.ok(200, "/sessions/revoke", {field: made[field]})[1]["revoked"] == 0
        dead(made)
    many = [t.create("frank", device={"id": f"d{i % 2}"}) for i in range(4)]
    assert t.ok(200, "/sessions/revoke", {"user_id": "frank", "device_id": "d1"})[1]["revoked"] == 2
    dead(many[1])
    t.bad(400, "field-missing", "/sessions/revoke", {"device_id": "d1"})
    keep = many[2]["session_id"]
    assert t.ok(200, "/sessions/revoke", {"user_id": "frank", "except_session_id": keep})[1]["revoked"] == 1
    t.valid(access_token=many[2]["access_token"])
    assert t.ok(200, "/sessions/user/frank", method="DELETE")[1]["revoked"] == 1
    dead(many[2])
    made = t.create("grace", tenant=B)
    _, answer = t.ok(200, "/sessions/revoke", {"client_id": "web-backend"}, tenant=B)
    assert answer["revoked"] is None and answer["log_position"]
    t.bad(401, "token-revoked", "/sessions/validate", {"access_token": made["access_token"]}, tenant=B)
    t.bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": made["refresh_token"]}, tenant=B)


def limits(t):
    made = [t.create("heidi") for _ in range(7)]
    assert [len(m["evicted"]) for m in made] == [0, 0, 0, 0, 0, 1, 1]
    assert made[5]["evicted"] == [made[0]["session_id"]]
    t.bad(401, "session-revoked", "/sessions/validate", {"access_token": made[0]["access_token"]})
    assert t.ok(200, "/sessions/" + made[1]["session_id"], method="GET")[1]["end_reason"] == "limit"
    _, page = t.ok(200, "/sessions/user/heidi?limit=3", method="GET")
    seen = [s["session_id"] for s in page["items"]]
    while page["next_cursor"]:
        _, page = t.ok(200, "/sessions/user/heidi?limit=3&cursor=" + page["next_cursor"], method="GET")
        seen += [s["session_id"] for s in page["items"]]
    assert seen == [m["session_id"] for m in reversed(made)], (seen, made)
    for i in range(2):
        t.create("ivan", tenant="brand-c")
    t.bad(409, "session-limit", "/sessions", {"user_id": "ivan"}, tenant="brand-c")
    t.bad(403, "permission-missing", "/sessions/revoke", {"user_id": "ivan"}, tenant="brand-d")


def main():
    with harness.Node(workers=2, tenants=(A, B), tenant_lines=FREE, start=False) as node:
        node.add_tenant("brand-c", FREE + "sessions: { max_per_user: 2, on_limit: reject }\n")
        node.add_tenant("brand-d", FREE)
        text = node.tenant_text("brand-d", lines=FREE).replace("sessions:revoke", "sessions:refresh").replace(
            "sessions:refresh, sessions:refresh", "sessions:refresh")
        node.write("tenants.d/brand-d.yaml", text)
        node.start()
        t = Api(node)
        for test in (routes, forms, key_of_two_tenants, isolation, bodies, tokens, cookies, limits, revocations):
            test(t)
            print("ok", test.__name__)
        assert not [r for r in node.logs() if r["level"] == "error"], node.log_tail()


if __name__ == "__main__":
    sys.exit(main())
