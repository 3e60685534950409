#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the sandbox is asked for and told of: each role proves its filter in a throw-away copy before it
is ready; log and off only by configuration, said in log, health, status and metrics; what is required
and not there refuses the start; what a resolver does is within the master's table."""
import ctypes
import errno
import os
import re
import resource
import signal
import struct
import subprocess

import attack_kit as kit
import harness
import raw

ROLES = ("master", "signer", "auditor", "worker")
PRCTL, LANDLOCK_CREATE_RULESET, PR_SET_SECCOMP, PR_SET_MDWE = 157, 444, 22, 65


def test_each_role_probes_before_ready():
    """Under strace from its start: a copy of each process dies of SIGSYS, before the ready line."""
    with harness.Node(workers=2, start=False) as node:
        out = os.path.join(node.base, "trace")
        node.log_path = os.devnull
        with subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=execveat,seccomp", "-e", "signal=SIGSYS", "-o", out,
                               os.path.join(harness.BUILD, "sessiond"), "-c", node.config], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
            line = process.stdout.readline()
            with open(out, encoding="utf-8", errors="replace") as f:
                text = f.read()
            launcher = harness.children_of(process.pid)
            os.kill(launcher[0], signal.SIGTERM)
            process.wait(30)
        assert line.startswith(b"ready"), line
        died = set(re.findall(r"^(\d+) +\+\+\+ killed by SIGSYS", text, re.M))
        assert len(died) == len(ROLES) + 2, (died, text[-3000:])  # a second worker, and the launcher
        # the filter that killed a copy was its own: each of them had installed one
        for pid in died:
            assert re.search(rf"^{pid} +seccomp\(SECCOMP_SET_MODE_FILTER", text, re.M), pid


def still_no_file(node):
    """Without a filter: Landlock and its user keep a worker from all of them."""
    folder = node.path("keys", "brand-a")
    key = next(os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".pem"))
    worker = next(iter(node.pids("worker")))
    calls = [kit.call("openat", -100, "text", flags, 0o600, text=path, label=f"{path} {flags:o}")
             for path, flags in ((key, 0), (node.config, 0), ("/etc/passwd", 0), ("/proc/self/mem", 2), ("/tmp/intruder", 0o101),
                                 (node.path("state", "audit.log"), 1))]
    for name, row in kit.gdb(node, [(worker, calls)]).items():
        assert row.get("value") == -1 and row["errno"] in (errno.EACCES, errno.EPERM), (name, row)


def weak(mode, enforced):
    with harness.Node(workers=1, server=f"sandbox: {mode}\n") as node:
        for role in ROLES:
            pid = next(iter(node.pids(role)))
            own = kit.filters(pid)[:-1]  # the oldest is the launcher's
            assert len(own) == (0 if mode == "off" else 1), (mode, role)
            if own:
                assert kit.run(own[0], kit.data(kit.NR["acct"])) == kit.LOG
            assert kit.status(pid)["NoNewPrivs"] == ["1"], role
            assert raw.metric(node.metrics(), "sessiond_sandbox_enforced", role=role) == enforced, (mode, role)
            assert any(r["event"] == "sandbox-weak" and r["sandbox"] == role for r in node.logs()), (mode, role)
        body = node.request("GET", "/health")[2]
        assert body["status"] == "degraded" and body["checks"]["sandbox"]["status"] == "degraded", body
        assert "by configuration" in body["checks"]["sandbox"]["reason"], body
        status = node.status()
        assert status["sandbox"]["mode"] == mode and all(
            c["sandbox"]["mode"] == mode for c in status["children"] if "sandbox" in c), status
        assert node.logs("sandbox-off"), "said again and again"
        if mode == "off":
            still_no_file(node)
        node.create()


def test_log_and_off_are_said():
    weak("log", 0)
    weak("off", 0)


def test_enforced_is_said():
    with harness.Node(workers=1, server="sandbox_require: [landlock, mdwe, users]\n") as node:
        for role in ROLES:
            assert raw.metric(node.metrics(), "sessiond_sandbox_enforced", role=role) == 1, role
        assert node.request("GET", "/health")[2]["checks"]["sandbox"]["status"] == "ok"
        assert not node.logs("sandbox-weak")


