#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Torture of a serving node: for every route of route.def, the n-th allocation, the n-th I/O call of
a process fails, for n = 1, 2 ... until the request passes untouched. Demanded each time: the right answer
or a clean 503 (a closed connection where its own calls failed), never another status and never a wrong
"valid"; nobody dies, nothing hangs; what was acknowledged holds and what was refused can be repeated;
at the end no descriptor and no allocation is left over.

SESSIOND_TORTURE=all does every n in every process; else a part of them (TORTURE_STEP, the worker alone)."""
import json
import os
import re
import time

import harness
import torture_kit as kit
from errno import EAGAIN, EINTR

ALL = os.environ.get("SESSIOND_TORTURE") == "all"
STEP = int(os.environ.get("TORTURE_STEP", "1" if ALL else "7"))
T = "brand-a"
CODES_503 = {"store-unavailable", "signer-unavailable", "audit-unavailable", "tenant-busy", "draining"}
KINDS = {"memory": (kit.MEMORY, 0), "io": (kit.IO, 0), "eintr": (kit.IO, EINTR), "eagain": (kit.IO, EAGAIN)}
LIMITS = "limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 1000000 }\n" \
         "sessions: { max_per_user: 1000 }\n"
# One lost connection to the store must not make the next request wait for it.
SMALL = "memory: { remembered_sessions: 16, remembered_tokens: 16 }\nstore: { connections_per_worker: 16 }\n"


def routes():
    with open(os.path.join(harness.TOP, "worker", "route.def"), encoding="ascii") as f:
        rows = re.findall(r'^ROUTE\((\w+), "[^"]*", HTTP_(\w+), "([^"]*)", (\w+), ([^,]*),', f.read(), re.M)
    assert len(rows) >= 15, rows
    return rows


class Run:
    def __init__(self, node):
        self.node, self.api = node, {"Authorization": "Bearer " + node.api_keys[T], "X-Tenant-ID": T}
        self.last = ("", ("", ""))
        self.bad, self.tried, self.fired, self.ended, self.closed = [], 0, 0, [], {}
        self.alive = node.create("keeper")

    def call(self, method, path, body=None, port=None, user=None):
        data = None if body is None else json.dumps(body).encode()
        caller = {"Authorization": "Bearer " + user} if user else self.api
        return kit.Answer(port or self.node.port, method, path, data, caller)

    def made(self, user="tortured"):
        """A session, made as soon as the node can again."""
        last = []

        def attempt():
            a = self.call("POST", "/sessions", {"user_id": user})
            last[:] = [str(a)]
            return json.loads(a.body) if a.status == 201 else None
        try:
            return harness.wait_for(attempt, 20, step=0.005, why="a session can be made again")
        except AssertionError as e:
            raise AssertionError(f"{e}: {last} after {self.last[:-1]} {kit.place(self.last[-1])}") from None

    def valid(self, made):
        """200 or 401, as soon as there is an answer."""
        def attempt():
            a = self.call("POST", "/sessions/validate", {"access_token": made["access_token"]})
            return a.status if a.status in (200, 401) else None
        return harness.wait_for(attempt, 20, step=0.005, why="a verdict")

    # --- one scenario of a route: request, what it may answer, what must hold afterwards ---

    def scenario(self, route):
        name, method, pattern, scope, on = route
        user = "tortured-" + name.lower()
        own = name.startswith("SELF_")
        made = self.made(user) if "{" in pattern or method == "POST" or own else self.alive
        path = "/" + pattern.replace("{id}", made["session_id"]).replace("{user}", user)
        path += "?limit=3" if name in ("LIST", "USER_LIST") else ""
        if scope.startswith("TENANT"):
            path = f"/tenants/{T}{path}"
        port = self.node.admin_port if "ON_API" not in on and "ON_ALL" not in on else None
        body = {"CREATE": {"user_id": user, "claims": {"a": [1, {"b": "c"}]}, "ip": "192.0.2.1"},
                "VALIDATE": {"access_token": made.get("access_token")},
                "REFRESH": {"refresh_token": made.get("refresh_token")},
                "REFRESH_ID": {"refresh_token": made.get("refresh_token")},
                "SELF_REFRESH": {"refresh_token": made.get("refresh_token")},
                "SELF_REVOKE": {"session_id": made.get("session_id")},
                "REVOKE": {"session_id": made.get("session_id")}}.get(name, {} if method in ("POST", "PUT", "PATCH") else None)
        after = {"CREATE": self.after_create, "REFRESH": self.after_refresh, "REFRESH_ID": self.after_refresh,
                 "SELF_REFRESH": self.after_refresh, "SELF_REVOKE": self.after_end, "REVOKE": self.after_end, "SESSION_END": self.after_end}.get(name)
        token = made["access_token"] if own else None
        return lambda: self.call(method, path, body, port, token), after, made

    def after_create(self, answer, _made):
        return answer.status != 201 or self.valid(json.loads(answer.body)) == 200

    def after_end(self, answer, made):
        verdict = self.valid(made)
        return verdict == 401 if answer.status in (200, 204) else verdict in (200, 401)

    def after_refresh(self, answer, made):
        """An honest client goes on: with what it got, or else with the token that it still has."""
        token = json.loads(answer.body)["refresh_token"] if answer.status == 200 else made["refresh_token"]

        def attempt():
            a = self.call("POST", "/sessions/refresh", {"refresh_token": token})
            return a if a.status in (200, 401) else None
        return harness.wait_for(attempt, 20, step=0.005, why="a refresh is answered").status == 200

    # --- n = 1, 2 ... ---

    def clean(self, answer, want, page, kind):
        if answer.status is None:
            if answer.end == "closed":
                self.closed[kind, page.where()] = self.closed.get((kind, page.where()), 0) + 1
                return True  # looked at by hand: only the connection's own calls may do this
            return False
        if answer.cut:
            return False
        if answer.status == want:
            return True
        return answer.status == 503 and "retry-after" in answer.fields and json.loads(answer.body)["code"] in CODES_503

    def once(self, route, role, kind, n):
        """False when the request passed untouched."""
        page = self.node.page[role]
        request, after, made = self.scenario(route)
        want, pid = self.want[route[0]], page.pid
        what, error = KINDS[kind]
        page.arm(what, n, 1, error)
        answer = request()
        fired = page.fired
        page.disarm()
        self.tried += 1
        self.fired += fired > 0
        why = []
        if not self.clean(answer, want, page, kind):
            why.append(f"{answer} instead of {want}")
        if not harness.process_alive(pid) or (fired and self.gone(role, pid)):
            self.ended.append((role, kind, page.where()))
            harness.wait_for(lambda: page.pid != pid and harness.process_alive(page.pid), 20, why=f"{role} replaced")
        try:
            if after and not after(answer, made):
                why.append(f"after {answer}: it does not hold")
            if self.valid(self.alive) != 200:
                why.append("a good token is refused")
        except AssertionError as e:
            why.append(str(e))
        self.last = (*route[:1], role, kind, n, str(answer), page.where())
        if why:
            self.bad.append((route[0], role, kind, n, "; ".join(why), page.where()))
        return fired > 0

    def gone(self, role, pid):
        """Who is leaving is seen a moment later; only where its own channel failed it may."""
        if role == "worker" and self.node.page[role].fd != 3:
            return False
        time.sleep(0.05)
        return not harness.process_alive(pid)

    def walk(self, route, role, kind, step):
        n, quiet = 1, 0
        while quiet < 2 and n < 4000:  # twice untouched: the loop's own calls come and go
            quiet = 0 if self.once(route, role, kind, n) else quiet + 1
            n += max(step, n // (50 if ALL else 5))  # long lists ask for much of the same
        return n

    def learn(self):
        """The right answers, untorn; and everything that is lazy has happened."""
        self.want = {}
        for _ in range(3):
            for route in routes():
                request, _, _ = self.scenario(route)
                answer = request()
                assert answer.status is not None and answer.status < 500, (route, answer)
                self.want[route[0]] = answer.status
        for _ in range(40):
            self.made()

    def tell(self):
        """What was seen, once for each place."""
        for row in sorted(set(self.ended)):
            print("ended:", *row[:2], kit.place(row[2]))
        for (kind, where), times in sorted(self.closed.items()):
            print(f"closed {times} times: {kind} {kit.place(where)}")
        seen = {}
        for row in self.bad:
            seen.setdefault((row[1:3], row[4:] if len(row) > 4 else row), []).append(row)
        for rows in list(seen.values())[:60]:
            row = rows[0]
            print(f"BAD {len(rows)} times:", *row[:5], kit.place(row[5]) if len(row) > 5 else "", sep=" | ")

    def settled(self, role):
        """(allocations, descriptors) at rest."""
        last, same = None, 0
        for _ in range(200):
            now = (self.node.page[role].live, self.node.descriptors(role))
            same = same + 1 if now == last else 0
            last = now
            if same >= 5:
                break
            time.sleep(0.05)
        return last


def torture(role, kinds, step, only=None):
    with kit.Tortured(roles=(role,), workers=1, tenant_lines=LIMITS, server=SMALL) as node:
        run = Run(node)
        run.learn()
        most = 0  # at rest; a connection that a failure cost, and that is not back yet, is no room for a leak
        for kind in kinds:
            pid, before, began = node.page[role].pid, run.settled(role), time.monotonic()
            tried, fired, most = run.tried, run.fired, max(most, before[1])
            for route in routes():
                if only is None or route[0] in only:
                    run.walk(route, role, kind, step)
            for _ in range(20):  # what is remembered is full of sound values again
                run.valid(run.made())
            after = run.settled(role)
            print(f"{role} {kind}: {run.tried - tried} requests, {run.fired - fired} failures, "
                  f"{before} -> {after} (allocations, descriptors), {time.monotonic() - began:.1f} s", flush=True)
            if node.page[role].pid == pid:
                if after[1] > most:
                    run.bad.append((role, kind, f"descriptors {most} -> {after[1]}"))
                if after[0] > before[0] + 48:
                    run.bad.append((role, kind, f"allocations {before[0]} -> {after[0]}"))
        run.tell()
        died = [r["text"] for r in node.logs("child-ended") if "SIG" in r["text"]]
        assert not died, died
        assert not run.bad, f"{len(run.bad)} breaches"
        assert node.stop() == 0


def worker_memory():
    torture("worker", ["memory"], STEP)


def worker_io():
    torture("worker", ["io", "eintr", "eagain"], STEP)


def signer():
    if ALL:
        torture("signer", list(KINDS), STEP, ("CREATE", "REFRESH"))


def auditor():
    if ALL:
        torture("auditor", list(KINDS), STEP, ("CREATE", "REFRESH", "REVOKE"))


def master():
    if ALL:
        torture("master", list(KINDS), STEP, ("CREATE", "REVOKE", "METRICS"))


if __name__ == "__main__":
    harness.main([worker_memory, worker_io, signer, auditor, master])
