#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a user may ask for, on two nodes: erased, restricted, everything about him; and what is kept of
addresses and user agents."""
import os
import threading

import harness
import nodes
import store_faults

LINES = store_faults.FREE + "sessions: { max_per_user: 1000 }\n"
ALL = "sessions:revoke"
A = B = REDIS = None
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


def user(name="u"):
    return f"{name}-{os.urandom(6).hex()}@example.com"


def ask(method, path, body=None, node=None, tenant="brand-a", want=200):
    """Tried again while the store is slow; the answer must be `want`."""
    def answered():
        status, _, text = (node or A).request(method, path, body, tenant=tenant)
        return None if status == 503 else (status, text)
    status, text = harness.wait_for(answered, timeout=30, why=path)
    assert status == want, (method, path, status, text)
    return text


def create(name, node=None, tenant="brand-a", want=201, **more):
    return ask("POST", "/sessions", {"user_id": name, **more}, node, tenant, want)


def validates(node, token):
    def answered():
        status, _, text = node.request("POST", "/sessions/validate", {"access_token": token}, tenant="brand-a")
        return None if status == 503 else (status, text.get("code"))
    return harness.wait_for(answered, timeout=30, why="validate")


def kept(text):
    """Keys of the store that hold text, in their names or values: what can be asked for, and the bytes that go to the disk."""
    REDIS.command("CONFIG", "SET", "rdbcompression", "no")
    raw = REDIS.command("EVAL", """
