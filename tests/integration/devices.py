#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A user's devices: registered, changed, known by sessions, removed with their sessions on every node."""
import concurrent.futures
import os
import time
import urllib.parse

import harness
import nodes

A = "brand-a"
NEEDLE = "plain-text-that-must-not-be-found"


def permit(node, lines=""):
    """The harness's client may do everything with devices too."""
    text = node.tenant_text(A, None, nodes.FREE)
    node.write(f"tenants.d/{A}.yaml",
               text.replace("sessions:revoke]", "sessions:revoke, devices:read, devices:write, admin]") + lines)


class Api:
    def __init__(self, node):
        self.node = node

    def call(self, method, path, body=None, **headers):
        deadline = time.monotonic() + 20
        while True:
            got = self.node.request(method, path, body, tenant=A, headers=headers)
            if got[0] != 503 or time.monotonic() > deadline:
                return got

    def ok(self, want, method, path, body=None, **headers):
        status, _, text = self.call(method, path, body, **headers)
        assert status == want, (method, path, body, status, text)
        return text

    def bad(self, want, code, method, path, body=None, pointer=None):
        status, _, text = self.call(method, path, body)
        assert status == want and text["code"] == code, (method, path, status, text)
        assert pointer is None or text["errors"][0]["pointer"] == pointer, text

    def create(self, user, **more):
        return self.ok(201, "POST", "/sessions", {"user_id": user, **more})

    def audited(self, event, **match):
        def found():
            return [r for r in self.node.audit() if r["event"] == event and all(r[k] == v for k, v in match.items())]
        return harness.wait_for(found, 10, why=f"audited: {event} {match}")


def every(user):
    return "/users/%s/devices" % urllib.parse.quote(user, safe="")


def registered_and_changed(t, _):
    path = every("al/ice é")
    status, headers, made = t.call("POST", path, {"id": "d1", "name": "phone", "type": "mobile", "trust": "low",
                                                  "data": {"text": NEEDLE}})
    assert status == 201 and headers["Location"] == f"/tenants/{A}{path}/d1", (status, headers)
    assert made["device_id"] == "d1" and made["data"] == {"text": NEEDLE} and "last_seen_at" not in made, made
    assert t.ok(200, "GET", headers["Location"]) == made
    t.audited("device.changed", user_id="al/ice é", reason="registered")
    now = t.ok(200, "PUT", path + "/d1", {"trust": "high"})
    assert (now["name"], now["type"], now["trust"], now["data"]) == ("phone", "mobile", "high", {"text": NEEDLE}), now
    now = t.ok(200, "PUT", path + "/d1", {"data": {}, "name": "new"})
    assert (now["name"], now["data"]) == ("new", {}), now
    assert t.ok(200, "POST", path, {"device_id": "d1", "type": "tablet"})["type"] == "tablet"
    auto = t.ok(201, "POST", path, {})["device_id"]
    listed = t.ok(200, "GET", path)
    assert {d["device_id"] for d in listed["items"]} == {"d1", auto} and listed["next_cursor"] is None, listed
    assert not any("data" in d for d in listed["items"])
    assert t.ok(200, "GET", every("nobody"))["items"] == []
    # Of another user's data nothing can be read, whatever is put where in the store.
    t.ok(201, "POST", every("bob"), {"id": "d1", "data": {"b": 1}})
    assert t.ok(200, "GET", path + "/d1")["data"] == {}


def refused(t, _):
    path = every("carol")
    t.bad(404, "device-unknown", "GET", path + "/none")
    t.bad(404, "device-unknown", "PUT", path + "/none", {"name": "x"})
    t.bad(404, "device-unknown", "GET", path + "/" + "x" * 65)
    t.bad(400, "field-invalid", "POST", path, {"id": "a b"}, pointer="/id")
    t.bad(400, "field-invalid", "POST", path, {"id": "a", "trust": ""}, pointer="/trust")
    t.bad(400, "unknown-field", "PUT", path + "/d1", {"id": "d2"}, pointer="/id")
    t.bad(400, "exactly-one", "POST", path, {"id": "a", "device_id": "a"})
    t.bad(413, "data-too-large", "POST", path, {"id": "a", "data": {"x": "y" * 60000}})
    t.ok(204, "DELETE", path + "/none")
    for i in range(100):
        t.ok(201, "POST", path, {"id": f"d{i}"})
    t.bad(409, "session-limit", "POST", path, {"id": "more"})
    t.create("carol", device={"id": "more"})  # a login is not refused for it
    paged, cursor = [], ""
    while cursor is not None:
        page = t.ok(200, "GET", path + "?limit=33" + ("&cursor=" + cursor if cursor else ""))
        paged, cursor = paged + [d["device_id"] for d in page["items"]], page["next_cursor"]
    assert sorted(paged) == sorted(f"d{i}" for i in range(100)), paged
    first = t.ok(200, "GET", path)
    assert len(first["items"]) == 50 and [d["device_id"] for d in first["items"]] == paged[:50]
    t.bad(400, "cursor-invalid", "GET", every("other") + "?cursor=" + first["next_cursor"])
    t.bad(400, "field-invalid", "GET", path + "?limit=0")
    t.bad(400, "unknown-field", "GET", path + "?name=x")
    key, _ = harness.new_api_key()
    for method, where, body in (("GET", path, None), ("POST", path, {}), ("DELETE", path + "/d1", None)):
        status, _, text = t.node.request(method, where, body, tenant=A, headers={"Authorization": "Bearer " + key})
        assert status == 401, (status, text)