def unprivileged(**options):
    node = harness.Node(workers=1, start=False, uid=61001, **options)
    for folder, _, names in os.walk(node.base):
        for path in (folder, *(os.path.join(folder, n) for n in names)):
            os.chown(path, 61001, 61001)
    return node


def refused(word, **options):
    with unprivileged(**options) as node:
        node.start(wait=False)
        assert node.proc.wait(30) == 71 and not node.stdout, node.log_tail()
        assert word in node.log_tail(), node.log_tail()


def test_required_and_missing():
    refused("sandbox_require: users", server="sandbox_require: [users]\n")
    with unprivileged() as node:  # not required: it starts and says so
        node.start()
        assert node.status()["users"] == "shared"
        assert "share" in node.request("GET", "/health")[2]["checks"]["sandbox"]["reason"]


def refusing(number, argument=None):
    """A preexec_fn: the kernel behind a filter that knows no such call (with that first argument)."""
    def jump(value, skip):
        return struct.pack("HBBI", 0x15, 0, skip, value)
    def load(offset):
        return struct.pack("HBBI", 0x20, 0, 0, offset)
    rows = load(0) + jump(number, 1 if argument is None else 3)
    if argument is not None:
        rows += load(16) + jump(argument, 1)
    rows += struct.pack("HBBI", 6, 0, 0, 0x50000 | errno.ENOSYS) + struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
    text = ctypes.create_string_buffer(rows, len(rows))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(rows) // 8, ctypes.addressof(text)))
    call = ctypes.CDLL(None, use_errno=True).prctl
    def before_exec(keep=text):
        if call(PR_SET_SECCOMP, 2, program, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "seccomp", keep and None)
    return before_exec


def no_locked_memory():
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def test_each_required_part():
    """What is required and not there is named, by the role that lacks it; what is only wanted is said."""
    for part, name, lacking in (("landlock", "Landlock", refusing(LANDLOCK_CREATE_RULESET)),
                                ("mdwe", "MDWE", refusing(PRCTL, PR_SET_MDWE)), ("mlock", "locked memory", no_locked_memory)):
        for required in (True, False):
            lines = f"sandbox_require: [{part}]\n" if required else ""
            with harness.Node(workers=1, start=False, server=lines) as node:
                node.popen = {"preexec_fn": lacking}
                node.start(wait=not required)
                if required:
                    assert node.proc.wait(30) == 71 and not node.stdout, (part, node.log_tail())
                    assert re.search(rf"(sandbox of \w+: )?{name} is required and (not to be had here|refused)",
                                     node.log_tail(), re.I), (part, node.log_tail())
                    continue
                node.create()
                if part == "mlock":
                    assert node.logs("memory-not-locked"), node.log_tail()
                else:
                    said = {row["sandbox"] for row in node.logs("sandbox-part-missing") if row["part"] == name}
                    assert said >= {"signer", "worker"}, (part, said)


def test_environment_cannot_weaken():
    with harness.Node(workers=1, env={"SANDBOX": "off", "SESSIOND_SANDBOX": "off", "LD_PRELOAD": "/nowhere/x.so",
                                      "MALLOC_PERTURB_": "9", "OPENSSL_CONF": "/nowhere"}) as node:
        pid = next(iter(node.pids("worker")))
        with open(f"/proc/{pid}/environ", "rb") as f:
            assert f.read() == b""
        assert len(kit.filters(pid)) == 2


def test_resolver():
    """A store with a name: the resolver's calls are in the master's table, a name that is none is said."""
    with harness.Node(workers=1, start=False) as node:
        node.write("sessiond.yaml", node.server_text + 'store: { mode: redis, url: "redis://nobody.invalid:6379" }\n')
        node.start(wait=False)
        assert node.proc.wait(60) == 71, node.log_tail()
        assert any("nobody.invalid" in row["text"] for row in node.logs("fatal")), node.log_tail()
        assert [row["signal"] for row in node.logs("master-ended")] == [0], node.log_tail()


if __name__ == "__main__":
    signal.alarm(240)
    kit.need_root()
    if not any(os.path.exists(os.path.join(d, "strace")) for d in os.get_exec_path()):
        harness.skip("no strace")
    harness.main([test_each_role_probes_before_ready, test_log_and_off_are_said, test_enforced_is_said,
                  test_required_and_missing, test_each_required_part, test_environment_cannot_weaken, test_resolver])
