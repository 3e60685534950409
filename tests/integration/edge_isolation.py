#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every tenant route of worker/route.def with what belongs to another tenant, and with what exists
nowhere: the same answer to the byte, and nothing of the other tenant changes. Then a tenant far over
its limits, beside one that goes on being served."""
import json
import os
import re
import select
import statistics
import threading
import time

import edge_kit as kit
import harness

A, B, NONE = "brand-a", "brand-b", "brand-z"
ID = "same-for-both"
NODE, THEIRS, NOWHERE = None, None, None


def sid():
    return kit.b64(os.urandom(16))


def key():
    return "sdk_" + kit.b64(os.urandom(32))


def forged_token():
    """Of the other tenant's making, but for its key."""
    head, payload, _ = THEIRS["access_token"].split(".")
    header = json.loads(kit.unb64(head))
    header["kid"] = kit.b64(os.urandom(32))
    return ".".join((kit.b64(json.dumps(header, separators=(",", ":")).encode()), payload, kit.b64(os.urandom(256))))


def setting():
    """What B has, and the like that nobody has."""
    global THEIRS, NOWHERE  # pylint: disable=global-statement
    for repeat in ({"Idempotency-Key": "repeat-b"}, {}):
        status, _, THEIRS = NODE.request("POST", "/sessions", {"user_id": "bob", "mode": "both", "device": {"id": "phone-b"}}, B, repeat)
        if status == 201:
            break
    assert status == 201, THEIRS
    THEIRS.update(user="bob", device="phone-b", client="only-b", tenant=B, key=NODE.api_keys[B], repeat="repeat-b")
    NOWHERE = {"session_id": sid(), "access_token": forged_token(), "refresh_token": "sdr_" + kit.b64(os.urandom(68)),
               "session_token": "sds_" + kit.b64(os.urandom(68)), "user": "xyz", "device": "phone-x", "client": "only-x",
               "tenant": NONE, "key": key(), "repeat": "repeat-x"}
    for what in ("access_token", "session_token"):  # the worker remembers it, for B
        for _ in range(2):
            assert NODE.request("POST", "/sessions/validate", {what: THEIRS[what]}, B)[0] == 200


def bodies(route, o):
    """The bodies of a route that name the objects of o."""
    if route == "CREATE":
        return [{"user_id": "eve", "replaces": o["session_id"]}, {"user_id": "eve", "replaces": o["session_token"]},
                {"user_id": "eve", "client_id": o["client"]}]
    if route == "VALIDATE":
        return [{k: o[k]} for k in ("access_token", "session_token")] + [{"access_token": o["access_token"], "audience": "api://x"}]
    if route in ("REFRESH", "REFRESH_ID"):
        return [{"refresh_token": o["refresh_token"]}]
    if route == "REVOKE":
        return [{k: o[k]} for k in ("session_id", "access_token", "refresh_token", "session_token")] + [
            {"user_id": o["user"]}, {"user_id": o["user"], "device_id": o["device"]},
            {"user_id": o["user"], "except_session_id": o["session_id"]}, {"client_id": o["client"]}]
    return None


def any_bodies(o):
    """For a route that this test does not know: each name of an object that the contract has, alone."""
    names = {"session_id": o["session_id"], "access_token": o["access_token"], "refresh_token": o["refresh_token"],
             "session_token": o["session_token"], "user_id": o["user"], "device_id": o["device"], "client_id": o["client"],
             "code": o["session_id"], "data": {"other": 1}, "id": o["device"], "name": "x", "others": True}
    return [{k: v} for k, v in names.items()] + [{}]


def queries(o):
    return ["", *("?" + k + "=" + v for k, v in (("user_id", o["user"]), ("device_id", o["device"]), ("client_id", o["client"]),
                                                  ("session_id", o["session_id"]), ("cursor", o["session_id"]), ("tenant", o["tenant"])))]


def path_of(route, pattern, o):
    path = pattern
    for name, value in (("{id}", "session_id"), ("{user}", "user"), ("{user_id}", "user"), ("{device}", "device"), ("{device_id}", "device")):
        path = path.replace(name, o[value])
    assert "{" not in path, "%s: what to put in place of the parameter of %s?" % (route, pattern)
    return path


