#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wall clock of a node set back an hour, forward an hour, and right again, under load: what is ended
and what is expired stays so, what lives lives (not while the node believes that it has expired), and
/health says that its clock is far from the store's.

A clock cannot be set for some processes only, so the one function of the running programs that asks for
it is changed, by /proc/PID/mem: needs the superuser, x86-64, and names in the programs."""
import os
import platform
import re
import struct
import subprocess
import sys
import time

import fault_kit
import harness
import history

HOUR_MS = 3600 * 1000
HEX = re.compile(r"^\s*([0-9a-f]+):\s+(?:[0-9a-f]{2} )+\s+call\s+([0-9a-f]+) <clock_gettime", re.M)


class Clock:
    """sd_clock_wall_ms() of one program: where it is, and the same with a shift."""

    def __init__(self, program):
        names = subprocess.run(["nm", program], capture_output=True, text=True, check=False).stdout
        at = re.search(r"^([0-9a-f]+) T sd_clock_wall_ms$", names, re.M)
        text = subprocess.run(["objdump", "-d", "--disassemble=sd_clock_wall_ms", program], capture_output=True, text=True,
                              check=False).stdout
        call = HEX.search(text)
        if not at or not call:
            harness.skip("no sd_clock_wall_ms in " + program)
        self.at, self.call = int(at[1], 16), int(call[2], 16)

    def code(self, shift_ms):
        """sub $24,%rsp; clock_gettime(0, %rsp); s * 1000 + ns / 1000000 + shift; add $24,%rsp; ret"""
        head = bytes.fromhex("f30f1efa 4883ec18 31ff 4889e6".replace(" ", ""))
        call = b"\xe8" + struct.pack("<i", self.call - (self.at + len(head) + 5))
        tail = bytes.fromhex("488b442408 4899 b940420f00 48f7f9 48691424e8030000 4801d0".replace(" ", ""))
        return head + call + tail + b"\x48\x05" + struct.pack("<i", shift_ms) + bytes.fromhex("4883c418c3")

    def shift(self, pid, ms):
        with open(f"/proc/{pid}/maps", encoding="ascii") as f:
            base = int(f.readline().split("-")[0], 16)
        with open(f"/proc/{pid}/mem", "r+b", buffering=0) as f:
            f.seek(base + self.at)
            assert f.write(self.code(ms)) == len(self.code(ms))


def shift(node, clocks, ms):
    for pid, role in node.pids().items():
        if role in clocks:
            clocks[role].shift(pid, ms)


def far(node):
    return "clock" in node.request("GET", "/health")[2]["checks"]["store"]["reason"]


def validate(actor, s, want):
    for at in actor.to * 4:  # both workers
        status = actor.validate(s, at)
        assert status == want, (status, want)


def main():
    if os.geteuid() != 0 or platform.machine() != "x86_64":
        harness.skip("needs the superuser on x86-64 to change a process's clock")
    clocks = {r: Clock(os.path.join(harness.BUILD, "sessiond-" + r)) for r in ("master", "worker", "signer", "auditor")}
    with harness.Node(tenants=("brand-a", "brand-b"), tenant_lines=fault_kit.FREE, start=False) as node:
        node.write("tenants.d/brand-b.yaml", node.tenant_text("brand-b", lines=fault_kit.FREE + "tokens: { access_ttl: 2s, jitter: 0% }\n"))
        node.start()
        h = history.History(0.0)
        actor, brief = fault_kit.Actor([node], h), fault_kit.Actor([node], history.History(0.0), "brand-b")
        dead, live, over = [actor.create("dead-%d" % i) for i in range(50)], actor.create("live"), brief.create("over")
        assert all(actor.end(s) for s in dead)
        node.wait(lambda: brief.validate(over) == 401, 10, why="expired")
        for ms, word in ((-HOUR_MS, "back"), (HOUR_MS, "forward"), (0, "right")):
            begun = time.monotonic()
            shift(node, clocks, ms)
            node.wait(lambda m=ms: far(node) == (m != 0), 3, why="/health tells of the clock")
            took = time.monotonic() - begun
            time.sleep(1.3)  # a tick of the master: it sweeps
            for s in dead[::5]:
                validate(actor, s, 401)
                assert actor.refresh(dict(s)) == 401
            validate(brief, over, 401)
            if ms <= 0:  # an hour ahead it is over for this node
                validate(actor, live, 200)
            # The signer signs no times that are far from its own.
            status = node.request("POST", "/sessions", {"user_id": "new"}, "brand-a")[0]
            assert status == (503 if ms else 201), status
            print("ok %-8s /health after %.2f s" % (word, took), flush=True)
        for s in dead:
            validate(actor, s, 401)
        assert actor.refresh(live) == 200 and actor.end(live)
        validate(actor, live, 401)
        print("  ", history.figures(h.check()))


if __name__ == "__main__":
    sys.exit(main())
