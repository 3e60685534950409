#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A revocation table of memory.revocations (SESSIOND_TEST_CAPACITY) entries, and one tenant that ends
more sessions (SESSIOND_TEST_FLOOD) than it has room for, on two nodes: none of them is accepted, what
lives of that tenant lives (the store is asked), the other tenant is answered from memory as before, and
the numbers tell."""
import base64
import random
import sys
import threading
import time

import fault_kit
import fresh_channel
import harness
import history
import raw

CAPACITY, FLOOD = fault_kit.size("CAPACITY", 1000), fault_kit.size("FLOOD", 1300)
USERS = 20  # who have half of the sessions


class Neighbour:
    """A client of the other tenant: live and ended sessions, each answer by memory, how long it took."""

    def __init__(self, pair):
        self.history, self.over, self.took, self.other = history.History(fault_kit.BOUND_S), threading.Event(), [], []
        self.actor = fault_kit.Actor(pair.nodes, self.history, "brand-b")
        self.live = [self.actor.made("n-%d" % i) for i in range(20)]
        self.ended = [self.actor.made("e-%d" % i) for i in range(20)]
        for s in self.ended:
            self.actor.ended(s)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def look(self, s, at):
        begun = time.monotonic()
        answer = self.history.validate(s["session_id"], lambda: at.post("/sessions/validate", {"access_token": s["access_token"]}))
        self.took.append(time.monotonic() - begun)
        if answer[0] not in (200, 401) or answer[0] == 200 and answer[1]["assurance"] != "fresh":
            self.other.append(answer)

    def run(self):
        while not self.over.wait(0.002):
            for at in self.actor.to:
                self.look(random.choice(self.live), at)
                self.look(random.choice(self.ended), at)
            if random.random() < 0.02:  # it ends sessions too, and is obeyed
                s = self.live.pop()
                if self.actor.end(s, self.actor.to[0]):
                    self.ended.append(s)
                    assert self.actor.validate(s, self.actor.to[0]) == 401
                self.live.insert(0, self.actor.made("m"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(30)


def flood(pair):
    """-> the sessions ended."""
    out = [None] * FLOOD

    def one(actor, at, sessions, i):
        user = "flood-%d" % (i % USERS if i % 2 else i)
        s = sessions[i] = actor.made(user, at)
        actor.ended(s, at)
        if i % 20 == 0:
            for node in actor.to:
                actor.validate(s, node)
    fresh_channel.each_node(pair, out, one)
    assert all(out)
    return out


def record(pair, sid):
    """What the store holds of a session."""
    return pair.redis.command("HMGET", "sd1:{%02x}:s:brand-a:%s" % (base64.urlsafe_b64decode(sid + "==")[0], sid),
                              "status", "reason", "seen")


def alive(pair, actor, s):
    """A session that nobody ended: 200, or 503 of a machine under load (-> how many of these), nothing else."""
    unavailable = 0
    for at in actor.to * 2:
        until = time.monotonic() + 10
        while True:
            begun = time.monotonic()
            answer = actor.h.validate(s["session_id"], lambda n=at: n.post("/sessions/validate", {"access_token": s["access_token"]}))
            if answer[0] == 200:
                break
            assert answer[0] == 503 and time.monotonic() < until, (
                answer, "after %.4f s" % (time.monotonic() - begun), record(pair, s["session_id"]), at.node.status())
            unavailable += 1
            time.sleep(0.02)
    harness.wait_for(lambda: actor.refresh(s) == 200, 10, why="refreshed")
    return unavailable


def numbers(node):
    text = node.metrics()
    return {n: int(raw.metric(text, "sessiond_" + n)) for n in
            ("revocations", "revocation_capacity", "revocations_collapsed")}


def main():
    limits = fault_kit.FREE + "sessions: { max_per_user: 1000 }\n"
    with fault_kit.Pair(server="memory: { revocations: %d }\n" % CAPACITY, tenants=("brand-a", "brand-b"), tenant_lines=limits) as pair:
        pids = [set(n.pids()) for n in pair.nodes]
        actor = fault_kit.Actor(pair.nodes, pair.history)
        live = [actor.made("lives-%d" % i) for i in range(10)] + [actor.made("flood-1")]
        with Neighbour(pair) as quiet:
            time.sleep(1)
        alone = quiet.took
        with Neighbour(pair) as other:
            begun = time.monotonic()
            ended = flood(pair)
            print("   %d sessions of one tenant created and ended in %.1f s" % (FLOOD, time.monotonic() - begun))
            time.sleep(fault_kit.BOUND_S)
            sample = ended if len(ended) <= 50000 else random.sample(ended, 50000)
            fresh_channel.each_node(pair, sample, lambda a, at, sessions, i: [a.validate(sessions[i], n) for n in a.to])
        print("   %d live ones of the full tenant: 200, after %d times 503" % (len(live), sum(alive(pair, actor, s) for s in live)))
        print("   one tenant   ", history.figures(pair.history.check()))
        print("   the other one", history.figures(other.history.check()))
        assert not other.other, (len(other.other), other.other[:3])
        print("   the other one's validations, s: before, and meanwhile")
        for took in (alone, other.took):
            print(history.histogram(took).splitlines()[-1])
        for node, had in zip(pair.nodes, pids):
            n = numbers(node)
            print("  ", n, node.status()["table"])
            assert n["revocations"] <= n["revocation_capacity"] <= 4 * CAPACITY and n["revocations_collapsed"] >= 1, n
            assert raw.metric(node.metrics(), "sessiond_store_fallbacks_total", reason="collapsed") > 0
            assert fault_kit.health_says(node, "freshness", ["full"]) < 1
            assert set(node.pids()) == had, "a process was replaced"
        print("ok flood of %d into %d" % (FLOOD, CAPACITY))


if __name__ == "__main__":
    sys.exit(main())
