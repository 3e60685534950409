#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sessionctl against a running node (status, reload, doctor), and the audit trail through what
happens to its auditor: killed, rotated, the end."""
import json
import os
import signal
import subprocess
import sys

import harness

def sanitized():
    """Such a build has no filter, and says so."""
    with open(os.path.join(harness.BUILD, "config.h"), encoding="ascii") as f:
        return "#define SD_SANITIZERS 1" in f.read()


CTL = os.path.join(harness.BUILD, "sessionctl")


def run(node, *words):
    return subprocess.run([CTL, "-c", node.config, *words], capture_output=True, text=True, timeout=60, check=False)


def status(node):
    done = run(node, "--json", "status")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def pid_of(node, role):
    return next((c["pid"] for c in status(node)["children"] if c["role"] == role and c["state"] == "ready"), 0)


def numbers(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line)["seq"] for line in f]


def test_status():
    """The same state for programs and for people."""
    with harness.Node(workers=1) as node:
        s = status(node)
        assert s["phase"] == "serving" and {c["role"] for c in s["children"]} >= {"signer", "worker", "auditor"}
        text = run(node, "status").stdout
        assert "serving" in text and "children:" in text and "\x1b" not in text
        by_socket = run(node, "-s", node.path("state", "control.sock"), "status")
        assert by_socket.returncode == 0, by_socket
        node.stop()
        assert run(node, "status").returncode == 3


def test_reload():
    """A wrong file is refused with its place, exit code 1, and changes nothing."""
    with harness.Node(workers=1) as node:
        before = status(node)["generation"]
        node.write("tenants.d/brand-a.yaml", node.tenant_text("brand-a", lines="tokens: { access_ttl: soon }\n"))
        refused = run(node, "reload")
        assert refused.returncode == 1 and "access_ttl" in refused.stderr, refused
        assert status(node)["generation"] == before
        node.write("tenants.d/brand-a.yaml", node.tenant_text("brand-a", lines="tokens: { access_ttl: 10m }\n"))
        done = run(node, "reload")
        assert done.returncode == 0, done
        assert status(node)["generation"] > before


def test_doctor():
    """0 for a node that enforces; 1 for one that only logs, and it is said."""
    with harness.Node(workers=1) as node:
        done = run(node, "doctor")
        rows = json.loads(run(node, "--json", "doctor").stdout)
        if sanitized():
            assert done.returncode == 1 and "no system call filter" in done.stdout, done
            return
        assert done.returncode == 0 and "FAIL" not in done.stdout, done
        assert any(r["check"] == "signer-0" and r["grade"] == "ok" for r in rows), rows
    with harness.Node(workers=1, server="sandbox: log\n") as node:
        done = run(node, "doctor")
        assert done.returncode == 1 and "does not enforce" in done.stdout, done


def test_memory():
    """The segments of a running node are shown, and nothing is wrong with them."""
    with harness.Node(workers=1) as node:
        done = run(node, "memory", "verify")
        assert done.returncode == 0, done
        dump = run(node, "memory", "dump")
        assert dump.returncode == 0 and "control" in dump.stdout and "revocations" in dump.stdout, dump
        assert run(node, "memory").returncode == 2


def test_trail_survives_its_auditor():
    """A killed auditor is replaced; numbers go on without a gap or a repetition."""
    with harness.Node(workers=1) as node:
        trail = node.path("state", "audit.log")
        old = pid_of(node, "auditor")
        os.kill(old, signal.SIGKILL)
        harness.wait_for(lambda: pid_of(node, "auditor") not in (0, old), 10, why="a new auditor")
        run(node, "reload")
        code = node.stop()
        assert code == 0, (code, node.log_tail(200))
        seen = numbers(trail)
        assert seen == list(range(1, len(seen) + 1)), seen
        events = {json.loads(line)["event"] for line in open(trail, encoding="utf-8")}
        assert {"process.started", "process.ended"} <= events, events


def test_rotation():
    """After SIGUSR1 records go into the new file and the numbers go on."""
    with harness.Node(workers=1) as node:
        trail = node.path("state", "audit.log")
        os.rename(trail, trail + ".1")
        node.send(signal.SIGUSR1)
        harness.wait_for(lambda: os.path.exists(trail), 10, why="a new file")
        os.kill(pid_of(node, "worker"), signal.SIGKILL)
        harness.wait_for(lambda: numbers(trail), 10, why="a record in it")
        code = node.stop()
        assert code == 0, (code, node.log_tail(200))
        seen = numbers(trail + ".1") + numbers(trail)
        assert seen == list(range(1, len(seen) + 1)), seen


def main():
    harness.need_programs()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("ok", name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