def known_by_sessions(t, _):
    made = t.create("dave", device={"id": "d1", "name": "laptop", "type": "desktop", "trust": "low"})
    t.audited("device.changed", user_id="dave", reason="new", session_id=made["session_id"])
    t.create("dave", device={"id": "d1", "trust": "high"})
    d = t.ok(200, "GET", every("dave") + "/d1")
    assert (d["name"], d["type"], d["trust"]) == ("laptop", "desktop", "low") and d["last_seen_at"] > 0, d
    assert len([r for r in t.node.audit() if r["event"] == "device.changed" and r["user_id"] == "dave"]) == 1
    t.ok(201, "POST", every("dave"), {"id": "tv", "name": "tv"})
    as_user = {"Authorization": "Bearer " + made["access_token"]}
    made["refreshed"] = t.ok(200, "POST", "/sessions/refresh", {"refresh_token": made["refresh_token"]})["access_token"]
    for token in (made["access_token"], made["refreshed"]):
        assert t.ok(200, "POST", "/sessions/validate", {"access_token": token})["device_id"] == "d1"
    own = {d["device_id"]: d for d in t.ok(200, "GET", "/api/v1/auth/devices", **as_user)["items"]}
    assert own["d1"]["sessions"] == 2 and own["d1"]["current"] and own["d1"]["name"] == "laptop", own
    assert own["tv"]["sessions"] == 0 and not own["tv"]["current"], own


def removed_on_every_node(one, two):
    user = "erin"
    made = [one.create(user, device={"id": "d1"}, mode="both") for _ in range(2)]
    other = one.create(user, device={"id": "d2"})
    for t in (one, two):
        for m in made:
            t.ok(200, "POST", "/sessions/validate", {"access_token": m["access_token"]})
            t.ok(200, "POST", "/sessions/validate", {"session_token": m["session_token"]})
    one.ok(204, "DELETE", every(user) + "/d1")
    for m in made:  # this node obeys at once
        for kind in ("access_token", "session_token"):
            one.bad(401, "session-revoked", "POST", "/sessions/validate", {kind: m[kind]})
        s = one.ok(200, "GET", "/sessions/" + m["session_id"])
        assert s["status"] == "ended" and s["end_reason"] == "device", s
    deadline = time.monotonic() + 5
    while any(two.call("POST", "/sessions/validate", {"access_token": m["access_token"]})[0] != 401 for m in made):
        assert time.monotonic() < deadline, "the other node never heard of it"
    for t in (one, two):
        t.ok(200, "POST", "/sessions/validate", {"access_token": other["access_token"]})
        t.bad(404, "device-unknown", "GET", every(user) + "/d1")
    one.audited("device.changed", user_id=user, reason="removed")
    for m in made:  # a record for each
        one.audited("session.ended", user_id=user, session_id=m["session_id"], reason="device")


def new_places_and_devices(t, two):
    """A session from where its user was not seen before says so in the trail, and is counted; nothing else tells."""
    def begin(at, **more):
        made = at.create("ivy", **more)
        detail = t.audited("session.created", session_id=made["session_id"])[0]["detail"] if at is t else None
        return made, detail and {k for k in detail if k.startswith("new_")}

    made, new = begin(t, ip="192.0.2.7", device={"id": "d1"})
    assert new == {"new_place", "new_device"} and not any("new" in k for k in made), (new, made)
    assert begin(t, ip="192.0.2.200", device={"id": "d1"})[1] == set()
    assert begin(t)[1] == set()
    begin(two, ip="2001:db8:1::1", device={"id": "d2"})
    assert begin(t, ip="2001:db8:1:2::9", device={"id": "d2"})[1] == set()
    assert begin(t, ip="2001:db8:2::1", device={"id": "d2"})[1] == {"new_place"}
    text = harness.wait_for(lambda: t.node.request("GET", "/metrics", None, port=t.node.admin_port)[2], 5)
    for kind, least in (("ip", 2), ("device", 1)):
        rows = [x for x in text.splitlines() if x.startswith("sessiond_new_places_total") and f'kind="{kind}"' in x and f'"{A}"' in x]
        assert rows and float(rows[0].split()[-1]) >= least, rows


LEVELS = """devices:
  trust:
    low: { idle_timeout: 5m, absolute_timeout: 1h, max_per_user: 2, step_up: "urn:mfa" }
    none: { absolute_timeout: 2h }
"""
KINDS = ("access_token", "session_token")


