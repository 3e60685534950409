#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every route of worker/route.def against every permission: without its own it is refused by name and
recorded, with exactly its own it passes. What is added to the table is covered."""
import os
import re

import harness

NODE, KEYS, ALL = None, {}, []
TENANT = "brand-a"


def permissions():
    with open(os.path.join(harness.TOP, "policy", "permissions.def"), encoding="ascii") as f:
        return dict(re.findall(r'^PERMISSION\((\w+), "([^"]+)"\)', f.read(), re.M))


def routes():
    """[(method, pattern, permission's id, has a body)] of those that demand one."""
    with open(os.path.join(harness.TOP, "worker", "route.def"), encoding="ascii") as f:
        rows = re.findall(r'^ROUTE\((\w+),\s*"[^"]*",\s*HTTP_(\w+),\s*"([^"]*)",\s*(\w+),[^,]*,\s*([^,]*),\s*(\w+),',
                          f.read(), re.M)
    assert len(rows) >= 15, "the table was not understood"
    for name, _, _, scope, permission, _ in rows:
        assert scope != "TENANT" or re.fullmatch(r"PERM\(\w+\)", permission), name + " demands no permission"
    return [(method, pattern, permission[5:-1], body != "BODY_NONE")
            for _, method, pattern, scope, permission, body in rows if scope == "TENANT"]


def tenant_file():
    """A client with each permission alone, and one with all but it."""
    lines = f"tenant: {TENANT}\nissuer: https://id.{TENANT}.example\nclients:\n"
    for name in ALL:
        for kind, granted in (("only", [name]), ("without", [p for p in ALL if p != name])):
            KEYS[kind, name], hash_line = harness.new_api_key()
            lines += (f"  - id: {kind}-{name.replace(':', '-')}\n    key_hashes: [ \"{hash_line}\" ]\n"
                      f"    permissions: [{', '.join(granted)}]\n")
    return lines


def ask(kind, permission, method, pattern, body):
    path = pattern.replace("{user}", "nobody").replace("{id}", harness.b64url(os.urandom(16)))
    path = re.sub(r"\{\w+\}", "nothing", path)
    headers = {"Authorization": "Bearer " + KEYS[kind, permission], "Connection": "close"}
    if pattern == "events" and kind == "only":  # that stream does not end: HEAD asks for the same
        method = "HEAD"
    status, got, answer = NODE.request(method, "/" + path, {} if body else None, headers=headers)
    if method == "HEAD" and status != 200:
        return NODE.request("GET", "/" + path, headers=headers)
    return status, got, answer


def test_without_its_permission():
    names = permissions()
    for method, pattern, need, body in routes():
        name = names[need]
        status, _, answer = ask("without", name, method, pattern, body)
        assert (status, answer["code"], answer["detail"]) == (403, "permission-missing", name), (method, pattern, answer)

        def recorded():
            return [r for r in NODE.audit() if r["request_id"] == answer["request_id"]]  # pylint: disable=cell-var-from-loop
        record = harness.wait_for(recorded, why="the record of " + answer["request_id"])[0]
        assert record["event"] == "caller.refused" and record["outcome"] == "refused", record
        assert record["reason"] == "permission-missing" and record["detail"]["permission"] == name, record
        assert record["actor"] == {"type": "client", "id": "without-" + name.replace(":", "-")}, record


def test_with_each_permission_alone():
    names = permissions()
    passed = set()
    for method, pattern, need, body in routes():
        for name in ALL:
            status, _, answer = ask("only", name, method, pattern, body)
            if name == names[need]:
                assert status not in (401, 403), (method, pattern, name, answer)
                passed.add(name)
            else:  # admin is a permission like the others: it implies none
                assert status == 403 and answer["detail"] == names[need], (method, pattern, name, answer)
    assert len(passed) >= 7, passed


if __name__ == "__main__":
    ALL.extend(permissions().values())
    with harness.Node(tenants=(TENANT,), start=False) as NODE:
        NODE.write(f"tenants.d/{TENANT}.yaml", tenant_file())
        NODE.start()
        harness.main([test_without_its_permission, test_with_each_permission_alone])
