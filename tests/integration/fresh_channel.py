#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two nodes under load, and the channel that wakes them: its connections killed again and again while
sessions are ended (SESSIOND_TEST_GAPS times, SESSIOND_TEST_GAP ends in each), SESSIOND_TEST_WAKES
wake-ups at once, garbage and foreign messages. Nothing ended is accepted after the bound; the channel
and the log are well afterwards. Then what Redis itself counts of hot validations: nothing
(SESSIOND_TEST_LIVE revocations live meanwhile)."""
import base64
import os
import sys
import threading
import time

import fault_kit
import history
import raw

GAPS, GAP = fault_kit.size("GAPS", 2), fault_kit.size("GAP", 60)
WAKES, LIVE = fault_kit.size("WAKES", 20000), fault_kit.size("LIVE", 5000)


class Cut:
    """Keeps both nodes' subscriptions dead."""

    def __init__(self, redis):
        self.redis, self.over, self.kills = redis, threading.Event(), 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.is_set():
            self.kills += int(self.redis.command("CLIENT", "KILL", "TYPE", "pubsub")[1:].split(b"\r\n")[0])
            self.over.wait(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)


def together(jobs):
    threads = [threading.Thread(target=j, daemon=True) for j in jobs]
    for t in threads:
        t.start()
    for t in threads:
        t.join(300)


def each_node(pair, sessions, act):
    """act(actor, node's client, session): by one thread and one connection for each node."""
    def work(which):
        actor = fault_kit.Actor(pair.nodes, pair.history)
        for i in range(which, len(sessions), len(pair.nodes)):
            act(actor, actor.to[which], sessions, i)
        actor.close()
    together([lambda w=w: work(w) for w in range(len(pair.nodes))])


def make(pair, n, name):
    out = [None] * n

    def one(actor, at, _, i):
        out[i] = actor.made("%s-%d" % (name, i), at)
        for node in actor.to if i % 10 == 0 else ():
            actor.validate(out[i], node)
    each_node(pair, out, one)
    assert all(out)
    return out


def subscribed(redis):
    return redis.command("PUBSUB", "NUMSUB", "sd1:wake").endswith(b":2\r\n")


def gaps(pair, _):
    """Ended on one node, presented to the other, in each gap; and after it."""
    for gap in range(GAPS):
        made = make(pair, GAP, "gap-%d" % gap)

        def end(actor, at, sessions, i):
            actor.ended(sessions[i], at)
            actor.validate(sessions[i], actor.to[0] if at is actor.to[1] else actor.to[1])
        with Cut(pair.redis) as cut:
            each_node(pair, made, end)
        each_node(pair, made, lambda actor, at, sessions, i: [actor.validate(sessions[i], n) for n in actor.to])
        pair.a.wait(lambda: subscribed(pair.redis), 10, why="subscribed again")
        if gap == 0:
            assert cut.kills >= 2, cut.kills
    actor = fault_kit.Actor(pair.nodes, pair.history)
    time.sleep(fault_kit.BOUND_S)
    for s in made:
        for at in actor.to:
            assert actor.validate(s, at) == 401
    print("   %d gaps, %d ends in each" % (GAPS, GAP))


def applied(pair):
    """Slowest of some ends, from asked on the first node to refused by the second, s."""
    actor, worst = fault_kit.Actor(pair.nodes, pair.history), 0
    for i in range(20):
        s, begun = actor.made("applied-%d" % i), time.monotonic()
        actor.ended(s, actor.to[0])
        while actor.validate(s, actor.to[1]) == 200:
            pass
        worst = max(worst, time.monotonic() - begun)
    actor.close()
    return worst


def wakes(pair, load):
    """All at once: each costs a read at most, and reads of one partition become one."""
    load.work_goes_on()
    begun = time.monotonic()
    pair.redis.pipeline([("PUBLISH", "sd1:wake", "%02x" % (i & 255)) for i in range(WAKES)], chunk=WAKES)
    sent, worst = time.monotonic() - begun, applied(pair)
    print("   %d wake-ups in %.2f s; an end refused by the other node after %.1f ms at most" % (WAKES, sent, worst * 1000))
    assert worst < fault_kit.BOUND_S