def calls(o, scopes=("TENANT",)):
    """(route, method, rest of the path, body) for every route of these scopes in route.def with the objects of o."""
    for route, method, pattern, scope, has_body in kit.routes():
        if scope not in scopes:
            continue
        path = path_of(route, pattern, o)
        for body in (bodies(route, o) or any_bodies(o)) if has_body else [None]:
            for query in queries(o)[route == "EVENTS":] if method == "GET" else [""]:  # that stream does not end
                yield route, method, path + query, body
            if method == "GET":
                yield route, "HEAD", path, body


def carried(o):
    """What may come along in a request's header: the other's cookie, lock, version, key of a repetition."""
    return [{"Cookie": "__Host-session=" + o["session_token"]}, {"X_Lock_Token": o["session_id"]}, {"If_Match": '"' + o["session_id"] + '"'},
            {"Idempotency_Key": o["repeat"]}, {"X_Session_ID": o["session_id"]}, {"X_Forwarded_For": "192.0.2.7"}]


def ask(method, path, body, credential, tenant=None, how="Authorization", **more):
    fields = {"X_Request_Id": ID, "Connection": "close", **more}
    if credential:
        fields[how] = ("Bearer " if how == "Authorization" else "") + credential
    if tenant:
        fields["X_Tenant_ID"] = tenant
    with kit.connect(NODE.port) as s:
        return kit.to_the_end(s, kit.request(method, path, body, **fields))


def shape(value):
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    return [shape(v) for v in value] if isinstance(value, list) else type(value).__name__


def echoed(answer, request, o):
    """The caller's own words, said back to him: users and devices of the same names are his own tenant's."""
    for k in ("user", "device", "session_id"):
        if o[k] in repr(request) and o[k].encode() in answer:
            answer = re.sub(rb"Content-Length: \d+", b"Content-Length:", answer.replace(o[k].encode(), k.encode()))
    return answer


def masked(answer):
    """What may differ: the date, the log's position, and the new session of a creation."""
    answer = re.sub(rb"Date: [^\r]*", b"Date:", answer)
    answer = re.sub(rb'"log_position":"[^"]*"', b'"log_position":"P"', answer)
    answer = re.sub(rb'"(proof_age_ms|now_at|updated_at|created_at|erased_at|restricted_at)":\d+', rb'"\1":0', answer)
    answer = re.sub(rb'(ETag: "\d+)-[0-9a-f]+"', rb'\1"', answer)
    answer = re.sub(rb'"receipt_id":"[0-9a-f]+"', b'"receipt_id":"R"', answer)
    if answer.startswith(b"HTTP/1.1 201 "):
        head, _, body = answer.partition(b"\r\n\r\n")
        head = re.sub(rb"(Location: [^\r]*/devices/)[^\r]*", rb"\1", head)
        head = re.sub(rb"(Location: /sessions/|Location: /tenants/[^/]*/sessions/|__Host-session=)[^\r;]*", rb"\1", head)
        made = json.loads(body)
        return re.sub(rb"Content-Length: \d+", b"Content-Length:", head), made.get("evicted"), shape(made)
    return answer


def same(asks, note):
    """asks: what asks with the other's objects, and with those of nobody. A difference that is the clock's does not stay."""
    for left in (2, 1, 0):
        theirs, nowhere = (masked(echoed(ask(*a, **k), (a, k), o)) for (a, k), o in zip(asks, (THEIRS, NOWHERE)))
        if theirs == nowhere:
            break
        assert left, (note, theirs, nowhere)
    for word in ("phone-b", "brand-b", THEIRS["session_id"]):
        assert word.encode() not in (theirs if isinstance(theirs, bytes) else repr(theirs).encode()), (note, theirs)


def untouched():
    """All that B has is as it was."""
    for what in ("access_token", "session_token"):
        status, _, body = NODE.request("POST", "/sessions/validate", {what: THEIRS[what]}, B)
        assert status == 200 and body["user_id"] == "bob", body
    _, _, listed = NODE.request("GET", "/sessions/user/bob", tenant=B)
    assert [s["session_id"] for s in listed["items"]] == [THEIRS["session_id"]], listed