local found = {}
local function look(k, v)
  if type(v) == 'table' then for _, x in ipairs(v) do look(k, x) end
  elseif type(v) == 'string' and string.find(v, ARGV[1], 1, true) then found[#found + 1] = k end
end
local how = { hash = { 'HGETALL' }, zset = { 'ZRANGE', 0, -1 }, stream = { 'XRANGE', '-', '+' }, string = { 'GET' } }
for _, k in ipairs(redis.call('KEYS', '*')) do
  local h = how[redis.call('TYPE', k).ok]
  look(k, k)
  look(k, redis.call('DUMP', k))
  if h then look(k, redis.call(h[1], k, unpack(h, 2))) end
end
return table.concat(found, '\\n')""", "0", text)
    assert raw.startswith(b"$"), raw
    return [line for line in raw.split(b"\r\n", 1)[1].decode().splitlines() if line]


def records(event, fits):
    def found():
        rows = [r for n in (A, B) for r in n.audit() if r["event"] == event and fits(r)]
        return rows or None
    return harness.wait_for(found, timeout=20, why=event)


def test_erase():
    name, other = user(), user()
    stays = create(other)
    made = [create(name, node, ip="192.0.2.77", user_agent=AGENT, data={"secret": "of mine"},
                   device={"id": "dev-" + name.split("@")[0]}) for node in (A, B, A)]
    cookie = create(name, B, mode="cookie")
    ask("DELETE", "/sessions/" + made[2]["session_id"], want=204)
    ask("PUT", f"/users/{name}/data", {"data": {"theme": "dark"}})
    ask("POST", f"/users/{name}/devices", {"id": "own-" + name.split("@")[0], "name": "mine", "data": {"k": 1}}, want=201)
    assert kept(name) and kept("dev-" + name.split("@")[0]), "the search finds"
    receipt = ask("POST", f"/users/{name}/erase")
    # Obeyed here at once; there within the bound.
    assert validates(A, made[0]["access_token"]) == (401, "session-revoked")
    harness.wait_for(lambda: validates(B, made[1]["access_token"]) == (401, "session-revoked"), timeout=10, why="other node")
    assert receipt["sessions"] == 3 and receipt["records"] == 4 and receipt["devices"] == 2 and receipt["data_key"] and receipt["shared_data"], receipt
    assert len(receipt["receipt_id"]) == 32 and receipt["erased_at"] > 0 and name not in str(receipt), receipt
    for node in (A, B):
        for s in (*made, cookie):
            ask("GET", "/sessions/" + s["session_id"], node=node, want=404)
        assert ask("GET", "/sessions/user/" + name, node=node)["items"] == []
        assert ask("GET", f"/sessions?user_id={name}", node=node)["items"] == []
        ask("GET", f"/users/{name}/export", node=node, want=404)
    ask("POST", "/sessions/refresh", {"refresh_token": made[0]["refresh_token"]}, want=401)
    # What the log says of the session that had ended before goes with its tokens.
    left = [k for k in kept(name) if not k.endswith(":log")]
    assert left == [] and kept("dev-" + name.split("@")[0]) == [], left
    assert receipt["audit_copies"] >= 6, receipt
    harness.wait_for(lambda: ask("GET", "/audit?event=user.erased")["items"], timeout=10, why="the copy of the receipt's record")
    assert name not in str(ask("GET", "/audit?limit=500")) and ask("GET", f"/audit?user_id={name}")["items"] == []
    assert [r["user_id"] for r in ask("GET", f"/audit?session_id={stays['session_id']}")["items"]] == [other]
    row, = records("user.erased", lambda r: r["detail"].get("receipt_id") == receipt["receipt_id"])
    assert row["outcome"] == "ok" and row["user_id"].startswith("h:") and name not in str(row), row
    again = ask("POST", f"/users/{name}/erase", {}, B)
    assert (again["sessions"], again["records"], again["data_key"], again["shared_data"]) == (0, 0, False, False), again
    rows = records("user.erased", lambda r: r["detail"].get("receipt_id") == again["receipt_id"])
    assert rows[0]["user_id"] == row["user_id"], "the same pseudonym for the same user"
    assert validates(A, stays["access_token"])[0] == 200
    fresh = create(name)  # he may come back
    assert [s["session_id"] for s in ask("GET", "/sessions/user/" + name)["items"]] == [fresh["session_id"]]


def test_erase_many():
    name = user()
    for _ in range(450):
        create(name)
    got = ask("POST", f"/users/{name}/erase")
    # Asked again after a 503 it tells of the rest alone.
    assert got["sessions"] in (0, 450) and got["records"] <= 450 and [k for k in kept(name) if not k.endswith(":log")] == [], got


def test_restrict():
    name = user()
    s = create(name, B, data={"a": 1})
    ask("PUT", f"/users/{name}/data", {"data": {"theme": "dark"}})
    got = ask("POST", f"/users/{name}/restrict", {"restricted": True})
    assert got["restricted"] is True and got["sessions"] == 1 and got["restricted_at"] > 0, got
    assert validates(A, s["access_token"]) == (401, "session-revoked")
    for node in (A, B):
        refused = create(name, node, want=409)
        assert refused["code"] == "session-limit" and refused["detail"] == "the user is restricted", refused
        refused = ask("PUT", f"/users/{name}/data", {"data": {}}, node, want=423)
        assert refused["code"] == "session-locked" and refused["detail"] == "the user is restricted", refused
        assert ask("PUT", f"/users/{name}/devices/d1", {"name": "x"}, node, want=423)["code"] == "session-locked"
        ask("PATCH", "/sessions/" + s["session_id"], {"data": {"a": 2}}, node, want=409)
        ask("POST", "/sessions/refresh", {"refresh_token": s["refresh_token"]}, node, want=401)
    export = ask("GET", f"/users/{name}/export", node=B)  # kept, and shown
    assert export["restricted_at"] == got["restricted_at"] and export["data"] == {"theme": "dark"}, export
    assert export["sessions"][0]["data"] == {"a": 1} and export["sessions"][0]["end_reason"] == "admin", export
    again = ask("POST", f"/users/{name}/restrict", {"restricted": True}, B)
    assert again["restricted_at"] == got["restricted_at"] and again["sessions"] == 0, again
    assert records("user.restricted", lambda r: r["user_id"] == name and r["reason"] == "restricted")
    got = ask("POST", f"/users/{name}/restrict", {"restricted": False}, B)
    assert got["restricted"] is False and "restricted_at" not in got, got
    create(name, A)
    assert records("user.restricted", lambda r: r["user_id"] == name and r["reason"] == "lifted")
    for body in (None, {}):  # the word may be left out
        assert ask("POST", f"/users/{name}/restrict", body)["restricted"] is True
    for body in ({"restricted": "yes"}, {"restricted": True, "why": "x"}):
        ask("POST", f"/users/{name}/restrict", body, want=400)


def test_none_begins_beside_a_restriction():
    """Sessions are created on both nodes while the user is restricted: afterwards none lives."""
    for _ in range(int(os.environ.get("SESSIOND_ROUNDS", "5"))):
        name, go = user(), threading.Barrier(9)

        def creator(node):
            go.wait()
            for _ in range(5):
                node.request("POST", "/sessions", {"user_id": name}, tenant="brand-a")
        workers = [threading.Thread(target=creator, args=((A, B)[i % 2],)) for i in range(8)]
        for t in workers:
            t.start()
        go.wait()
        ask("POST", f"/users/{name}/restrict", {"restricted": True})
        for t in workers:
            t.join()
        alive = [s for s in ask("GET", "/sessions/user/" + name)["items"] if s["status"] == "active"]
        assert alive == [], alive


def test_export():
    name = user()
    ask("GET", f"/users/{name}/export", want=404)
    made = [create(name, data={"n": i})["session_id"] for i in range(130)]
    ask("DELETE", "/sessions/" + made[0], want=204)
    ask("POST", f"/users/{name}/devices", {"id": "d1", "name": "mine", "data": {"k": 1}}, want=201)
    ask("PUT", f"/users/{name}/data", {"data": {"theme": "dark"}})
    seen, query, pages = [], "", 0
    while query is not None:
        page = ask("GET", f"/users/{name}/export{query}", node=(A, B)[pages % 2])
        assert page["user_id"] == name and page["data"] == {"theme": "dark"} and "restricted_at" not in page
        assert [(d["device_id"], d["data"]) for d in page["devices"]] == [("d1", {"k": 1})] if pages == 0 else "devices" not in page
        seen += [(s["session_id"], s["data"]["n"]) for s in page["sessions"]]
        query, pages = page["next_cursor"] and "?cursor=" + page["next_cursor"], pages + 1
    assert pages > 1 and sorted(seen) == sorted((sid, i) for i, sid in enumerate(made)), pages
    assert records("data.exported", lambda r: r["user_id"] == name and r["actor"]["type"] == "client")
    cursor = ask("GET", f"/users/{name}/export")["next_cursor"]
    ask("GET", f"/users/{user()}/export?cursor={cursor}", want=400)
    ask("GET", f"/users/{name}/export?limit=1", want=400)


def test_what_is_kept():
    """brand-b keeps hashes of addresses and families of user agents."""
    name = user()
    a = create(name, tenant="brand-b", ip="2001:DB8::7", user_agent=AGENT)
    b = create(name, B, tenant="brand-b", ip="2001:db8:0::7", user_agent="curl/8.5.0")
    c = create(name, tenant="brand-b", ip="192.0.2.1")
    of = {s["session_id"]: s for s in ask("GET", "/sessions/user/" + name, tenant="brand-b")["items"]}
    first, second, third = (of[s["session_id"]] for s in (a, b, c))
    assert first["ip"] == second["ip"] != third["ip"] and first["ip"].startswith("h:") and len(first["ip"]) == 24, of
    assert first["user_agent"] == "Firefox/Linux" and second["user_agent"] == "curl/other" and "user_agent" not in third, of
    found = ask("GET", f"/sessions?ip=2001:db8::7&user_id={name}", tenant="brand-b")["items"]
    assert sorted(s["session_id"] for s in found) == sorted([a["session_id"], b["session_id"]]), found
    rows = records("session.created", lambda r: r["session_id"] == a["session_id"])
    assert rows[0]["ip"] == first["ip"], rows
    assert kept("2001:db8") == [] and kept("Mozilla") == [] and kept("2001:DB8") == []


def prepare(node):
    for tenant in ("brand-a", "brand-b"):
        text = node.tenant_text(tenant, lines=LINES).replace(ALL + "]", ALL + ", privacy:manage, devices:write, audit:read]")
        if tenant == "brand-b":
            text += "privacy: { ip: hash, user_agent: family }\n"
        node.write(f"tenants.d/{tenant}.yaml", text)


def main():
    global A, B, REDIS  # pylint: disable=global-statement
    with nodes.pair(("brand-a", "brand-b"), LINES, prepare) as (A, B, REDIS):
        harness.main([test_what_is_kept, test_erase, test_erase_many, test_restrict,
                      test_none_begins_beside_a_restriction, test_export])


if __name__ == "__main__":
    main()
