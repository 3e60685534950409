#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two nodes under load, and a Redis that says nothing: silent to both or to one (as packets dropped
without a reset), paused, stopped; and a master process that is stopped. Nothing ended is accepted after
the bound; /health says so within a second. SESSIOND_TEST_FAULTS: how often each."""
import os
import signal
import subprocess
import sys
import time

import fault_kit
import harness
import raw


def silent(pair, load):
    """Nobody hears anything: 503 when the bound is over, as long as it lasts."""
    with fault_kit.fault(pair, lambda: [h.silent() for h in pair.hop], lambda: [h.again() for h in pair.hop], ["does not answer"]):
        time.sleep(fault_kit.BOUND_S + 0.5)
        some = load.ended[-1]
        for node in pair.nodes:
            made = fault_kit.Client(node)
            status = made.post("/sessions", {"user_id": "x"})[0]
            assert status == 503, status
            assert made.post("/sessions/validate", {"access_token": some["access_token"]})[0] in (401, 503)  # 503: it had not heard of it


def silent_to_one(pair, load):
    """The other node acknowledges ends all the while: this one must not accept what they ended."""
    had = len(load.ended)
    with fault_kit.fault(pair, pair.hop[1].silent, pair.hop[1].again, ["does not answer"], nodes=[pair.b]):
        load.work_goes_on(20)
        time.sleep(fault_kit.BOUND_S + 0.5)
    print("   %d ended on the other node meanwhile" % (len(load.ended) - had))


def paused(pair, _):
    with fault_kit.fault(pair, lambda: pair.redis.command("CLIENT", "PAUSE", "2000", "ALL"), lambda: None, ["does not answer"]):
        time.sleep(fault_kit.BOUND_S)


def stopped(pair, _):
    proc = pair.redis.proc
    with fault_kit.fault(pair, lambda: proc.send_signal(signal.SIGSTOP), lambda: proc.send_signal(signal.SIGCONT), ["does not answer"]):
        time.sleep(fault_kit.BOUND_S + 0.5)


def master(pair, load):
    """The second node's master does not run for 3 s: its workers ask the store, and obey it."""
    pid = sorted(pair.b.pids("master"))[0]
    with fault_kit.fault(pair, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT), ["proven"], "freshness", [pair.b]):
        until = time.monotonic() + 3
        load.work_goes_on()
        time.sleep(max(0, until - time.monotonic()))
    assert pid in pair.b.pids("master")


def told(pair):
    """What `sessionctl status` says of it all, on each node."""
    stale = 0
    for node in pair.nodes:
        f = node.status()["freshness"]
        print("   status:", f)
        assert f["fresh"] and f["staleness_ms"] < 1000 and f["gaps_repaired"] == 0 and f["remembered_ends"] > 0, f
        assert f["apply_ms"]["count"] > 0 and 0 < f["apply_ms"]["p50"] <= f["apply_ms"]["p99"] <= f["apply_ms"]["max"], f
        assert set(f["fallbacks"]) >= {"stale", "collapsed", "idle"}, f
        stale += f["fallbacks"]["stale"]
        assert raw.metric(node.metrics(), "sessiond_store_fallbacks_total", reason="stale") >= f["fallbacks"]["stale"]
        done = subprocess.run([os.path.join(harness.BUILD, "sessionctl"), "-c", node.config, "status"], capture_output=True,
                              text=True, timeout=60, check=False)
        for word in ("apply_ms", "staleness_ms", "gaps_repaired", "writebacks", "fallbacks", "collapsed", "capacity"):
            assert word in done.stdout, (word, done)
    assert stale > 0, "no worker had to ask the store"


def main():
    with fault_kit.Pair(hops=True) as pair, pair.load() as load:
        fault_kit.run(pair, load, (silent, silent_to_one, paused, stopped, master))
        if not sys.argv[1:]:
            told(pair)


if __name__ == "__main__":
    sys.exit(main())