def objects_of_another():
    """A's own caller, A's own routes, the other's ids and tokens; in each form of naming A."""
    count, seen = 0, set()
    for form in ("short", "header", "path"):
        prefix, tenant = (f"/tenants/{A}/", None) if form == "path" else ("/", A if form == "header" else None)
        for (route, method, path, body), (_, _, path2, body2) in zip(calls(THEIRS), calls(NOWHERE)):
            same([((m, prefix + p, b, NODE.api_keys[A], tenant), {}) for m, p, b in ((method, path, body), (method, path2, body2))],
                 (form, route, path, body))
            count += 1
            seen.add(route)
        untouched()
    print("%d pairs, %d routes" % (count, len(seen)))
    assert len(seen) == len([r for r in kit.routes() if r[3] == "TENANT"]) >= 9, seen


def carried_by_a_header():
    """A's own caller and objects of A; in the header what belongs to the other."""
    count, mine = 0, {**THEIRS, **NODE.create("alice", A, mode="both", device={"id": "phone-a"}), "user": "alice", "device": "phone-a",
                      "client": "web-backend", "tenant": A}
    for route, method, pattern, scope, has_body in kit.routes():
        if scope != "TENANT" or method == "DELETE" or route in ("EVENTS", "REVOKE", "REFRESH", "REFRESH_ID", "REGENERATE"):
            continue  # these change or end what is mine
        body = {"user_id": "eve"} if route == "CREATE" else {"access_token": mine["access_token"]} if has_body else None
        for theirs, nowhere in zip(carried(THEIRS), carried(NOWHERE)):
            same([((method, "/" + path_of(route, pattern, mine), body, NODE.api_keys[A], None), h) for h in (theirs, nowhere)], (route, theirs))
            count += 1
    untouched()
    print("%d pairs" % count)


def users_of_another():
    """A user of A, with his own token, names what is B's."""
    token, count = NODE.create("carol", A)["access_token"], 0
    for (route, method, path, body), (_, _, path2, body2) in zip(calls(THEIRS, ("USER",)), calls(NOWHERE, ("USER",))):
        if body and ("others" in body or "all" in body):
            continue
        same([((m, "/" + p, b, token, A), {}) for m, p, b in ((method, path, body), (method, path2, body2))], (route, path, body))
        count += 1
    untouched()
    print("%d pairs" % count)


def names_of_another():
    """A's caller names tenant B, B's caller names A: as if that tenant did not exist."""
    for o in (THEIRS, NOWHERE):
        for route, method, path, body in calls(o):
            for how in ("Authorization", "X_API_Key"):
                for credential, tenant in ((NODE.api_keys[A], B), (NODE.api_keys[B], A)):
                    for prefix, header, prefix2, header2 in ((f"/tenants/{tenant}/", None, f"/tenants/{NONE}/", None),
                                                             (f"/tenants/{tenant}/", tenant, f"/tenants/{NONE}/", NONE),
                                                             ("/", tenant, "/", NONE)):
                        got = ask(method, prefix + path, body, credential, header, how)
                        assert got.startswith(b"HTTP/1.1 404 ") and (method == "HEAD" or b'"tenant-unknown"' in got), (route, got)
                        assert masked(got) == masked(ask(method, prefix2 + path, body, credential, header2, how)), (route, got)
    untouched()


def credentials_of_nobody():
    """A wrong key: 401 whatever tenant is named, whatever the object; a user's tokens are no key here."""
    for credential in (None, NOWHERE["key"], THEIRS["access_token"], THEIRS["session_token"], THEIRS["refresh_token"],
                       NODE.api_keys[B][:-1], NODE.api_keys[B] + "A", NODE.api_keys[B].upper()):
        seen = {}
        for o in (THEIRS, NOWHERE):
            for route, method, path, body in calls(o):
                for tenant in (A, B, NONE):
                    got = masked(ask(method, f"/tenants/{tenant}/{path}", body, credential))
                    assert got.startswith(b"HTTP/1.1 401 "), (route, got)
                    assert seen.setdefault(method == "HEAD", got) == got, (route, got, seen)
    untouched()