def levels(nodes_, lines):
    for t in nodes_:
        permit(t.node, lines)
        failed, said = t.node.reload()
        assert not failed, said


def steps_up(t, made):
    """True when both tokens of it do, False when none."""
    got = []
    for kind in KINDS:
        status, fields, text = t.call("POST", "/sessions/validate", {kind: made[kind]})
        if status == 401:
            assert text["code"] == "step-up-required", text
            assert fields["WWW-Authenticate"] == 'Bearer error="insufficient_user_authentication", acr_values="urn:mfa"', fields
        got.append(status)
    assert got in ([200, 200], [401, 401]), got
    return got[0] == 401


def judged_by_trust(one, two):
    """Sessions that live are judged by a policy that comes later, and by a trust that changes, on both nodes."""
    user, path = "gail", every("gail")
    plain = one.create(user, mode="both", device={"id": "d1", "trust": "high"})
    strong = one.create(user, mode="both", acr="urn:mfa", device={"id": "d1", "trust": "low"})  # d1 is known by then
    bare = one.create(user, mode="both", remember_me=True)
    assert one.ok(200, "GET", "/sessions/" + strong["session_id"])["device"]["trust"] == "high"
    levels((one, two), LEVELS)
    for t in (one, two):
        assert not steps_up(t, plain) and not steps_up(t, strong) and not steps_up(t, bare)
    s = one.ok(200, "GET", "/sessions/" + bare["session_id"])
    assert s["expires_at"] == s["created_at"] + 7200, s
    e = one.ok(200, "GET", "/sessions/" + bare["session_id"] + "/explain")
    assert e["trust"] == {"level": "none", "must_step_up": False} and (e["decided_by"], e["origin"]) == ("absolute", "trust"), e
    assert one.ok(200, "PUT", path + "/d1", {"trust": "low"})["trust"] == "low"
    assert steps_up(one, plain) and not steps_up(one, strong) and not steps_up(one, bare)
    harness.wait_for(lambda: steps_up(two, plain), 5, why="the other node")
    assert not steps_up(two, strong)
    s = two.ok(200, "GET", "/sessions/" + strong["session_id"])
    assert s["device"]["trust"] == "low" and s["expires_at"] == s["created_at"] + 3600, s
    assert s["idle_expires_at"] == min(s["last_seen_at"] + 300, s["expires_at"]), s
    e = two.ok(200, "GET", "/sessions/" + plain["session_id"] + "/explain")
    assert e["trust"] == {"level": "low", "device_trust": "low", "max_per_user": 2, "step_up": "urn:mfa", "must_step_up": True}, e
    assert (e["decided_by"], e["origin"]) == ("idle", "trust") and {c["trust_in"] for c in e["clocks"]} == {300, 3600}, e
    text = one.ok(200, "POST", "/sessions/refresh", {"refresh_token": strong["refresh_token"]})
    assert text["refresh_expires_in"] <= 3600, text
    other = {"devices": {"trust": {"low": {"step_up": "urn:key"}, "none": {"step_up": "urn:mfa"}}}}
    text = one.ok(200, "POST", "/policy/preview", other)
    assert text["would_step_up"] >= 2, text  # strong and bare: plain must step up now as well
    # A look on the device's data changes nothing; more trust lets them be used again.
    one.ok(200, "PUT", path + "/d1", {"name": "x"})
    assert steps_up(one, plain)
    one.ok(200, "PUT", path + "/d1", {"trust": "high"})
    assert not steps_up(one, plain)
    harness.wait_for(lambda: not steps_up(two, plain), 5, why="the other node")


def limited_by_trust(one, two):
    """Exactly two of a level, however many begin at once on both nodes, and however they call themselves."""
    user, path = "hal", every("hal")
    for i in range(4):
        one.ok(201, "POST", path, {"id": f"d{i}", "trust": "low"})
    levels((one, two), LEVELS + "sessions: { max_per_user: 50, on_limit: reject }\n")

    def begin(i):
        t = (one, two)[i % 2]
        return t.call("POST", "/sessions", {"user_id": user, "device": {"id": f"d{i % 4}", "trust": "high"}})[0]

    for _ in range(int(os.environ.get("SESSIOND_ROUNDS", "2"))):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            got = sorted(pool.map(begin, range(32)))
        assert got == [201] * 2 + [409] * 30, got
        live = [s for s in one.ok(200, "GET", f"/sessions/user/{user}")["items"] if s["status"] == "active"]
        assert len(live) == 2, live
        one.ok(201, "POST", "/sessions", {"user_id": user, "device": {"id": "other", "trust": "high"}})
        one.ok(200, "DELETE", f"/sessions/user/{user}")
    levels((one, two), "")


def main():
    with nodes.pair(prepare=permit) as (a, b, _):
        harness.main([registered_and_changed, refused, known_by_sessions, removed_on_every_node, new_places_and_devices,
                      judged_by_trust, limited_by_trust], Api(a), Api(b))


if __name__ == "__main__":
    main()
