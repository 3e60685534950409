#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""16 parallel refreshes of one token: exactly one successor, the same for all; then reuse after the
grace ends the session. SESSIOND_ROUNDS (default 60)."""
import concurrent.futures
import os
import sys

import harness
import history
import raw

ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "60"))
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"


def one_round(node, pool, i):
    key = node.api_keys["brand-a"]
    status, made = raw.call(node.port, key, "/sessions", {"user_id": f"user-{i}"})
    assert status == 201, made
    body = {"refresh_token": made["refresh_token"]}
    answers = list(pool.map(lambda _: raw.call(node.port, key, "/sessions/refresh", body), range(16)))
    assert all(status == 200 for status, _ in answers), answers
    successors = {text["refresh_token"] for _, text in answers}
    assert len(successors) == 1, successors
    assert made["refresh_token"] not in successors
    return made["refresh_token"], successors.pop(), made["session_id"]


def reuse_ends_it(node):
    """In a tenant without a grace the second use of a token is reuse: the session ends everywhere."""
    key = node.api_keys["brand-b"]
    _, made = raw.call(node.port, key, "/sessions", {"user_id": "eve"})
    sid, first = made["session_id"], {"refresh_token": made["refresh_token"]}
    status, second = raw.call(node.port, key, "/sessions/refresh", first)
    assert status == 200, second
    status, text = raw.call(node.port, key, "/sessions/refresh", first)
    assert (status, text["code"]) == (401, "refresh-reused"), text
    status, text = raw.call(node.port, key, "/sessions/refresh", {"refresh_token": second["refresh_token"]})
    assert (status, text["code"]) == (401, "refresh-invalid"), text
    h = history.History(0.0)
    h.end(sid, lambda: (200, {"revoked": 1}))  # the reuse's answer acknowledged it
    for access in (made["access_token"], second["access_token"]):
        status, text = h.validate(sid, lambda a=access: raw.call(node.port, key, "/sessions/validate", {"access_token": a}))
        assert (status, text["code"]) == (401, "session-revoked"), text
    h.refresh(sid, lambda: raw.call(node.port, key, "/sessions/refresh", {"refresh_token": second["refresh_token"]}))
    h.check()
    status, text = raw.call(node.port, key, f"/sessions/{sid}", method="GET")
    assert (status, text["status"], text["end_reason"]) == (200, "ended", "reuse"), text
    events = [a["event"] for a in node.audit() if a["session_id"] == sid]
    assert "refresh.reused" in events and "session.ended" in events, events


def main():
    with harness.Node(workers=2, tenant_lines=FREE, start=False) as node, \
            concurrent.futures.ThreadPoolExecutor(16) as pool:
        node.add_tenant("brand-b", FREE + "tokens: { refresh_grace: 0 }\n")
        node.start()
        key = node.api_keys["brand-a"]
        for i in range(ROUNDS):
            first, second, _ = one_round(node, pool, i)
        # A lost answer can be repeated even after its successor was used: still the same one.
        status, third = raw.call(node.port, key, "/sessions/refresh", {"refresh_token": second})
        assert status == 200, third
        status, again = raw.call(node.port, key, "/sessions/refresh", {"refresh_token": first})
        assert (status, again["refresh_token"]) == (200, second), again
        reuse_ends_it(node)
        print(f"{ROUNDS} rounds of 16: one successor each")


if __name__ == "__main__":
    sys.exit(main())
