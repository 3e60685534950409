#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a session goes through between creation and end: reported activity, a new id. Arguments name the
tests to run."""
import concurrent.futures
import json
import sys
import time

import edge_kit as kit
import harness

A, B = "brand-a", "brand-b"
FREE = "limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 100000 }\n"
SHORT = "sessions: { idle_timeout: 4s, touch_interval: 1s, absolute_timeout: 12h }\n"
NODE, CLIENTS = [], {}


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


def regenerate_takes_the_data_along():
    made = NODE[0].create("dora", data={"cart": [1, 2]})
    sids = [made["session_id"]]
    for _ in range(3):
        sids.append(ok(201, f"/sessions/{sids[-1]}/regenerate")[1]["session_id"])
        assert session(sids[-1])["data"] == {"cart": [1, 2]}


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


def shared(made, client="app-two", tenant="brand-s"):
    return ok(201, f"/sessions/{made['session_id']}/share", {"client_id": client}, tenant=tenant)[1]


def as_client(client):
    return {"Authorization": "Bearer " + CLIENTS[client], "X-Tenant-ID": "brand-s"}


def redeem(code, want=201, client="app-two"):
    status, _, text = NODE[0].request("POST", "/sessions/redeem", {"code": code}, headers=as_client(client))
    assert status == want, (status, text)
    return text


def share_gives_a_child():
    made = NODE[0].create("sara", "brand-s", claims={"plan": "gold"}, device={"id": "tv"})
    code = shared(made)
    assert set(code) == {"code", "expires_at"} and 50 <= code["expires_at"] - time.time() <= 61, code
    assert redeem(code["code"], 404, "app-three")["code"] == "code-unknown"  # not its client: not spent by it
    child = redeem(code["code"])
    assert set(child) == set(made) and child["user_id"] == "sara" and child["session_id"] != made["session_id"]
    assert child["expires_at"] <= made["expires_at"]
    _, text = ok(200, "/sessions/validate", {"access_token": child["access_token"]}, tenant="brand-s")
    assert (text["client_id"], text["claims"]) == ("app-two", {"plan": "gold"}), text
    assert redeem(code["code"], 409)["code"] == "code-used"
    assert redeem(code["code"], 404, "app-three")["code"] == "code-unknown"
    ok(200, "/sessions/validate", {"access_token": made["access_token"]}, tenant="brand-s")
    NODE[0].wait(lambda: events(made["session_id"], "session.shared") and events(child["session_id"], "session.created"), 10)
    # the other way round each lives and ends on its own
    ok(204, f"/sessions/{child['session_id']}", method="DELETE", tenant="brand-s")
    ok(200, "/sessions/validate", {"access_token": made["access_token"]}, tenant="brand-s")


def share_is_refused():
    made = NODE[0].create("saul", "brand-s")
    path = f"/sessions/{made['session_id']}/share"
    bad(400, "field-missing", path, {}, tenant="brand-s")
    bad(400, "unknown-field", path, {"client_id": "app-two", "scope": "x"}, tenant="brand-s")
    bad(400, "field-invalid", path, {"client_id": "app-four"}, tenant="brand-s")  # not listed
    bad(400, "field-invalid", path, {"client_id": "web-backend"}, tenant="brand-s")  # its own
    bad(404, "session-unknown", "/sessions/" + "A" * 22 + "/share", {"client_id": "app-two"}, tenant="brand-s")
    code = shared(made)["code"]
    for wrong in ("", "x" * 95, code[:-1] + ("A" if code[-1] != "A" else "B"), code[:40] + "A" + code[41:]):
        status, _, text = NODE[0].request("POST", "/sessions/redeem", {"code": wrong}, headers=as_client("app-two"))
        assert (status, text["code"]) == (404, "code-unknown") or not wrong and status == 400, (wrong, status, text)
    bad(404, "code-unknown", "/sessions/redeem", {"code": code}, tenant="brand-s")  # by another client
    ok(204, f"/sessions/{made['session_id']}", method="DELETE", tenant="brand-s")
    bad(409, "session-ended", path, {"client_id": "app-two"}, tenant="brand-s")
    assert redeem(code, 404)["code"] == "code-unknown"  # it went with the session
    plain = NODE[0].create("saul")
    bad(400, "field-invalid", f"/sessions/{plain['session_id']}/share", {"client_id": "app-two"})


def children_end_with_their_parent():
    ways = {
        "logout": lambda m: ok(204, f"/sessions/{m['session_id']}", method="DELETE", tenant="brand-s"),
        "admin": lambda m: ok(200, "/sessions/revoke", {"session_id": m["session_id"]}, tenant="brand-s"),
        "regenerated": lambda m: ok(201, f"/sessions/{m['session_id']}/regenerate", tenant="brand-s"),
        "replaced": lambda m: NODE[0].create("else", "brand-s", replaces=m["session_id"]),
        "device": lambda m: ok(200, "/sessions/revoke", {"user_id": m["user_id"], "device_id": "d"}, tenant="brand-s"),
    }
    for why, end in ways.items():
        made = NODE[0].create("kid-" + why, "brand-s", device={"id": "d"})
        child = redeem(shared(made)["code"])
        grand = redeem(ok(201, f"/sessions/{child['session_id']}/share", {"client_id": "app-three"},
                          tenant="brand-s")[1]["code"], client="app-three")
        child = ok(201, f"/sessions/{child['session_id']}/regenerate", tenant="brand-s")[1]
        refused(grand, "brand-s")  # with its parent's old id
        end(made)
        refused(made, "brand-s")
        refused(child, "brand-s")
        assert session(made["session_id"], "brand-s")["end_reason"] == why
        # a device's end means the child on it as well
        assert session(child["session_id"], "brand-s")["end_reason"] == ("device" if why == "device" else "parent")
        if why != "device":  # one record for all of them there
            assert [a["reason"] for a in events(child["session_id"], "session.ended")] == ["parent"]
    made = NODE[0].create("kid-all", "brand-s")
    child = redeem(shared(made)["code"])
    assert ok(200, "/sessions/user/kid-all", method="DELETE", tenant="brand-s")[1]["revoked"] == 2
    assert session(child["session_id"], "brand-s")["end_reason"] == "user"


def children_count_and_evict_no_parent():
    made = NODE[0].create("kim", "brand-s")  # a limit of three
    first = redeem(shared(made)["code"])
    assert redeem(shared(made)["code"])["evicted"] == []
    second = redeem(shared(made)["code"])
    assert second["evicted"] == [first["session_id"]], second  # the oldest but the parent
    made = NODE[0].create("kurt", "brand-s")
    child = redeem(shared(made)["code"])
    other = NODE[0].create("kurt", "brand-s")
    more = NODE[0].create("kurt", "brand-s")
    assert more["evicted"] == [made["session_id"]]  # the child goes along
    refused(child, "brand-s")
    active = [s for s in ok(200, "/sessions/user/kurt", method="GET", tenant="brand-s")[1]["items"]
              if s["status"] == "active"]
    assert [s["session_id"] for s in active] == [more["session_id"], other["session_id"]]


def keyed(key, body, tenant=A):
    return ask("/sessions", body, tenant=tenant, headers={"Idempotency-Key": key})


def idempotent_creation():
    for mode in ("token", "both"):
        key, body = "key of " + mode, {"user_id": "ida-" + mode, "mode": mode}
        first = keyed(key, body)
        again = keyed(key, body)
        assert first[0] == again[0] == 201 and first[2] == again[2], (first, again)
        assert first[1]["Location"] == again[1]["Location"] and first[1]["Set-Cookie"] == again[1]["Set-Cookie"]
        made = first[2]
        assert len(ok(200, f"/sessions/user/ida-{mode}", method="GET")[1]["items"]) == 1
        other = keyed(key, {**body, "scope": "more"})
        assert (other[0], other[2]["code"]) == (422, "idempotency-mismatch"), other
        ok(200, "/sessions/refresh", {"refresh_token": made["refresh_token"]})
        late = keyed(key, body)
        assert (late[0], late[2]["code"], late[2]["session_id"]) == (409, "idempotency-expired", made["session_id"]), late
        assert keyed(key, {**body, "scope": "more"})[0] == 422
    key, body = "k" * 128, {"user_id": "ilse"}
    made = keyed(key, body)[2]
    ok(204, f"/sessions/{made['session_id']}", method="DELETE")
    late = keyed(key, body)
    assert (late[0], late[2]["code"], late[2]["session_id"]) == (409, "idempotency-expired", made["session_id"]), late
    assert keyed(key, body, tenant=B)[0] == 201  # another tenant's key
    made = keyed("ruled", {"user_id": "rule"}, tenant=B)[2]  # ended by a rule, which no script has seen yet
    assert NODE[0].request("POST", "/sessions/revoke", {"client_id": "web-backend"}, tenant=B)[0] == 200
    late = keyed("ruled", {"user_id": "rule"}, tenant=B)
    assert (late[0], late[2]["code"], late[2]["session_id"]) == (409, "idempotency-expired", made["session_id"]), late
    for wrong in ("", "k" * 129, "caf\u00e9", "tab\there"):
        status, _, text = keyed(wrong, body)
        assert (status, text["code"]) in ((400, "header-invalid"), (400, "request-malformed")), (wrong, status, text)
    # a refusal is nothing to repeat: the key is free again
    assert keyed("later", {"user_id": "ilse", "scope": " "})[0] == 400
    assert keyed("later", {"user_id": "ilse"})[0] == 201


def idempotent_in_parallel():
    for i in range(6):
        body = {"user_id": f"par-{i}"}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: keyed(f"par-{i}", body), range(8)))
        made = {a[2]["session_id"] for a in answers if a[0] == 201}
        assert len(made) == 1, answers
        for status, fields, text in answers:
            assert status == 201 or (text["code"] == "idempotency-in-progress" and fields["Retry-After"]), text
        assert len(ok(200, f"/sessions/user/par-{i}", method="GET")[1]["items"]) == 1


def logout_clears_the_cookie():
    gone = "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    made = NODE[0].create("lou", mode="cookie")
    fields, _ = ok(200, "/sessions/revoke", {"session_token": made["session_token"], "reason": "logout"})
    assert fields["Set-Cookie"] == gone, fields["Set-Cookie"]
    made, other = NODE[0].create("lou", mode="cookie"), NODE[0].create("lou", mode="cookie")
    path, cookie = f"/sessions/{made['session_id']}", {"Cookie": "a=b; __Host-session=" + made["session_token"]}
    fields, _ = ok(200, "/sessions/revoke", {"session_id": other["session_id"]}, headers=cookie)
    assert fields["Set-Cookie"] is None  # the cookie is another session's
    assert ok(204, path, method="DELETE", headers=cookie)[0]["Set-Cookie"] == gone
    assert ok(204, path, method="DELETE")[0]["Set-Cookie"] is None
    fields, made = ok(201, "/sessions", {"user_id": "lou", "mode": "cookie", "remember_me": True})
    assert fields["Set-Cookie"].endswith("; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000"), fields["Set-Cookie"]


def replaces_across_users():
    """The old one ends first: when the new one cannot be made, the user is logged out, never twice in."""
    made = NODE[0].create("anonymous")
    new = NODE[0].create("roger", replaces=made["session_id"])
    refused(made)
    assert session(made["session_id"])["end_reason"] == "replaced"
    ok(200, "/sessions/validate", {"access_token": new["access_token"]})
    NODE[0].create("full", "brand-r")
    made = NODE[0].create("anonymous", "brand-r")
    bad(409, "session-limit", "/sessions", {"user_id": "full", "replaces": made["session_id"]}, tenant="brand-r")
    refused(made, "brand-r")
    # within a user it is one step: a refusal changes nothing, and the old one does not count
    one = NODE[0].create("solo", "brand-r")
    two = NODE[0].create("solo", "brand-r", replaces=one["session_id"])
    refused(one, "brand-r")
    bad(409, "session-limit", "/sessions", {"user_id": "solo"}, tenant="brand-r")
    ok(200, "/sessions/validate", {"access_token": two["access_token"]}, tenant="brand-r")


def end_reasons():
    """What GET says of each way to end that the others here do not pass."""
    def ended(made, why, tenant="brand-e"):
        text = session(made["session_id"], tenant)
        assert (text["status"], text["end_reason"]) == ("ended", why), (why, text)

    for why in ("logout", "admin", "user", "device", "policy"):
        made = NODE[0].create("ends", "brand-e")
        assert "end_reason" not in session(made["session_id"], "brand-e")
        ok(200, "/sessions/revoke", {"session_id": made["session_id"], "reason": why}, tenant="brand-e")
        ended(made, why)
    made = [NODE[0].create("five", "brand-e") for _ in range(6)]
    ended(made[0], "limit")
    made = NODE[0].create("ends", "brand-e")
    ok(200, "/sessions/user/ends", method="DELETE", tenant="brand-e")
    ended(made, "user")
    made = NODE[0].create("ends", "brand-e")
    time.sleep(1.1)  # rules by time have a grain of a second
    ok(200, "/sessions/revoke", {"client_id": "web-backend"}, tenant="brand-e")
    ended(made, "client")
    time.sleep(1.1)
    made = NODE[0].create("ends", "brand-e")
    time.sleep(1.1)
    ok(200, "/sessions/revoke", {"before_at": int(time.time())}, tenant="brand-e")
    ended(made, "tenant")


def policy_applies_to_live_sessions():
    """min(policy at creation, policy now), for both clocks of both kinds."""
    node, tenant = NODE[0], "brand-p"

    def policy(lines):
        node.write(f"tenants.d/{tenant}.yaml", node.tenant_text(tenant, lines=FREE + lines))
        node.reload()

    def clocks(made, idle, absolute):
        now = session(made["session_id"], tenant)
        assert now["expires_at"] == now["created_at"] + absolute, (absolute, now)
        assert now["idle_expires_at"] == min(now["last_seen_at"] + idle, now["expires_at"]), (idle, now)
        _, text = ok(200, "/sessions/validate", {"session_token": made["session_token"]}, tenant=tenant)
        assert text["expires_at"] == now["expires_at"], text
        assert abs(text["idle_expires_at"] - time.time() - idle) < 3, text

    def access_ends(made, after):
        _, text = ok(200, "/sessions/validate", {"access_token": made["access_token"]}, tenant=tenant)
        assert 0.9 * after <= text["expires_at"] - session(made["session_id"], tenant)["created_at"] <= after, text

    plain = node.create("paul", tenant, mode="both")
    access_ends(plain, 900)
    kept = node.create("paul", tenant, mode="both", remember_me=True)
    clocks(plain, 1800, 43200)
    clocks(kept, 14 * 86400, 30 * 86400)
    policy("sessions: { idle_timeout: 10m, absolute_timeout: 1h, remember_me: { idle_timeout: 1h, absolute_timeout: 2h } }\n"
           "tokens: { access_ttl: 5m }\n")
    clocks(plain, 600, 3600)
    clocks(kept, 3600, 7200)
    access_ends(plain, 300)
    late = node.create("paul", tenant, mode="both")
    policy("sessions: { idle_timeout: 20h, absolute_timeout: 48h, remember_me: { idle_timeout: 20d, absolute_timeout: 60d } }\n")
    clocks(plain, 1800, 43200)  # as at creation, not more
    clocks(kept, 14 * 86400, 30 * 86400)
    clocks(late, 600, 3600)
    policy("tokens: { audience: [api, old] }\n")
    both, one = (node.create("paul", tenant, audience=a) for a in (["api", "old"], "old"))
    policy("tokens: { audience: [api] }\n")  # a token is for what is left, never for what was not asked for
    _, text = ok(200, "/sessions/refresh", {"refresh_token": both["refresh_token"]}, tenant=tenant)
    assert json.loads(kit.unb64(text["access_token"].split(".")[1]))["aud"] == "api", text
    bad(401, "refresh-invalid", "/sessions/refresh", {"refresh_token": one["refresh_token"]}, tenant=tenant)
    time.sleep(1)
    policy("tokens: { access_ttl: 1s }\n")
    bad(401, "token-expired", "/sessions/validate", {"access_token": plain["access_token"]}, tenant=tenant)
    policy("sessions: { idle_timeout: 2s, absolute_timeout: 2s, touch_interval: 1s }\n")
    node.wait(lambda: session(plain["session_id"], tenant)["status"] == "ended", 20)
    assert session(plain["session_id"], tenant)["end_reason"] == "absolute"
    status, _, text = ask("/sessions/validate", {"session_token": plain["session_token"]}, tenant=tenant)
    assert status == 401 and text["code"] in ("session-expired", "session-revoked"), (status, text)
    status, _, text = ask("/sessions/refresh", {"refresh_token": plain["refresh_token"]}, tenant=tenant)
    assert status == 401 and text["code"] in ("refresh-expired", "refresh-invalid"), text
    bad(401, "session-revoked", "/sessions/validate", {"access_token": plain["access_token"]}, tenant=tenant)
    clocks(kept, 14 * 86400, 30 * 86400)


def session_tokens_are_renewed():
    tenant = "brand-k"  # an access token lives 2 s, the grace is 2 s

    def validate(token, want=200):
        return ok(want, "/sessions/validate", {"session_token": token}, tenant=tenant)

    made = NODE[0].create("rena", tenant, mode="cookie", remember_me=True)
    first = made["session_token"]
    assert "session_token" not in validate(first)[1]

    def offered(token):
        fields, text = validate(token)
        if "session_token" in text:
            assert fields["Set-Cookie"].startswith(f"__Host-session={text['session_token']}; Path=/; Secure"), fields
            assert "Max-Age=" in fields["Set-Cookie"]
        return text.get("session_token")

    second = NODE[0].wait(lambda: offered(first), 20)
    assert second != first
    # whoever ignores it loses nothing, and is offered the same one again
    end = time.monotonic() + 4
    again = set()
    while time.monotonic() < end:
        again.add(offered(first))
        time.sleep(0.2)
    assert again == {None, second}, again
    validate(second)  # now it is the one in use
    validate(first)   # for a moment both are good
    NODE[0].wait(lambda: ask("/sessions/validate", {"session_token": first}, tenant=tenant)[0] == 401, 20)
    assert bad(401, "session-revoked", "/sessions/validate", {"session_token": first}, tenant=tenant)
    validate(second)
    told = [a["detail"]["session_token"] for a in events(made["session_id"], "session.refreshed")]
    assert told == ["renewed"], told
    third = NODE[0].wait(lambda: offered(second), 20)
    ok(200, "/sessions/revoke", {"session_token": third}, tenant=tenant)
    for token in (second, third):
        bad(401, "session-revoked", "/sessions/validate", {"session_token": token}, tenant=tenant)


def uses_are_counted():
    """All of them, on whichever worker, although nobody uses the session again."""
    made = NODE[0].create("count", "brand-k", mode="both")
    for i in range(6):
        kind = ("access_token", "session_token")[i % 2]
        ok(200, "/sessions/validate", {kind: made[kind]}, tenant="brand-k")
    harness.wait_for(lambda: session(made["session_id"], "brand-k")["request_count"] == 6, 10, why="all told")


def those_that_wait():
    """Each for clocks of a tenant of its own: together they take as long as the longest."""
    tests = (touch_slides_the_idle_clock, touch_revives_nothing, session_tokens_are_renewed, end_reasons,
             regenerate_stands_under_rules_by_time, uses_are_counted)
    with concurrent.futures.ThreadPoolExecutor(len(tests)) as pool:
        for done in [pool.submit(test) for test in tests]:
            done.result()


def failing_sources_are_refused():
    """Five failures of a minute are the node's, whichever worker saw them; others go on."""
    tenant = "brand-f"
    made = NODE[0].create("fred", tenant, mode="both")

    def validate(ip, token=None):
        return ask("/sessions/validate", {"access_token": token or made["access_token"], "ip": ip}, tenant=tenant)

    def locked_out(ip):
        for _ in range(5):
            assert validate(ip, "x")[0] == 401
        def by_all():
            got = [validate(ip) for _ in range(12)]  # each a connection of its own
            assert all(status in (200, 429) for status, _, _ in got), got
            return got[0] if all(status == 429 for status, _, _ in got) else None
        try:
            return NODE[0].wait(by_all, 5)
        except AssertionError:
            return None  # a new minute began

    refused = locked_out("192.0.2.1") or locked_out("192.0.2.2") or locked_out("192.0.2.3")
    assert refused, "not each worker refuses"
    _, headers, text = refused
    assert text["code"] == "rate-limited" and 1 <= int(headers["Retry-After"]) <= 60, (headers, text)
    assert validate("192.0.2.9")[0] == 200
    assert ask("/sessions/validate", {"access_token": made["access_token"]}, tenant=tenant)[0] == 200  # says no source
    status, _, text = NODE[0].request("GET", "/metrics", None, port=NODE[0].admin_port)
    assert status == 200 and f'sessiond_sources_refused_total{{tenant="{tenant}"}}' in text


