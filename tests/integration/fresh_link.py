#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packets that are dropped without a reset. Redis and the first node in one network, the second node in
another, a cable between them (network namespaces of this process and a veth pair; gone with it). Under load
the cable is pulled, or each end sends to an address that nobody has, while the first node acknowledges
ends: the second accepts none of them after the bound, says 503 as long as it lasts, and goes on when the
cable is back. SESSIOND_TEST_FAULTS: how often each. Superuser only."""
import contextlib
import ctypes
import os
import subprocess
import sys
import time

import fault_kit
import harness

CLONE_NEWNET = 0x40000000
NEAR, FAR = "10.201.77.1", "10.201.77.2"
libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def own_network():
    """This thread's network, as a file descriptor."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def new_network():
    checked(libc.unshare(CLONE_NEWNET))
    run("link", "set", "lo", "up")
    return own_network()


@contextlib.contextmanager
def inside(network):
    """What this thread opens or starts in the body is in that network."""
    was = own_network()
    checked(libc.setns(network, CLONE_NEWNET))
    try:
        yield
    finally:
        checked(libc.setns(was, CLONE_NEWNET))
        os.close(was)


def run(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, (words, done)


class Cable:
    """near (this network) and far, joined."""

    def __init__(self):
        self.far = new_network()
        self.near = new_network()  # the process is in this one from now on
        run("link", "add", "near", "type", "veth", "peer", "name", "far")
        run("link", "set", "far", "netns", "/proc/%d/fd/%d" % (os.getpid(), self.far))
        run("addr", "add", NEAR + "/30", "dev", "near")
        run("link", "set", "near", "up")
        with inside(self.far):
            run("addr", "add", FAR + "/30", "dev", "far")
            run("link", "set", "far", "up")

    def pull(self):
        run("link", "set", "near", "down")

    def plug(self):
        run("link", "set", "near", "up")

    def lose(self):
        """Both ends send on, to an address that nobody has: what arrives is thrown away."""
        run("neigh", "replace", FAR, "lladdr", "02:00:00:00:00:0f", "nud", "permanent", "dev", "near")
        with inside(self.far):
            run("neigh", "replace", NEAR, "lladdr", "02:00:00:00:00:0f", "nud", "permanent", "dev", "far")

    def find(self):
        run("neigh", "del", FAR, "dev", "near")
        with inside(self.far):
            run("neigh", "del", NEAR, "dev", "far")


class FarNode(harness.Node):
    cable = None

    def network(self):
        return inside(self.cable.far)

    def start(self, wait=True):
        with self.network():
            return super().start(wait)

    def request(self, *words, **more):
        with self.network():
            return super().request(*words, **more)


class Pair(fault_kit.Pair):
    second = FarNode

    def server(self, redis):
        return redis.start("bind 127.0.0.1 " + NEAR, "protected-mode no")

    def url(self, way):
        return "redis://%s:%d/0" % (NEAR, self.redis.port)


def silence(pair, load, begin, over):
    had = len(load.ended)
    with fault_kit.fault(pair, begin, over, ["does not answer", "unreachable"], nodes=[pair.b]):
        load.work_goes_on(20)
        time.sleep(fault_kit.BOUND_S + 0.5)
        far = fault_kit.Client(pair.b)
        for s in load.ended[had:][-20:]:  # it may not have heard of them: then it does not know, and says so
            status = far.post("/sessions/validate", {"access_token": s["access_token"]})[0]
            assert status in (401, 503), status
        assert far.post("/sessions", {"user_id": "x"})[0] == 503
        far.close()
    ended, begun = len(load.ended) - had, time.monotonic()
    pair.fresh()
    print("   %d ended on the near node meanwhile; fresh again after %.2f s" % (ended, time.monotonic() - begun))


def cable_pulled(pair, load):
    silence(pair, load, pair.b.cable.pull, pair.b.cable.plug)


def packets_lost(pair, load):
    silence(pair, load, pair.b.cable.lose, pair.b.cable.find)


def main():
    harness.need_programs()
    try:
        FarNode.cable = Cable()
    except (OSError, AssertionError) as e:
        harness.skip("needs `ip`, and the right to make network namespaces: %s" % e)
    with Pair() as pair, pair.load() as load:
        fault_kit.run(pair, load, (packets_lost, cable_pulled))


if __name__ == "__main__":
    sys.exit(main())
