#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a session goes through between creation and end: reported activity, a new id. Arguments name the
tests to run."""
import concurrent.futures
import sys
import time

import harness

A, B = "brand-a", "brand-b"
FREE = "limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 100000 }\n"
SHORT = "sessions: { idle_timeout: 4s, touch_interval: 1s, absolute_timeout: 12h }\n"
NODE = []


def ask(path, body=None, method="POST", tenant=A, headers=None):
    status, fields, text = NODE[0].request(method, path, body, tenant=tenant, headers=headers)
    return status, fields, text


def ok(want, path, body=None, method="POST", tenant=A, headers=None):
    status, fields, text = ask(path, body, method, tenant, headers)
    assert status == want, (path, body, status, text)
    return fields, text


def bad(want, code, path, body=None, method="POST", tenant=A, headers=None):
    _, text = ok(want, path, body, method, tenant, headers)
    assert text["code"] == code, text
    return text


def session(sid, tenant=A):
    return ok(200, f"/sessions/{sid}", method="GET", tenant=tenant)[1]


def refused(made, tenant=A):
    """No token of an ended session is good for anything."""
    for field in ("access_token", "session_token"):
        if field in made:
            bad(401, "session-revoked", "/sessions/validate", {field: made[field]}, tenant=tenant)
    if "refresh_token" in made:
        bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": made["refresh_token"]}, tenant=tenant)


def events(sid, event):
    return [a for a in NODE[0].audit() if a["event"] == event and a["session_id"] == sid]


def touch_slides_the_idle_clock():
    made = NODE[0].create("tess", tenant=B)
    path = f"/sessions/{made['session_id']}/touch"
    end = time.monotonic() + 7  # nearly twice the idle timeout
    while time.monotonic() < end:
        _, text = ok(200, path, tenant=B)
        assert list(text) == ["idle_expires_at"] and abs(text["idle_expires_at"] - time.time() - 4) < 2.5, text
        time.sleep(1)
    assert session(made["session_id"], B)["status"] == "active"
    ok(200, "/sessions/validate", {"access_token": made["access_token"]}, tenant=B)
    ok(200, path, {}, tenant=B)
    bad(400, "unknown-field", path, {"idle": 1}, tenant=B)
    bad(404, "session-unknown", "/sessions/" + "A" * 22 + "/touch", tenant=B)
    bad(404, "session-unknown", "/sessions/short/touch", tenant=B)
    bad(404, "session-unknown", path)  # another tenant's
    ok(204, f"/sessions/{made['session_id']}", method="DELETE", tenant=B)
    bad(409, "session-ended", path, tenant=B)


def touch_revives_nothing():
    made = NODE[0].create("tim", tenant=B)
    path = f"/sessions/{made['session_id']}/touch"
    NODE[0].wait(lambda: session(made["session_id"], B)["status"] == "ended", 30, "idle")
    bad(409, "session-ended", path, tenant=B)
    assert session(made["session_id"], B)["end_reason"] == "idle"
    refused_as = ask("/sessions/validate", {"access_token": made["access_token"]}, tenant=B)
    assert refused_as[0] == 401 and refused_as[2]["code"] in ("session-revoked", "session-idle"), refused_as


def regenerate_exchanges_the_id():
    made = NODE[0].create("rita", mode="both", device={"id": "phone-1"}, claims={"plan": "gold"}, scope="a b",
                          acr="loa2", remember_me=True)
    before = session(made["session_id"])
    fields, new = ok(201, f"/sessions/{made['session_id']}/regenerate")
    assert fields["Location"] == f"/tenants/{A}/sessions/{new['session_id']}"
    assert fields["Set-Cookie"].startswith(f"__Host-session={new['session_token']};"), fields["Set-Cookie"]
    assert set(new) == set(made) and new["evicted"] == []
    assert not {new[f] for f in ("session_id", "access_token", "refresh_token", "session_token")} & set(
        str(v) for v in made.values())
    refused(made)
    old, now = session(made["session_id"]), session(new["session_id"])
    assert (old["status"], old["end_reason"]) == ("ended", "regenerated"), old
    for name in ("user_id", "client_id", "created_at", "expires_at", "device", "claims", "scope", "acr",
                 "remember_me", "mode", "status"):
        assert now[name] == before[name], name
    assert new["expires_at"] == made["expires_at"]  # no way around the absolute end
    for field in ("access_token", "session_token"):
        _, text = ok(200, "/sessions/validate", {field: new[field]})
        assert (text["session_id"], text["claims"]) == (new["session_id"], {"plan": "gold"})
    ok(200, "/sessions/refresh", {"refresh_token": new["refresh_token"]})
    assert events(new["session_id"], "session.regenerated"), NODE[0].audit()[-3:]
    assert [a["reason"] for a in events(made["session_id"], "session.ended")] == ["regenerated"]
    bad(409, "session-ended", f"/sessions/{made['session_id']}/regenerate")
    bad(404, "session-unknown", "/sessions/" + "A" * 22 + "/regenerate")
    bad(404, "session-unknown", f"/sessions/{new['session_id']}/regenerate", tenant=B)
    bad(400, "unknown-field", f"/sessions/{new['session_id']}/regenerate", {"user_id": "eve"})


def regenerate_has_one_winner():
    for i in range(8):
        made = NODE[0].create(f"race-{i}")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(f"/sessions/{made['session_id']}/regenerate"), range(8)))
        won = [a[2] for a in answers if a[0] == 201]
        assert len(won) == 1 and all(a[0] == 201 or a[2]["code"] == "session-ended" for a in answers), answers
        ok(200, "/sessions/validate", {"access_token": won[0]["access_token"]})
        active = [s for s in ok(200, f"/sessions/user/race-{i}", method="GET")[1]["items"] if s["status"] == "active"]
        assert [s["session_id"] for s in active] == [won[0]["session_id"]]


def regenerate_stands_under_rules_by_time():
    made = NODE[0].create("ruth", tenant="brand-c")
    time.sleep(1.1)  # before_at has a grain of a second
    ok(200, "/sessions/revoke", {"before_at": int(time.time())}, tenant="brand-c")
    bad(409, "session-ended", f"/sessions/{made['session_id']}/regenerate", tenant="brand-c")
    bad(409, "session-ended", f"/sessions/{made['session_id']}/touch", tenant="brand-c")


TESTS = [touch_slides_the_idle_clock, touch_revives_nothing, regenerate_exchanges_the_id, regenerate_has_one_winner,
         regenerate_stands_under_rules_by_time]


def main():
    with harness.Node(workers=2, tenants=(A,), tenant_lines=FREE, start=False) as node:
        NODE.append(node)
        node.add_tenant(B, FREE + SHORT)
        node.add_tenant("brand-c", FREE)
        node.start()
        try:
            harness.main(TESTS)
        except SystemExit as e:
            return e.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