TESTS = [those_that_wait, regenerate_exchanges_the_id, regenerate_takes_the_data_along, regenerate_has_one_winner,
         share_gives_a_child, share_is_refused, children_end_with_their_parent, children_count_and_evict_no_parent,
         idempotent_creation, idempotent_in_parallel, logout_clears_the_cookie, replaces_across_users,
         policy_applies_to_live_sessions, failing_sources_are_refused]


def main():
    with harness.Node(workers=2, tenants=(A,), tenant_lines=FREE, start=False) as node:
        NODE.append(node)
        node.add_tenant(B, FREE + SHORT)
        for tenant in ("brand-c", "brand-e", "brand-p"):
            node.add_tenant(tenant, FREE)
        node.add_tenant("brand-k", FREE + "tokens: { access_ttl: 2s, refresh_grace: 2s }\n"
                        "sessions: { touch_interval: 1s }\n")
        node.add_tenant("brand-f", "limits: { validate_failures_per_minute_per_ip: 5 }\n")
        node.add_tenant("brand-r", FREE + "sessions: { max_per_user: 1, on_limit: reject }\n")
        node.add_tenant("brand-s")
        text = node.tenant_text("brand-s", lines=FREE + "sharing: { clients: [app-two, app-three, web-backend] }\n"
                                "sessions: { max_per_user: 3 }\n")
        for client in ("app-two", "app-three", "app-four"):
            CLIENTS[client], line = harness.new_api_key()
            text = text.replace("clients:\n", f"clients:\n  - {{ id: {client}, key_hashes: [ \"{line}\" ], "
                                "permissions: [sessions:create] }\n", 1)
        node.write("tenants.d/brand-s.yaml", text)
        node.start()
        try:
            harness.main(TESTS)
        except SystemExit as e:
            return e.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
