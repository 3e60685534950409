#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""create, validate, revoke, validate over fresh connections and two workers: no stale answer, no
5xx, and at least 95 % of the validations answered from memory. SESSIOND_ROUNDS (default 1500)."""
import multiprocessing
import os
import sys

import harness
import raw

ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "1500"))
CLIENTS = 6
FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"


def one_round(port, key, user):
    status, made = raw.call(port, key, "/sessions", {"user_id": user})
    if status != 201:
        return f"create: {status} {made}"
    token = {"access_token": made["access_token"]}
    status, text = raw.call(port, key, "/sessions/validate", token)
    if status != 200:
        return f"validate: {status} {text}"
    status, text = raw.call(port, key, "/sessions/revoke", {"session_id": made["session_id"]})
    if status != 200 or text["revoked"] != 1:
        return f"revoke: {status} {text}"
    status, text = raw.call(port, key, "/sessions/validate", token)
    if status != 401 or text["code"] != "session-revoked":
        return f"STALE: {status} {text}"
    return None


def client(args):
    port, key, who, n = args
    return [bad for bad in (one_round(port, key, f"u{who}-{i}") for i in range(n)) if bad]


def main():
    with harness.Node(workers=2, tenant_lines=FREE) as node:
        jobs = [(node.port, node.api_keys["brand-a"], w, ROUNDS // CLIENTS) for w in range(CLIENTS)]
        with multiprocessing.Pool(CLIENTS) as pool:
            bad = sum(pool.map(client, jobs), [])
        text = node.metrics()
        memory = raw.metric(text, "sessiond_validate_total", source="memory")
        total = raw.metric(text, "sessiond_validate_total")
        print(f"{ROUNDS // CLIENTS * CLIENTS} rounds, {len(bad)} bad, {memory:.0f} of {total:.0f} from memory")
        assert not bad, bad[:5]
        assert memory >= 0.95 * total, text
        assert total == 2 * (ROUNDS // CLIENTS) * CLIENTS


if __name__ == "__main__":
    sys.exit(main())