def garbage(pair, load):
    """What none of ours sent, on the channel and on others, in thousands."""
    words = ["", "z", "zz", "0", "000", "-1", "ask ask", "ASK", "\0", "00\r\n", "{00}", "x" * 70000, "ff" * 5000]
    had = [raw.metric(n.metrics(), "sessiond_gaps_repaired_total") for n in pair.nodes]
    pair.redis.pipeline([("PUBLISH", channel, words[i % len(words)]) for i in range(1500)
                         for channel in ("sd1:wake", "sd1:wakes", "sd1:", "wake")], chunk=400)
    pair.redis.pipeline([("PUBLISH", "sd1:wake", "ask")] * 2000)
    load.work_goes_on()
    assert subscribed(pair.redis) and applied(pair) < fault_kit.BOUND_S
    assert had == [raw.metric(n.metrics(), "sessiond_gaps_repaired_total") for n in pair.nodes]


def fill(pair, n):
    """n ends straight into the log, as the scripts write them, of sessions that nobody has."""
    until, commands = int(time.time()) + 3600, []
    for p in range(256):
        commands.append(("SETNX", "sd1:{%02x}:log:id" % p, os.urandom(16).hex()))
    for i in range(n):
        sid = bytes([i & 255]) + os.urandom(15)
        commands.append(("XADD", "sd1:{%02x}:log" % sid[0], "*", "kind", "end", "tenant", "brand-a", "user", "crowd-%d" % (i % 9973), "sid",
                         base64.urlsafe_b64encode(sid).rstrip(b"=").decode(), "until", str(until), "reason", "admin", "absolute", str(until)))
    begun = time.monotonic()
    pair.redis.pipeline(commands)
    sent = time.monotonic() - begun
    for node in pair.nodes:
        node.wait(lambda x=node: raw.metric(x.metrics(), "sessiond_revocations") >= n, 120, why="all in the table")
    print("   %d ends written in %.1f s, in both tables after %.1f s" % (n, sent, time.monotonic() - begun))


def total(node, name, **labels):
    return raw.metric(node.metrics(), name, **labels)


def hot(pair, seconds=1.5):
    """What Redis counts while two nodes validate: what it counts while they do nothing."""
    made = pair.a.create("hot")
    token = {"access_token": made["access_token"]}
    clients = [fault_kit.Client(n) for n in pair.nodes for _ in range(4)]
    for c in clients:
        for _ in range(3):
            assert c.post("/sessions/validate", token)[0] == 200
    time.sleep(0.3)
    before = [total(n, "sessiond_touch_flushes_total") for n in pair.nodes]
    memory = [total(n, "sessiond_validate_total", source="memory") for n in pair.nodes]
    pair.redis.command("CONFIG", "RESETSTAT")
    begun, rounds = time.monotonic(), 0
    while time.monotonic() < begun + seconds:
        status, body = clients[rounds % len(clients)].post("/sessions/validate", token)
        assert status == 200 and body["assurance"] == "fresh", (status, body)
        rounds += 1
    took = time.monotonic() - begun
    scripts, calls = pair.redis.scripts()
    touches = sum(total(n, "sessiond_touch_flushes_total") for n in pair.nodes) - sum(before)
    memory = sum(total(n, "sessiond_validate_total", source="memory") for n in pair.nodes) - sum(memory)
    print("   %d hot validations, %d from memory, %.0f/s; %d touch flushes, %d scripts; polls: %d reads" %
          (rounds, memory, rounds / took, touches, scripts, calls.get("xread", 0)))
    assert memory == rounds and scripts <= touches, calls
    assert "hgetall" not in calls, calls
    # Each poll is two of each of these; a node polls ten times a second.
    polls = 2 * (took / 0.1 + 3) * len(pair.nodes)
    for name in ("role", "info", "mget", "xread", "xrevrange"):
        assert calls.get(name, 0) <= polls, (name, calls, polls)


def main():
    history.selftest()
    only = sys.argv[1:]
    with fault_kit.Pair() as pair:
        if not only or "hot" in only:
            fill(pair, LIVE)
            hot(pair)
            print("ok hot", flush=True)
        with pair.load() as load:
            fault_kit.run(pair, load, (gaps, wakes, garbage))


if __name__ == "__main__":
    sys.exit(main())
