#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /sessions/{id}/explain names what decides and when; POST /policy/preview says what a policy would
do to the sessions that live, and a reload then does it."""
import os
import sys
import time

import harness

A, B = "brand-a", "brand-b"
CLOCKS = "sessions: { idle_timeout: 30m, absolute_timeout: 12h, touch_interval: 60s, max_per_user: 5 }\n"
NODE = None


def get(sid, tenant=A, want=200):
    status, _, body = NODE.request("GET", f"/sessions/{sid}/explain", tenant=tenant)
    assert status == want, (status, body)
    return body


def preview(document, tenant=A, want=200):
    status, _, body = NODE.request("POST", "/policy/preview", document, tenant=tenant, timeout=30)
    assert status == want, (status, body)
    return body


def configure(lines):
    text = NODE.tenant_text(A, None, lines).replace("sessions:revoke]", "sessions:revoke, admin]")
    NODE.write(f"tenants.d/{A}.yaml", text)


def ended_by_rule(user, sid, why):
    """Whoever shows the session says so: explain, the session, lists and their filters."""
    e = get(sid)
    assert (e["status"], e["end_reason"], e["decided_by"], e["over"]) == ("ended", why, why, True), e
    shown = NODE.request("GET", "/sessions/" + sid, tenant=A)[2]
    assert (shown["status"], shown["end_reason"]) == ("ended", why), shown
    for query, there in (("", True), ("&status=ended", True), ("&status=active", False), ("&active_only=true", False)):
        items = NODE.request("GET", f"/sessions?user_id={user}{query}", tenant=A)[2]["items"]
        assert (sid in [i["session_id"] for i in items]) == there, (query, items)


def explained():
    made = NODE.create("alice")
    sid = made["session_id"]
    e = get(sid)
    now = int(time.time())
    assert e["status"] == "active" and e["decided_by"] == "idle" and e["origin"] == "creation" and not e["over"], e
    assert abs(e["decided_at"] - now - 1800) <= 3 and e["limits"] == {"max_per_user": 5, "on_limit": "evict_oldest"}, e
    clocks = {c["clock"]: c for c in e["clocks"]}
    assert clocks["idle"]["ended_by_at"] == clocks["idle"]["at"] + 60 and clocks["absolute"]["policy_in"] == 43200, clocks
    assert e["freshness"]["verdict"] == "clear" and e["freshness"]["fresh"] and e["rules"] == [], e
    configure(CLOCKS.replace("30m", "11h").replace("12h", "11h"))
    NODE.reload()
    e = get(sid)
    assert (e["decided_by"], e["origin"]) == ("idle", "creation"), e  # longer is no help to one that lives
    configure(CLOCKS.replace("30m", "10m").replace("12h", "10m"))
    NODE.reload()
    NODE.request("POST", f"/sessions/{sid}/touch", {}, tenant=A)
    e = get(sid)
    assert (e["decided_by"], e["origin"]) == ("absolute", "policy"), e
    configure(CLOCKS)
    NODE.reload()
    time.sleep(1.1)
    before = int(time.time())
    assert NODE.request("POST", "/sessions/revoke", {"before_at": before}, tenant=A)[0] == 200
    e = get(sid)
    assert e["decided_by"] == "tenant" and e["rules"][0] == {"rule": "tenant", "before_at": before, "applies": True} and e["over"], e
    ended_by_rule("alice", sid, "tenant")
    time.sleep(1.1)
    sid = NODE.create("carol")["session_id"]
    assert NODE.request("POST", "/sessions/revoke", {"client_id": "web-backend"}, tenant=A)[0] == 200
    ended_by_rule("carol", sid, "client")  # at once, though the rule's second is not over
    time.sleep(1.1)
    sid = NODE.create("alice")["session_id"]
    assert get(sid)["decided_by"] == "idle"
    NODE.request("DELETE", "/sessions/" + sid, tenant=A)
    e = get(sid)
    assert (e["status"], e["decided_by"], e["origin"], e["over"]) == ("ended", "logout", "record", True), e
    assert e["record_until_at"] == e["decided_at"] + 30 * 86400 and e["freshness"]["verdict"] == "revoked", e
    assert get("A" * 22, want=404)["code"] == get("x", want=404)["code"] == get(sid, B, 404)["code"] == "session-unknown"


def previewed():
    for i in range(6):
        for _ in range(i):
            NODE.create(f"user{i}", ip="192.0.2.7")
    live = preview({})["live_sessions"]
    p = preview({"sessions": {"max_per_user": 2, "idle_timeout": "20m"}, "binding": {"ip": {"mode": "revoke"}}, "issuer": "x"})
    assert p["live_sessions"] == live and p["would_end"] == {"total": 0, "idle": 0, "absolute": 0, "client": 0}, p
    assert (p["would_limit"]["users"], p["would_limit"]["sessions"]) == (3, 6) and p["would_rebind"] == 15, p
    assert p["policy"]["idle_timeout_in"] == 1200 and p["policy"]["absolute_timeout_in"] == 43200
    for kind in ("tv", "tv", "tv", "phone"):
        NODE.create("viewer", device={"id": harness.b64url(os.urandom(6)), "type": kind})
    live = preview({})["live_sessions"]
    p = preview({"sessions": {"max_per_device_type": {"tv": 1, "phone": 1}}, "clients": [{"id": "web-backend", "permissions": []}]})
    assert p["would_end"]["client"] == 0 and p["would_limit"]["users"] == 0 and p["would_limit"]["device_types"] == {"users": 1, "sessions": 2}, p
    p = preview({"clients": [{"id": "another"}]})  # whose sessions are all of the client that would be gone
    assert p["would_end"] == {"total": live, "idle": 0, "absolute": 0, "client": live}, p
    old = {"sessions": {"idle_timeout": 2, "absolute_timeout": 2, "touch_interval": 1}}
    time.sleep(3.2)
    p = preview(old)
    assert p["would_end"]["total"] == live, p
    before = NODE.request("GET", "/sessions?active_only=true&limit=500", tenant=A)[2]["items"]
    assert len(before) == live  # a preview changes nothing
    configure("sessions: { idle_timeout: 2s, absolute_timeout: 2s, touch_interval: 1s }\n")
    NODE.reload()
    assert NODE.request("GET", "/sessions?active_only=true&limit=500", tenant=A)[2]["items"] == []
    assert preview({}, B, 403)["code"] == "permission-missing"
    for body, code in (({"session": {}}, "unknown-field"), ({"sessions": {"idle_timeout": "x"}}, "field-invalid"),
                       ("{", "json-malformed"), ({"sessions": {"max_per_user": 0}}, "field-invalid"),
                       ({"sessions": {"max_per_device_type": {"tv": 0}}}, "field-invalid")):
        headers = {"Content-Type": "application/json"}
        status, _, text = NODE.request("POST", "/policy/preview", body, A, headers)
        assert status == 400 and text["code"] == code, text
        if code == "field-invalid":
            assert text["errors"][0]["pointer"].startswith("/sessions/"), text


def main():
    global NODE  # pylint: disable=global-statement
    with harness.Node(workers=2, tenants=(A, B), start=False, tenant_lines=CLOCKS) as NODE:
        configure(CLOCKS)
        NODE.start()
        harness.main([explained, previewed])


if __name__ == "__main__":
    sys.exit(main())
