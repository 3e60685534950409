#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /analytics/...: what two nodes counted adds up exactly: each creation, and each end by its reason,
whoever made it (a caller, a limit, a sweeper); from where; and nothing of another tenant's.

SESSIOND_ROUNDS scales how many."""
import os
import sys
import threading
import time

import harness
import nodes

A, B = "brand-a", "brand-b"
MANY = int(os.environ.get("SESSIOND_ROUNDS", "1")) * 60
LINES = "limits: { create_per_second: 100000 }\nsessions: { max_per_user: 2, %s }\n"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
TWO = []


def ask(node, method, path, body=None, want=200, tenant=A):
    """What is asked again after a 503 here is either read-only or safe to repeat."""
    deadline = time.monotonic() + 20
    while True:
        status, _, answer = node.request(method, path, body, tenant=tenant, timeout=30)
        if status != 503 or time.monotonic() > deadline:
            break
    assert status == want, (path, status, answer)
    return answer


def analytics(what, query="", node=0, want=200, tenant=A):
    return ask(TWO[node], "GET", "/analytics/" + what + query, want=want, tenant=tenant)


def create(i, lost, **more):
    """One session; who lost a 503's answer notes it."""
    status, _, body = TWO[i % 2].request("POST", "/sessions", {"user_id": f"user-{i % MANY}", **more}, tenant=A)
    if status == 503:
        lost.append(i)
        return None
    assert status == 201, body
    return body