def one_connection_for_two():
    """Callers of both tenants by turns on one connection, as through a pooling proxy."""
    mine = NODE.create("alice", A)
    fields = [{"Authorization": "Bearer " + NODE.api_keys[t], "X_Request_Id": ID} for t in (A, B)]
    tokens = [mine["access_token"], THEIRS["access_token"]]
    data = b"".join(kit.request("POST", "/sessions/validate", {"access_token": tokens[(i // 2) % 2]}, **fields[i % 2]) for i in range(64))
    got = kit.talk(NODE.port, data + kit.request("GET", "/livez", Connection="close"))
    assert [a.status for a in got[:-1]] == [200, 401, 401, 200] * 16
    for i, a in enumerate(got[:-1]):
        assert a.status == 401 or a.json()["tenant_id"] == (A, B)[i % 2]


def the_same_names():
    """A user, a device, a client of the same name in both: each tenant ends its own."""
    mine = NODE.create("bob", A, device={"id": "phone-b"})
    for body in ({"user_id": "bob", "device_id": "phone-b"}, {"user_id": "bob"}, {"client_id": "web-backend"}, {"before_at": 1700000000}):
        status, _, answer = NODE.request("POST", "/sessions/revoke", body, A)
        assert status == 200, answer
        untouched()
    assert NODE.validate(mine["access_token"])[0] == 401
    assert NODE.request("DELETE", "/sessions/user/bob", tenant=A)[0] == 200
    untouched()


def global_routes():
    """Without a tenant: nothing about any. Public keys: each tenant's own."""
    for port in (NODE.port, NODE.admin_port):
        for path in ("/health", "/livez", "/readyz"):
            text = json.dumps(NODE.request("GET", path, port=port)[2])
            assert A not in text and B not in text, (path, text)
    kids = [{k["kid"] for k in NODE.request("GET", f"/tenants/{t}/jwks")[2]["keys"]} for t in (A, B)]
    assert kids[0] and kids[1] and not kids[0] & kids[1]


def over_the_limits():
    """brand-c far over its rates: 429 with Retry-After, never a 5xx; B meanwhile: 2xx, every time."""
    stop, seen, failed = threading.Event(), set(), []

    def drive(body, path):
        data = kit.request("POST", path, body, Authorization="Bearer " + NODE.api_keys["brand-c"]) * 50
        while not stop.is_set():
            for a in kit.talk(NODE.port, data + kit.request("GET", "/livez", Connection="close"))[:-1]:
                code = a.json().get("code", a.status)
                seen.add(code)
                if a.status == 429 and int(a.get("Retry-After")) < 1 or a.status >= 500:
                    failed.append(a)
    threads = [threading.Thread(target=drive, args=({"user_id": f"u{i}"}, "/sessions")) for i in range(4)]
    threads.append(threading.Thread(target=drive, args=({"access_token": "x", "ip": "192.0.2.1"}, "/sessions/validate")))
    for t in threads:
        t.start()
    try:
        for i in range(100):
            made = NODE.create(f"user{i}", B)
            assert NODE.validate(made["access_token"], B)[0] == 200
            status, _, body = NODE.request("POST", "/sessions/validate", {"access_token": "x", "ip": "192.0.2.1"}, B)
            assert status == 401 and body["code"] == "token-malformed", body  # the same address, another tenant
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert not failed and {"rate-limited", 201} <= seen, (seen, failed[:1])


def too_many_in_flight():
    """brand-c has four in flight: the fifth is refused at once, and B's are not."""
    auth = {"Authorization": "Bearer " + NODE.api_keys["brand-c"], "Connection": "close"}
    def burst():
        socks = [kit.connect(NODE.port) for _ in range(100)]
        for s in socks:
            s.sendall(kit.request("GET", "/sessions/" + sid(), **auth))
        assert NODE.request("GET", "/sessions/user/bob", tenant=B)[0] == 200
        statuses = set()
        for s in socks:
            assert select.select([s], [], [], 10)[0]
            (a,) = kit.answers(kit.to_the_end(s))
            assert a.status == 404 or (a.status == 429 and a.json()["code"] == "tenant-busy" and a.get("Retry-After")), a
            statuses.add(a.status)
            s.close()
        return statuses == {404, 429}
    harness.wait_for(burst, why="a burst that meets the bulkhead")


def in_the_time_it_takes():
    """Printed, never judged here: a shared machine has no quiet second. "noise" is the difference between two halves of the
    same question; SESSIOND_ROUNDS=20000 in a quiet hour tells apart what is there to be told apart."""
    rounds = int(os.environ.get("SESSIOND_ROUNDS", "200"))
    key_a = "Bearer " + NODE.api_keys[A]
    questions = {
        "GET a session": lambda o: kit.request("GET", "/sessions/" + o["session_id"], Authorization=key_a),
        "validate an access token": lambda o: kit.request("POST", "/sessions/validate", {"access_token": o["access_token"]}, Authorization=key_a),
        "validate a session token": lambda o: kit.request("POST", "/sessions/validate", {"session_token": o["session_token"]}, Authorization=key_a),
        "list a user": lambda o: kit.request("GET", "/sessions/user/" + o["user"], Authorization=key_a),
        "name a tenant": lambda o: kit.request("GET", f"/tenants/{o['tenant']}/sessions/{sid()}", Authorization=key_a),
    }
    with kit.connect(NODE.port) as s:
        for what, make in questions.items():
            data = {"theirs": make(THEIRS), "nowhere": make(NOWHERE)}
            took = {"theirs": [], "nowhere": []}
            for i in range(rounds):
                for who in ("theirs", "nowhere") if i % 2 else ("nowhere", "theirs"):
                    began = time.perf_counter()
                    s.sendall(data[who])
                    got = s.recv(65536)
                    took[who].append((time.perf_counter() - began) * 1e6)
                    assert got.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 401 ", b"HTTP/1.1 200 ")), got
            middle = {who: statistics.median(t) for who, t in took.items()}
            noise = max(abs(statistics.median(t[::2]) - statistics.median(t[1::2])) for t in took.values())
            print("%-25s %7.1f us theirs, %7.1f us nowhere: %+.2f us (noise %.2f us)" % (
                what, middle["theirs"], middle["nowhere"], middle["theirs"] - middle["nowhere"], noise))


def refused_callers_are_told():
    """A flood of wrong keys: each is refused, some are in the trail, and how many are not."""
    before = len(NODE.audit())
    data = kit.request("GET", "/sessions/" + sid(), Authorization="Bearer " + key()) * 500
    assert {a.status for a in kit.talk(NODE.port, data + kit.request("GET", "/livez", Connection="close"))} == {401, 200}

    def told():
        NODE.request("GET", "/sessions/" + sid(), headers={"Authorization": "Bearer " + key()})
        rows = [r for r in NODE.audit()[before:] if r["event"] == "caller.refused"]
        suppressed = sum(int(r["detail"].get("suppressed", 0)) for r in rows)
        return len(rows) < 400 and suppressed and len(rows) + suppressed >= 500
    harness.wait_for(told, 10, 0.3, "500 refusals, written or counted")


def main():
    global NODE  # pylint: disable=global-statement
    free = kit.FREE + "sessions: { max_per_user: 1000 }\n"
    with harness.Node(workers=1, tenants=(A,), tenant_lines=free, start=False) as NODE:
        NODE.add_tenant(B, free)
        text = NODE.tenant_text(B)
        other = f'  - id: only-b\n    key_hashes: [ "sha256:{"0" * 64}" ]\n    permissions: [sessions:read]\n'
        NODE.write(f"tenants.d/{B}.yaml", text + other + free)
        NODE.add_tenant("brand-c", "limits: { in_flight: 4, create_per_second: 5, validate_failures_per_minute_per_ip: 5 }\n")
        NODE.start()
        setting()
        kit.run(NODE, (objects_of_another, carried_by_a_header, users_of_another, names_of_another, credentials_of_nobody, in_the_time_it_takes, one_connection_for_two, the_same_names,
                       global_routes, over_the_limits, too_many_in_flight, refused_callers_are_told))


if __name__ == "__main__":
    main()
