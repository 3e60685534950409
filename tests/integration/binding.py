#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a session is bound to: network, browser family, device; each mode, for both kinds of tokens, on
two nodes; from memory after the first time, and with the store away."""
import contextlib
import time

import harness
import nodes
import store_faults

A, B = "brand-a", "brand-b"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
HERE = {"ip": "192.0.2.7", "user_agent": CHROME % 120, "device_fingerprint": "f1"}
KINDS = {"ip": "198.51.100.1", "user_agent": FIREFOX, "device_fingerprint": "f2"}


class Api:
    def __init__(self, node, tenant=A):
        self.node, self.tenant = node, tenant

    def call(self, path, body, method="POST"):
        deadline = time.monotonic() + 20
        while True:
            got = self.node.request(method, path, body, tenant=self.tenant)
            if got[0] != 503 or time.monotonic() > deadline:
                return got[0], got[2]

    def create(self, **more):
        status, made = self.call("/sessions", {"user_id": "alice", "mode": "both", "ip": HERE["ip"],
                                               "user_agent": HERE["user_agent"],
                                               "device": {"id": "d1", "fingerprint": "f1"}, **more})
        assert status == 201, made
        return made

    def validate(self, made, kind, **more):
        status, text = self.call("/sessions/validate", {kind: made[kind], **more})
        return text["code"] if status != 200 else "ok"

    def session(self, made):
        return self.call("/sessions/" + made["session_id"], None, "GET")[1]

    def policy(self, text):
        self.node.write(f"tenants.d/{A}.yaml", self.node.tenant_text(A, None, nodes.FREE) + text)
        failed, said = self.node.reload()
        assert not failed, said

    def metric(self, name, **labels):
        status, _, text = self.node.request("GET", "/metrics", None, port=self.node.admin_port)
        assert status == 200
        total = 0
        for line in text.splitlines():
            if line.startswith(name) and all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.split()[-1])
        return total

    def mismatches(self, made):
        return [r for r in self.node.audit() if r["event"] == "binding.mismatch" and r["session_id"] == made["session_id"]]


TOKENS = ("access_token", "session_token")


def modes(mode):
    return f"binding: {{ ip: {{ mode: {mode} }}, user_agent: {mode}, device: {mode} }}\n"


def home_is_good(t):
    made = t.create()
    for kind in TOKENS:
        assert t.validate(made, kind) == "ok"  # what is not said is not judged
        assert t.validate(made, kind, **HERE) == "ok"
        assert t.validate(made, kind, ip="192.0.2.200", user_agent=CHROME % 131) == "ok"
        assert t.validate(made, kind, ip="::ffff:192.0.2.9") == "ok"
        assert t.validate(made, kind, ip="192.0.2.7, 198.51.100.1") == "field-invalid"
    bare = t.call("/sessions", {"user_id": "bob", "mode": "both"})[1]
    for kind in TOKENS:
        assert t.validate(bare, kind, **KINDS) == "ok"  # it was bound to nothing
    six = t.create(ip="2001:db8:1:2::1")
    for kind in TOKENS:
        assert t.validate(six, kind, ip="2001:db8:1:ffff::9") == "ok"


def steps_up(t):
    made = t.create()
    for kind in TOKENS:
        for name, value in KINDS.items():
            assert t.validate(made, kind, **{name: value}) == "step-up-required", (kind, name)
        assert t.validate(made, kind, **{**HERE, "ip": "2001:db8::1"}) == "step-up-required"
        assert t.validate(made, kind, **HERE) == "ok"
    assert t.session(made)["status"] == "active"
    harness.wait_for(lambda: {r["detail"]["kind"] for r in t.mismatches(made)} == {"ip", "user_agent", "device"}, 10, why="audited")
    assert {r["outcome"] for r in t.mismatches(made)} == {"refused"}
    status, new = t.call("/sessions/" + made["session_id"] + "/regenerate", None)
    assert status == 201, new
    for kind in TOKENS:  # a new id does not loosen it
        assert t.validate(new, kind, ip="198.51.100.1") == "step-up-required"
        assert t.validate(new, kind, **HERE) == "ok"
    made = new
    # Refusals come in the contract's order: a revoked session is that first.
    t.call("/sessions/revoke", {"session_id": made["session_id"]})
    for kind in TOKENS:
        assert t.validate(made, kind, ip="198.51.100.1") == "session-revoked"


def revokes(one, two):
    for kind in TOKENS:
        made = one.create()
        assert two.validate(made, kind, **HERE) == "ok"
        assert one.validate(made, kind, ip="198.51.100.1") == "binding-mismatch"
        assert one.validate(made, kind, **HERE) == "session-revoked"  # this node obeys at once
        s = one.session(made)
        assert (s["status"], s["end_reason"]) == ("ended", "binding"), s
        harness.wait_for(lambda m=made, k=kind: two.validate(m, k, **HERE) == "session-revoked", 5, why="the other node")
        harness.wait_for(lambda m=made: [r for r in one.node.audit() if r["event"] == "session.ended" and
                                         r["session_id"] == m["session_id"] and r["reason"] == "binding"], 10, why="audited")
        # Made here, judged there.
        made = one.create()
        assert two.validate(made, kind, user_agent=FIREFOX) == "binding-mismatch"


def only_counts(t, mode):
    made = t.create()
    before = t.metric("sessiond_binding_total", mode=mode)
    for _ in range(3):
        assert t.validate(made, "session_token", **KINDS) == "ok"
        assert t.validate(made, "access_token", **KINDS) == "ok"
    harness.wait_for(lambda: t.metric("sessiond_binding_total", mode=mode) - before == 18, 10, why="counted")
    for kind in ("ip", "user_agent", "device"):
        assert t.metric("sessiond_binding_total", mode=mode, kind=kind, tenant=A) >= 6
    return made


def shadows(t):
    made = only_counts(t, "shadow")
    assert t.mismatches(made) == [] and t.session(made)["status"] == "active"


def records(t):
    for made, kinds in ((only_counts(t, "record"), ()), (t.create(), ("access_token",)), (t.create(), ("session_token",))):
        for kind in kinds * 20:
            assert t.validate(made, kind, **KINDS) == "ok"
        rows = harness.wait_for(lambda m=made: len(t.mismatches(m)) >= 3 and t.mismatches(m), 10, why="audited")
        assert len(rows) <= 6 and {r["outcome"] for r in rows} == {"ok"}, rows  # once in each of two workers
        assert {r["reason"] for r in rows} == {"record"}


def stays_in_memory(t):
    made = t.create()
    for _ in range(8):  # both workers know it by then
        t.validate(made, "access_token", **HERE)
    before = t.metric("sessiond_store_fallbacks_total")
    for _ in range(200):
        assert t.validate(made, "access_token", **HERE) == "ok"
    assert t.metric("sessiond_store_fallbacks_total") - before <= 2


def without_the_store():
    """What only counts stays out of the way; what may refuse does not let pass what it cannot judge."""
    lines = store_faults.FREE + "revocation: { max_staleness: 5s }\n"
    a, b, redis = nodes.make_pair((A, B), lines)
    with contextlib.ExitStack() as stack:
        stack.callback(redis.end)
        stack.enter_context(a)
        stack.enter_context(b)
        redis.start()
        for tenant, mode in ((A, "shadow"), (B, "revoke")):
            a.write(f"tenants.d/{tenant}.yaml", a.tenant_text(tenant, None, lines) + modes(mode))
        a.start()
        made = {t: Api(a, t).create() for t in (A, B)}
        redis.end()

        def asked(tenant, **more):
            return a.request("POST", "/sessions/validate", {"access_token": made[tenant]["access_token"], **more}, tenant=tenant)
        # Until its proof is too old memory answers for both, if the caller says nothing to be judged.
        status, _, text = asked(A, **KINDS)
        assert status == 200 and text["assurance"] == "fresh", text
        status, _, text = asked(B, **HERE)
        assert status == 503 and text["code"] == "store-unavailable", text
        status, _, text = asked(B)
        assert status == 200, text


def main():
    with nodes.pair(prepare=lambda node: node.write(f"tenants.d/{A}.yaml", node.tenant_text(A, None, nodes.FREE) +
                                                    modes("step_up"))) as (a, b, _):
        one, two = Api(a), Api(b)
        plan = (("step_up", (home_is_good, steps_up, stays_in_memory)), ("revoke", (home_is_good, revokes)),
                ("shadow", (home_is_good, shadows)), ("record", (home_is_good, records)))
        for mode, tests in plan:
            for t in (one, two):
                if mode != "step_up":
                    t.policy(modes(mode))
            for test in tests:
                begun = time.monotonic()
                test(*((one, two) if test is revokes else (one,)))
                print(f"ok {mode} {test.__name__} {time.monotonic() - begun:.1f} s", flush=True)
    without_the_store()
    print("ok without_the_store")


if __name__ == "__main__":
    main()
