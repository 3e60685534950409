#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Torture of a start and of a reload: the n-th allocation, the n-th I/O call of a process fails, for n = 1, 2 ...
A start either serves or ends by itself with an exit code of its own and a sentence that says why; a reload either
is in force or changed nothing and said why, and the next one is; nobody crashes, nothing hangs, who serves goes on.

SESSIOND_TORTURE=all does every n (long lists at steps of 2 %) in every role; else the master at a few places."""
import http.client
import json
import os
import re
import signal
import sys
import time

import harness
import torture_kit as kit
from torture import KINDS

ALL = os.environ.get("SESSIOND_TORTURE") == "all"
TOUCHES = 5  # of a walk that is not all
OWN_CODES = (1, 71, 78)
CHANNEL = 3  # to the launcher
# Libraries that do not bear it, before anything is served: another process is started, or the operator tries again.
KNOWN = {"CRYPTO_THREAD_run_once": "libcrypto's first call reads through NULL", "seccomp_export_bpf": "libseccomp goes round for ever"}
SENTENCE = re.compile(r'^\{.*"level":"error".*"text":"[^"]{8}|^[^{\s].{12}', re.M)
LOST = (OSError, http.client.HTTPException, AssertionError)


class Walk:
    """n from 1 until the n-th call does not come; in a part, TOUCHES places spread over what there is."""

    def __init__(self, page, kind):
        self.page, (self.what, self.error), self.kind = page, KINDS[kind], kind
        self.bad, self.borne, self.tried, self.fired = [], [], 0, 0

    def places(self, total):
        n = 1
        while n <= total:
            yield n
            n += max(1, n // 50) if ALL else max(1, total // TOUCHES)

    def arm(self, n):
        self.page.arm(self.what, n, 1, self.error)
        self.tried += 1

    def over(self, n, why):
        """The end of one try; why: what was wrong, or nothing."""
        self.fired += self.page.fired > 0
        self.page.disarm()
        place = kit.place(self.page.where(), 40) if why and self.page.fired else ""
        known = [said for name, said in KNOWN.items() if name in place]
        if known:
            self.borne.append((n, known[0]))
        elif why:
            self.bad.append((self.kind, n, why, place))

    def tell(self, what, role):
        print(f"{what} of the {role}, {self.kind}: {self.tried} tries, {self.fired} failures, {len(self.bad)} breaches", flush=True)
        for row in self.borne:
            print("  not ours:", *row)
        for row in self.bad[:20]:
            print("BAD", *row, sep=" | ")
        return len(self.bad)


def crashes(rows):
    """Those of our own making: not a signal that the master or launcher sent."""
    words = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGSYS", "SIGFPE", "SIGILL", "SIGPIPE")
    out = [r["text"] for r in rows if r["event"] == "child-ended" and any(w in r["text"] for w in words)]
    return out + [r for r in rows if r["event"] == "master-ended" and r["signal"] not in (0, signal.SIGKILL, signal.SIGTERM)]


def since(node, size):
    """What was logged behind this place: (text, rows)."""
    with open(node.log_path, encoding="utf-8", errors="replace") as f:
        f.seek(size)
        said = f.read()
    return said, [json.loads(line) for line in said.splitlines() if line.startswith("{") and line.endswith("}")]


def creates(node):
    def attempt():
        return node.request("POST", "/sessions", {"user_id": "u"}, "brand-a", timeout=3)[0] == 201
    return harness.wait_for(attempt, 25, step=0.01, why="sessions can be made")


def started(node, page):
    """What was wrong with this start; it is over afterwards."""
    seen = os.path.getsize(node.log_path) if os.path.exists(node.log_path) else 0
    node.start(wait=False)
    harness.wait_for(lambda: node.proc.poll() is not None or node.stdout, 40, step=0.005, why="ready, or the end")
    page.disarm()
    code, why = node.proc.poll(), ""
    if code is None:
        try:
            creates(node)
        except LOST as e:
            why = "it does not serve: %s" % e
        node.proc.send_signal(signal.SIGQUIT)
        node.proc.wait(15)
    said, rows = since(node, seen)
    if crashes(rows):
        why = str(crashes(rows))
    elif code is not None and code not in OWN_CODES:
        why = f"exit {code}"
    elif code is not None and page.call != "write" and not SENTENCE.search(said):
        why = f"exit {code} without a sentence: {said[-600:]}"
    return why


def calls_of(node, page, what, act):
    """How many such calls there are when none fails."""
    page.arm(what, 0)
    act()
    n = page.calls
    page.disarm()
    assert n > 0, "the preload does not count"
    return n


def starts(role, kinds):
    breaches = 0
    with kit.Tortured(roles=(role,), workers=1, start=False) as node:
        page = node.page[role]
        assert not started(node, page)  # all that is made once is there
        for kind in kinds:
            walk = Walk(page, kind)
            total = calls_of(node, page, walk.what, lambda: node.start()) if not ALL else 1 << 20
            if not ALL:
                node.stop()
            for n in walk.places(total):
                walk.arm(n)
                try:
                    why = started(node, page)
                except LOST as e:
                    why = str(e)[:500]
                    node.proc.kill()  # all die with it
                    node.proc.wait(10)
                fired = page.fired
                walk.over(n, why)
                if not fired:
                    break
            breaches += walk.tell("start", role)
    assert not breaches, f"{breaches} breaches"


def in_force(node):
    return node.request("GET", "/tenants/brand-b/jwks")[0] == 200


def reloaded(node, page, wanted, before):
    """One reload under torture, then one in peace."""
    master, seen = harness.wait_for(lambda: list(node.pids("master")), 20, why="a master")[0], os.path.getsize(node.log_path)
    try:
        failed, text = node.reload()
    except LOST as e:
        failed, text = None, repr(e)
    page.disarm()
    if page.fired and page.fd == CHANNEL:
        time.sleep(0.1)  # it may be on its way out
    if page.fd == CHANNEL and master not in node.pids("master"):  # without its launcher it has to end; a fresh one reads the files
        creates(node)
        return "" if in_force(node) == wanted else "a fresh master has not what the files say"
    if master not in node.pids("master"):
        return "the master ended"
    if failed is not None and in_force(node) != (before if failed else wanted):
        return f"answered {failed}: {text}, and that is not what is in force"
    if failed and not text.strip():
        return "refused without a word"
    creates(node)
    for _ in range(3):  # one that is under way is waited for
        again, text = node.reload()
        if not again:
            break
    if again or in_force(node) != wanted:
        return f"the next one does not take it: {text}"
    return str(crashes(since(node, seen)[1]) or "")


def reloads(role, kinds):
    breaches = 0
    with kit.Tortured(roles=(role,), workers=1) as node:
        page, file = node.page[role], node.path("tenants.d", "brand-b.yaml")
        node.add_tenant("brand-b")
        text = node.tenant_text("brand-b")
        state = [False]

        def toggle():
            state[0] = not state[0]
            if state[0]:
                node.write("tenants.d/brand-b.yaml", text)
            else:
                os.unlink(file)
            return state[0]
        os.unlink(file)
        node.reload()
        for kind in kinds:
            walk = Walk(page, kind)
            toggle()
            most = calls_of(node, page, walk.what, node.reload) + 20
            total = 1 << 20 if ALL else most
            for n in walk.places(total):
                before, wanted = state[0], toggle()
                walk.arm(n)
                try:
                    why = reloaded(node, page, wanted, before)
                except LOST as e:
                    why = str(e)[:500]
                fired = page.fired
                walk.over(n, why)
                if not fired:
                    break
            breaches += walk.tell("reload", role)
        assert node.stop() == 0
    assert not breaches, f"{breaches} breaches"


def starting():
    for role in kit.ROLES if ALL else ("master",):
        starts(role, ("memory", "io", "eintr") if ALL else ("memory", "io"))


def reloading():
    for role in ("master", "signer") if ALL else ("master",):
        reloads(role, ("memory", "io", "eintr") if ALL else ("memory", "io"))


if __name__ == "__main__":
    sys.exit(harness.main([starting, reloading]))