def fill():
    """Each user three sessions, of which the limit ends one."""
    made, lost = [], []

    def part(n):
        for i in range(n, 3 * MANY, 6):
            one = create(i, lost, ip=f"198.51.{i % 3}.{i % 200}", user_agent=CHROME if i % 2 else "curl/8",
                         device={"id": f"d{i % 5}", "type": ("phone", "tv")[i % 2]})
            made.extend([one] if one else [])
    threads = [threading.Thread(target=part, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    return made, lost


def configure(text):
    for node in TWO:
        t = node.tenant_text(A, lines=LINES % text).replace("sessions:revoke]", "sessions:revoke, analytics:read]")
        node.write(f"tenants.d/{A}.yaml", t)


def adds_up():
    made, lost = fill()
    n = len(made)
    s = analytics("summary")
    assert n <= s["created"] <= n + len(lost), (s, n, len(lost))
    n = s["created"]
    assert s["ended_by_reason"].get("limit", 0) == s["ended"] and s["active_sessions"] == n - s["ended"], s
    assert lost or (n, s["ended"]) == (3 * MANY, MANY), s
    assert abs(s["active_users"] - MANY) <= MANY / 20 + 1, s
    limited, active = s["ended"], s["active_sessions"]

    alive = [x["session_id"] for x in ask(TWO[1], "GET", "/sessions?active_only=true&limit=500")["items"]][:30]
    for i, sid in enumerate(alive[:10]):
        ask(TWO[i % 2], "DELETE", "/sessions/" + sid, want=204)
        ask(TWO[1 - i % 2], "DELETE", "/sessions/" + sid, want=204)  # again: no end of its own
    for i, sid in enumerate(alive[10:15]):
        ask(TWO[i % 2], "POST", "/sessions/revoke", {"session_id": sid, "reason": "admin"})
    s = analytics("summary", node=1)
    assert s["ended_by_reason"] == {"limit": limited, "logout": 10, "admin": 5}, s
    assert s["active_sessions"] == active - 15 and s["ended"] == limited + 15 and s["created"] == n, s

    hours = analytics("sessions", f"?bucket=hour&from_at={int(time.time()) - 7200}")["items"]
    assert [x["at"] % 3600 for x in hours] == [0] * len(hours) and 3 <= len(hours) <= 4, hours
    assert sum(x["created"] for x in hours) == n and sum(x["ended"] for x in hours) == limited + 15
    assert sum(x["ended_by_reason"].get("logout", 0) for x in hours) == 10
    d = analytics("durations")["items"]
    assert d[0]["from_in"] == 0 and d[-1]["below_in"] is None and sum(x["count"] for x in d) == limited + 15, d
    assert [x["below_in"] for x in d[:-1]] == [x["from_in"] for x in d[1:]]

    e = analytics("devices")
    types = {x["type"]: x["count"] for x in e["items"]}
    browsers = {x["browser"]: x["count"] for x in e["browsers"]}
    assert sum(types.values()) == n and set(types) == {"phone", "tv"} and e["other"] == 0, e
    assert browsers["chrome"] + e["other_browsers"] == n and len(browsers) == 1, e
    w = analytics("top-networks")
    nets = {x["network"]: x["count"] for x in w["items"]}
    assert set(nets) == {f"198.51.{i}.0/24" for i in range(3)} and sum(nets.values()) == n and w["other"] == 0, w
    assert analytics("geo")["items"] == [] and analytics("geo")["source"] is None
    return n, limited


def regenerated_and_swept():
    before = analytics("summary")
    sid = ask(TWO[0], "GET", "/sessions?active_only=true&limit=1")["items"][0]["session_id"]
    ask(TWO[0], "POST", f"/sessions/{sid}/regenerate", want=201)
    s = analytics("summary")
    assert (s["created"], s["active_sessions"]) == (before["created"], before["active_sessions"]), s
    assert s["ended_by_reason"]["regenerated"] == 1, s
    configure("idle_timeout: 2s, touch_interval: 1s")
    for node in TWO:
        failed, said = node.reload()
        assert not failed, said
    TWO[0].wait(lambda: analytics("summary")["active_sessions"] == 0, 60, "the sweepers end what nobody uses")
    s = analytics("summary")
    assert s["ended"] - s["ended_by_reason"]["regenerated"] == s["created"], s
    assert s["ended_by_reason"]["idle"] == before["active_sessions"], s


def another_tenant_and_refusals():
    assert analytics("summary", tenant=B, want=403)["code"] == "permission-missing"
    now = int(time.time())
    for what in ("summary", "sessions", "durations", "devices", "top-networks", "geo"):
        for query in ("?from_at=x", "?to_at=1&to_at=2", "?from_at=9&to_at=9", f"?from_at={now - 32 * 86400}"):
            assert analytics(what, query, want=400)["code"] == "field-invalid", query
        assert analytics(what, "?no=1", want=400)["code"] == "unknown-field"
    assert analytics("sessions", "?bucket=day", want=400)["errors"][0]["pointer"] == "?bucket"
    assert analytics("summary", "?bucket=hour", want=400)["code"] == "unknown-field"
    assert analytics("nothing", want=404)["code"] == "route-unknown"
    s = analytics("summary", f"?from_at={now - 20 * 86400}&to_at={now - 10 * 86400}")
    assert s["created"] == 0 and s["ended_by_reason"] == {}, s
    assert len(analytics("sessions", f"?from_at={now - 31 * 86400}")["items"]) >= 744  # until now
    month = analytics("sessions", f"?from_at={now - 31 * 86400}&to_at={now}")["items"]
    assert 744 <= len(month) <= 746 and month[0]["users"] is None and month[0]["created"] == 0


def security():
    """Refusals that end nothing, seen by two nodes, are in the tenant's counts a second later."""
    base = analytics("summary")["security"]
    for node in TWO:
        node.write(f"tenants.d/{A}.yaml", node.tenant_text(A, lines=(
            "limits: { validate_failures_per_minute_per_ip: 4 }\n"
            "sessions: { max_per_user: 1, on_limit: reject }\n"
            "binding: { ip: { mode: shadow }, user_agent: revoke }\n")).replace(
                "sessions:revoke]", "sessions:revoke, analytics:read]"))
        failed, said = node.reload()
        assert not failed, said
    one = ask(TWO[0], "POST", "/sessions", {"user_id": "careful", "ip": "192.0.2.1", "user_agent": CHROME}, want=201)
    for node in TWO:
        ask(node, "POST", "/sessions", {"user_id": "careful"}, want=409)
        ask(node, "POST", "/sessions/validate", {"access_token": one["access_token"], "ip": "198.51.100.1"})
        for _ in range(3):
            ask(node, "POST", "/sessions/validate", {"access_token": "nonsense"}, want=401)
        node.request("POST", "/sessions/validate", {"access_token": one["access_token"]}, headers={"Authorization": "Bearer sdk_wrong", "X-Tenant-ID": A})
        ask(node, "GET", "/audit", want=403)
    limited = 0
    for _ in range(20):
        status, _, _ = TWO[0].request("POST", "/sessions/validate", {"access_token": "x.y", "ip": "203.0.113.9"}, tenant=A)
        limited += status == 429
    assert limited > 0
    ask(TWO[1], "POST", "/sessions/validate", {"access_token": one["access_token"], "user_agent": "curl/8"}, want=401)

    def told():
        s = analytics("summary", node=1)["security"]
        return {k: s[k] - base[k] for k in s if isinstance(s[k], int)}, s
    want = {"refused_validations": 6 + 20 - limited + 1, "binding_mismatches": 3, "limit_reached": 2,
            "caller_refused": 4, "rate_limited": limited, "binding_broken": 1, "refresh_reused": 0}
    TWO[0].wait(lambda: told()[0] == want, 10, f"counts like {want}")
    s = told()[1]
    assert s["refused_by_code"]["token-malformed"] == 26 - limited and s["refused_by_code"]["binding-mismatch"] == 1, s
    assert s["mismatches_by_signal"] == {"ip": {"shadow": 2}, "user_agent": {"revoke": 1}, "device": {}}, s
    hours = analytics("sessions")["items"]
    assert sum(x["security"]["rate_limited"] for x in hours) == s["rate_limited"], hours
    time.sleep(1.2)  # nothing is told twice
    assert told()[0] == want, told()
    for node in TWO:
        assert 'sessiond_security_events_total{tenant="brand-a",event="limit_reached"} 1' in node.metrics(), node.metrics()


def main():
    with nodes.pair((A, B), start=False) as (a, b, _):
        TWO.extend([a, b])
        configure("idle_timeout: 30m")
        for node in TWO:
            node.start()
        harness.main([adds_up, regenerated_and_swept, another_tenant_and_refusals, security])


if __name__ == "__main__":
    sys.exit(main())
