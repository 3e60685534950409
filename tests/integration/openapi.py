#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The running server against docs/openapi.yaml, both ways: each operation is called, each answer must
be as documented, and each documented property must have been seen; each documented query parameter
is understood, and one that is not documented is refused."""
import http.client
import json
import os
import sys
import time
import urllib.parse

import harness

sys.path.insert(0, os.path.join(harness.TOP, "tests", "support"))
import mmdb  # noqa: E402  pylint: disable=wrong-import-position
import openapi  # noqa: E402  pylint: disable=wrong-import-position

TENANT = "brand-a"
LINES = """sharing: { clients: [partner] }
sessions: { max_per_user: 3 }
limits: { create_per_second: 100000 }
devices: { trust: { known: { idle_timeout: 5m, max_per_user: 50, step_up: "2" } } }
"""
# Properties that only a failure elsewhere shows.
UNSEEN = {"Revoked.pending": "a node that does not confirm in time; nodes.py has one",
          "Validated.session_token": "a session token that has been in use for long; life.py has one"}


class Caller:
    def __init__(self, node):
        self.node, self.spec, self.called = node, openapi.Openapi(harness.TOP), set()
        self.operations = {(m, p): (op, params) for m, p, op, params in self.spec.operations()}

    def __call__(self, method, path, body=None, query="", want=None, headers=None, key=None, port=None, **names):
        """Calls an operation by its documented path; the answer must be one of its own."""
        op, _ = self.operations[method, path]
        target = path.format(tenant=TENANT, **{k: urllib.parse.quote(v, safe="") for k, v in names.items()})
        sent = dict(headers or {})
        sent.setdefault("Authorization", "Bearer " + (key or self.node.api_keys[TENANT]))
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        deadline = time.monotonic() + 20
        while True:
            status, got, text = self.node.request(method, target + query, body, headers=sent, port=port)
            if status != 503 or want == 503 or time.monotonic() > deadline:
                break
        assert want is None or status == want, (method, target, status, text)
        documented = op["responses"].get(str(status), op["responses"].get("default"))
        assert documented, (method, path, status, "is not documented")
        self.held_against(self.spec.at(documented)[0], got, text, f"{method} {path} {status}")
        if status < 400:
            self.called.add((method, path))
        return text, got

    def held_against(self, response, headers, text, where):
        for name in response.get("headers", {}):
            if name in ("ETag", "Location", "WWW-Authenticate"):
                assert name in headers, (where, name)
        if "content" not in response:
            assert not text, (where, text)
            return
        kind = (headers.get("Content-Type") or "").split(";")[0]
        assert kind in response["content"], (where, kind)
        schema = response["content"][kind]["schema"]
        values = [json.loads(line) for line in text.splitlines()] if kind == "application/x-ndjson" else [text]
        if kind.endswith("json"):
            for v in values:
                wrong = self.spec.fits(v, schema, where, where)
                assert not wrong, wrong


def full_session(call, mode="both"):
    body = {"user_id": "alice/1", "audience": ["a", "b"], "scope": "read write", "claims": {"plan": "x"}, "acr": "2",
            "amr": ["pwd"], "auth_time_at": int(time.time()) - 5, "remember_me": True, "ip": "192.0.2.7",
            "user_agent": "Mozilla/5.0", "mode": mode, "data": {"cart": [1]},
            "device": {"id": "d1", "name": "phone", "type": "mobile", "fingerprint": "f", "trust": "known"}}
    return call("POST", "/tenants/{tenant}/sessions", body, want=201)[0]


def sessions(call):
    t = "/tenants/{tenant}/sessions"
    made = full_session(call)
    call("POST", t + "/validate", {"access_token": made["access_token"], "scope": "read", "audience": "a"}, want=200)
    call("POST", t + "/validate", {"session_token": made["session_token"]}, want=200)
    call("POST", t + "/validate", {"access_token": "x"}, want=401)
    call("POST", t, {"user_id": "u", "no_such": 1}, want=400)
    new = call("POST", t + "/refresh", {"refresh_token": made["refresh_token"]}, want=200)[0]
    call("POST", t + "/{id}/refresh", {"refresh_token": new["refresh_token"]}, want=200, id=made["session_id"])
    for _ in range(3):  # one more than there may be
        last = full_session(call)
    again = call("POST", t + "/{id}/regenerate", id=last["session_id"], want=201)[0]
    call("POST", t + "/{id}/touch", id=again["session_id"], want=200)
    call("GET", t + "/{id}", id=last["session_id"], want=200)
    call("GET", t + "/{id}", id=again["session_id"], want=200)
    code = call("POST", t + "/{id}/share", {"client_id": "partner"}, id=again["session_id"], want=201)[0]["code"]
    child = call("POST", t + "/redeem", {"code": code}, want=201, key=call.node.api_keys["partner"])[0]
    call("GET", t, query="?limit=1", want=200)
    call("GET", t + "/user/{user}", user="alice/1", want=200)
    call("GET", t + "/export", want=200)
    for one in (last, again):
        call("GET", t + "/{id}/explain", id=one["session_id"], want=200)
    call("POST", "/tenants/{tenant}/policy/preview", {"sessions": {"max_per_user": 1, "idle_timeout": "10m"}, "tenant": "x"}, want=200)
    call("POST", "/tenants/{tenant}/policy/preview", {"sessions": {"idle": 1}}, want=400)
    call("POST", t + "/revoke", {"session_id": again["session_id"], "reason": "admin"}, want=200)
    call("POST", t + "/revoke", {"client_id": "partner"}, query="?wait=nodes&timeout_in=5", want=200)
    call("GET", t + "/{id}/explain", id=child["session_id"], want=200)
    call("DELETE", t + "/user/{user}", user="alice/1", want=200)
    call("DELETE", t + "/{id}", id=made["session_id"], want=204)


def data(call):
    one = "/tenants/{tenant}/sessions/{id}"
    made = full_session(call, "token")
    _, got = call("PUT", one, {"data": {"a": 1}}, id=made["session_id"], want=200)
    call("PATCH", one, {"data": {"b": 2}}, id=made["session_id"], want=200, headers={"If-Match": got["ETag"]})
    call("PATCH", one, {"data": {"b": 2}}, id=made["session_id"], want=412, headers={"If-Match": got["ETag"]})
    lock = call("POST", one + "/lock", {"ttl_in": 60}, id=made["session_id"], want=201)[0]
    call("PUT", one, {"data": {}}, id=made["session_id"], want=423)
    call("DELETE", one + "/lock", id=made["session_id"], want=204, headers={"X-Lock-Token": lock["lock_token"]})
    shared = "/tenants/{tenant}/users/{user}/data"
    call("PUT", shared, {"data": {"theme": "dark"}}, user="alice/1", want=200)
    call("GET", shared, user="alice/1", want=200)


def devices(call):
    every = "/tenants/{tenant}/users/{user}/devices"
    one = every + "/{id}"
    call("POST", every, {"id": "d9", "name": "tv", "type": "tv", "trust": "low", "data": {"a": 1}}, user="alice/1", want=201)
    call("POST", every, {"device_id": "d9", "trust": "high"}, user="alice/1", want=200)
    full_session(call, "token")  # its device becomes known
    call("GET", every, user="alice/1", want=200)
    call("GET", one, user="alice/1", id="d9", want=200)
    call("PUT", one, {"name": "new"}, user="alice/1", id="d9", want=200)
    call("PUT", one, {"name": "new"}, user="alice/1", id="none", want=404)
    call("DELETE", one, user="alice/1", id="d9", want=204)


def privacy(call):
    of = "/tenants/{tenant}/users/{user}/"
    made = full_session(call, "token")
    call("POST", of + "restrict", {"restricted": True}, user="alice/1", want=200)
    call("GET", of + "export", user="alice/1", want=200)
    call("POST", "/tenants/{tenant}/sessions", {"user_id": "alice/1"}, want=409)
    call("PUT", of + "data", {"data": {}}, user="alice/1", want=423)
    call("POST", of + "restrict", {"restricted": False}, user="alice/1", want=200)
    call("POST", of + "erase", user="alice/1", want=200)
    call("GET", of + "export", user="alice/1", want=404)
    call("GET", "/tenants/{tenant}/sessions/{id}", id=made["session_id"], want=404)


def self_service(call):
    own = "/tenants/{tenant}/api/v1/auth"
    made = full_session(call, "token")
    as_user = {"headers": {"Authorization": "Bearer " + made["access_token"]}}
    call("GET", own + "/sessions", want=200, **as_user)
    call("GET", own + "/devices", want=200, **as_user)
    call("GET", own + "/export", want=200, **as_user)
    call("POST", own + "/sessions/refresh", {"refresh_token": made["refresh_token"]}, want=200, **as_user)
    call("POST", own + "/sessions/revoke", {"others": True}, want=200, **as_user)


def analytics(call):
    if not any("analytics/geo" in x for x in UNSEEN):
        call.node.wait(lambda: call.node.logs("countries"), 10, "the countries are read")
    made = [full_session(call, "token") for _ in range(2)]
    call("POST", "/tenants/{tenant}/sessions", {"user_id": "bob", "user_agent": "Gecko Firefox/128.0", "ip": "192.0.2.1"}, want=201)
    call("DELETE", "/tenants/{tenant}/sessions/{id}", id=made[0]["session_id"], want=204)
    for what in ("summary", "sessions", "durations", "devices", "top-networks", "geo"):
        call("GET", "/tenants/{tenant}/analytics/" + what, want=200)
        call("GET", "/tenants/{tenant}/analytics/" + what, query="?from_at=2&to_at=1", want=400)


def audit(call):
    """A page of records; and of the stream, which does not end, the first event."""
    call("GET", "/tenants/{tenant}/audit", want=200)
    path = "/tenants/{tenant}/events"
    content = call.operations["GET", path][0]["responses"]["200"]["content"]
    c = http.client.HTTPConnection("127.0.0.1", call.node.port, timeout=20)
    c.request("GET", path.format(tenant=TENANT), headers={"Authorization": "Bearer " + call.node.api_keys[TENANT], "Last-Event-ID": "0-0"})
    r = c.getresponse()
    assert r.status == 200 and r.getheader("Content-Type") in content, (r.status, r.getheader("Content-Type"))
    line = b""
    while not line.startswith(b"data: "):
        line = r.readline()
        assert line, "the stream has ended"
    c.close()
    wrong = call.spec.fits(json.loads(line[6:]), {"$ref": "#/components/schemas/AuditRecord"}, path)
    assert not wrong, wrong
    call.called.add(("GET", path))
    call("GET", path, headers={"Last-Event-ID": "x"}, want=400)


def public(call):
    for path in ("/tenants/{tenant}/jwks", "/tenants/{tenant}/.well-known/jwks.json"):
        _, got = call("GET", path, want=200, headers={"Authorization": ""})
        call("GET", path, want=304, headers={"If-None-Match": got["ETag"]})
    for path in ("/health", "/livez", "/readyz"):
        call("GET", path, want=200)
    call("GET", "/metrics", want=200, port=call.node.admin_port)


def queries(call):
    """What the document says of a query the server understands, and nothing else."""
    good = {"limit": "5", "status": "active", "active_only": "true", "user_id": "u", "device_id": "d", "client_id": "web-backend",
            "created_after_at": "1", "created_before_at": "2", "ip": "192.0.2.1", "wait": "nodes", "timeout_in": "1",
            "from_at": str(int(time.time()) - 3600), "to_at": str(int(time.time())), "bucket": "hour",
            "session_id": "A" * 22, "event": "session.ended"}
    made = full_session(call, "token")
    for (method, path), (op, params) in call.operations.items():
        if method != "GET" or op.get("security", True) != True:  # noqa: E712  public and self-service: no such filters
            continue
        for p in (p["name"] for p in params if p["in"] == "query" and p["name"] in good):
            call(method, path, query=f"?{p}={good[p]}", want=200, id=made["session_id"], user="alice/1")
        if any(p["in"] == "query" for p in params):
            call(method, path, query="?no_such=1", want=400, id=made["session_id"], user="alice/1")


def main():
    with harness.Node(tenant_lines=LINES, start=False) as node:
        key, line = harness.new_api_key()
        node.api_keys["partner"] = key
        text = node.tenant_text(TENANT, lines=LINES)
        text = text.replace("sessions:revoke]", "sessions:revoke, analytics:read, audit:read, admin, devices:read, devices:write, privacy:manage]") + ""
        client = f"  - id: partner\n    key_hashes: [ \"{line}\" ]\n    permissions: [sessions:create]\n"
        head, tail = text.split(LINES)[0], LINES
        node.write(f"tenants.d/{TENANT}.yaml", head + client + tail)
        if os.path.exists(os.path.join(harness.BUILD, "sessiond-geo")):
            with open(node.path("countries.mmdb"), "wb") as f:
                f.write(mmdb.make({"192.0.2.0/24": "DE"}))
            os.chmod(node.path("countries.mmdb"), 0o644)
            with open(node.config, "a", encoding="utf-8") as f:
                f.write("geo: { database_file: countries.mmdb }\n")
        else:
            UNSEEN.update({f"GET /tenants/{{tenant}}/analytics/geo 200.items.{x}": "no libmaxminddb" for x in ("country", "count")})
        node.start()
        call = Caller(node)
        for part in (sessions, data, devices, privacy, self_service, analytics, audit, public, queries):
            part(call)
            print("ok", part.__name__, flush=True)
        missing = set(call.operations) - call.called
        assert not missing, ("never called", missing)
        documented = set()
        for (method, path), (op, _) in call.operations.items():
            for status, response in op["responses"].items():
                for content in call.spec.at(response)[0].get("content", {}).values():
                    call.spec.properties(content["schema"], f"{method} {path} {status}", documented)
        never = documented - call.spec.seen - set(UNSEEN)
        assert not never, ("documented and never seen", sorted(never))
        print(f"{len(call.operations)} operations, {len(documented)} properties")


if __name__ == "__main__":
    main()
