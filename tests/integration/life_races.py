#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An end against whatever would give the session new tokens at the same moment: refresh, an exchange of the
id, sharing. Whoever comes first, no token of the session or of a child is good afterwards.
SESSIOND_ROUNDS (default 120); "refresh" as an argument: that race alone."""
import concurrent.futures
import os
import sys
import threading

import harness
import raw

ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "120"))
LINES = ("limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 1000000 }\n"
         "sharing: { clients: [app-two] }\n")


class Races:
    def __init__(self, node, key, app_key, pool):
        self.node, self.key, self.app_key, self.pool = node, key, app_key, pool
        self.won = {}

    def call(self, path, body=None, method="POST", key=None):
        return raw.call(self.node.port, key or self.key, path, body, method)

    def dead(self, made):
        status, text = self.call("/sessions/validate", {"access_token": made["access_token"]})
        assert (status, text["code"]) == (401, "session-revoked"), (status, text)
        status, text = self.call("/sessions/refresh", {"refresh_token": made["refresh_token"]})
        assert (status, text["code"]) == (401, "refresh-invalid"), (status, text)

    def race(self, name, user, other):
        """other(made) runs against the end of the session; its new tokens, or None."""
        status, made = self.call("/sessions", {"user_id": user})
        assert status == 201, made
        if name == "share":
            status, code = self.call(f"/sessions/{made['session_id']}/share", {"client_id": "app-two"})
            assert status == 201, code
            made["code"] = code["code"]
        gate = threading.Barrier(2)

        def end():
            gate.wait()
            if name == "regenerate":  # the user's: whichever of the two ids is there
                return self.call(f"/sessions/user/{user}", method="DELETE")
            return self.call("/sessions/revoke", {"session_id": made["session_id"]})

        ended = self.pool.submit(end)
        gate.wait()
        new = other(made)
        status, text = ended.result()
        assert status == 200, text
        self.won[name] = self.won.get(name, 0) + (new is not None)
        self.dead(made)
        if new is not None:
            self.dead(new)

    def refresh(self, made):
        status, text = self.call("/sessions/refresh", {"refresh_token": made["refresh_token"]})
        assert status == 200 or text["code"] == "refresh-invalid", text
        return text if status == 200 else None

    def regenerate(self, made):
        status, text = self.call(f"/sessions/{made['session_id']}/regenerate")
        assert status == 201 or text["code"] == "session-ended", text
        if status == 201:  # an end of the user comes before or after it, never between the two ids
            state = self.call(f"/sessions/{made['session_id']}", method="GET")[1]
            assert (state["status"], state["end_reason"]) == ("ended", "regenerated"), state
        return text if status == 201 else None

    def share(self, made):
        status, text = self.call("/sessions/redeem", {"code": made["code"]}, key=self.app_key)
        assert status == 201 or text["code"] == "code-unknown", text
        return text if status == 201 else None


def main():
    with harness.Node(workers=2, tenants=("brand-a",), tenant_lines=LINES, start=False) as node, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        app_key, line = harness.new_api_key()
        text = node.tenant_text("brand-a", lines=LINES).replace(
            "clients:\n", f"clients:\n  - {{ id: app-two, key_hashes: [ \"{line}\" ], permissions: [sessions:create] }}\n", 1)
        node.write("tenants.d/brand-a.yaml", text)
        node.start()
        races = Races(node, node.api_keys["brand-a"], app_key, pool)
        for i in range(ROUNDS):
            races.race("refresh", f"refresh-{i}", races.refresh)
            if i % 3 == 0 and "refresh" not in sys.argv[1:]:
                races.race("regenerate", f"regenerate-{i}", races.regenerate)
                races.race("share", f"share-{i}", races.share)
        print(f"{ROUNDS} ends against refresh (others: {'none' if sys.argv[1:] else -(-ROUNDS // 3)}): nothing survives; "
              f"the other came first {races.won}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
