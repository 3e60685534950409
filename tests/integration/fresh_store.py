#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two nodes under load, and a Redis that is another one than it was: a replica and back on live
connections, LOADING, restarted empty, failed over between two servers. Nothing ended is accepted after
the bound, nor ever by a refresh; /health says so within a second. SESSIOND_TEST_FAULTS: how often each;
SESSIOND_TEST_FAILOVERS (2)."""
import shutil
import sys
import time

import fault_kit
import harness
import raw


def loading(pair, _):
    """Killed, and back with its data, which it takes seconds to load; a subscription works meanwhile."""
    pair.redis.command("DEBUG", "POPULATE", "1500", "elses", "8")
    pair.redis.command("BGREWRITEAOF")
    harness.wait_for(lambda: b"aof_rewrite_in_progress:0" in pair.redis.command("INFO", "persistence"), 20, why="rewritten")

    def begin():
        pair.redis.end()
        pair.redis.start("key-load-delay 300", "loading-process-events-interval-bytes 1024", ready=False)
        harness.wait_for(lambda: (pair.redis.try_command("PING") or b"").startswith(b"-LOADING"), 10, step=0.005, why="it loads")

    with fault_kit.fault(pair, begin, lambda: None, ["loading"]):
        harness.wait_for(lambda: pair.redis.try_command("PING") == b"+PONG\r\n", 60, why="loaded")
    pair.fresh()


def empty(pair, load):
    """What was ended stays so; what lived is gone."""
    def begin():
        pair.redis.end()
        pair.redis.empty()
    with fault_kit.fault(pair, begin, pair.redis.start, ["does not answer", "unreachable"]):
        pass
    pair.fresh()
    load.work_goes_on()
    pair.history.forgive()


def replica(pair, load):
    """Of a server that does not exist, and a master again; the connections live on."""
    with fault_kit.fault(pair, lambda: pair.redis.command("REPLICAOF", "127.0.0.1", "1"), lambda: pair.redis.command("REPLICAOF", "NO", "ONE"),
               ["replica"]):
        time.sleep(fault_kit.BOUND_S + 0.2)
    pair.fresh()
    load.work_goes_on()
    gaps = [n.metrics() for n in pair.nodes]
    pair.redis.command("REPLICAOF", "127.0.0.1", "1")  # shorter than a poll
    pair.redis.command("REPLICAOF", "NO", "ONE")
    for node, had in zip(pair.nodes, gaps):
        node.wait(lambda n=node, h=had: raw.metric(n.metrics(), "sessiond_gaps_repaired_total") >
                  raw.metric(h, "sessiond_gaps_repaired_total"), 10, why="seen")


def failovers(pair, load):
    """Back and forth between two servers, each time by the death of the first or by a change of roles
    under live connections."""
    other = fault_kit.Redis(pair.a.base, "other").start()
    follow(other, pair.redis)
    try:
        for turn in range(fault_kit.size("FAILOVERS", 2)):
            was = pair.redis
            load.work_goes_on(60)
            if turn % 2 == 0:
                was.end()
            other.command("REPLICAOF", "NO", "ONE")
            pair.turn(other)
            if turn % 2 == 0:
                was.empty()
                was.start()
            follow(was, other)
            pair.fresh()
            pair.history.forgive()
            load.work_goes_on(60)
            pair.judge(load, "failover %d" % (turn + 1))
            other = was
    finally:
        other.end()
        shutil.rmtree(other.folder)


def follow(replica, primary):
    replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
    harness.wait_for(lambda: b"master_link_status:up" in replica.command("INFO", "replication"), 30, why="synchronised")


def main():
    with fault_kit.Pair(link=True) as pair, pair.load() as load:
        fault_kit.run(pair, load, (replica, failovers, empty, loading))


if __name__ == "__main__":
    sys.exit(main())
