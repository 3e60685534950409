#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starting and stopping: nothing is left behind; what is wrong is said and ends with its code."""
import contextlib
import os
import signal
import socket
import subprocess

import harness


def run(node, *args):
    return subprocess.run([os.path.join(harness.BUILD, "sessiond"), *args, "-c", node.config], capture_output=True,
                          text=True, timeout=30, check=False)


def tools_answer_and_exit():
    with harness.Node(start=False) as node:
        assert run(node, "-t").stdout == "configuration ok\n"
        assert run(node, "-V").stdout.startswith("sessiond ")
        assert "state_dir" in run(node, "-T").stdout
        assert run(node, "-x").returncode == 64
        node.write("sessiond.yaml", node.server_text + "wrkers: 3\n")
        p = run(node, "-t")
        assert p.returncode == 1 and "workers" in p.stderr, p


def wrong_configuration_exits_78():
    with harness.Node(start=False) as node:
        node.write("sessiond.yaml", node.server_text + "wrkers: 3\n")
        node.start(wait=False)
        assert node.proc.wait(10) == 78, node.log_tail()
        assert "wrkers" in node.log_tail()


def taken_port_exits_71_and_names_it():
    with harness.Node() as node:
        other = harness.Node(start=False)
        other.write("sessiond.yaml", other.server_text.replace(str(other.port), str(node.port)))
        other.start(wait=False)
        assert other.proc.wait(10) == 71
        assert f"127.0.0.1:{node.port}" in other.log_tail()
        other.close()


def missing_user_is_named():
    if os.geteuid() != 0:
        return
    with harness.Node(start=False) as node:
        node.write("sessiond.yaml", node.server_text.replace(str(harness.UIDS["signer"]), "no-such-user-here"))
        node.start(wait=False)
        assert node.proc.wait(10) == 78
        assert "no-such-user-here" in node.log_tail() and "useradd" in node.log_tail()


def root_is_refused_as_a_user():
    if os.geteuid() != 0:
        return
    with harness.Node(start=False) as node:
        node.write("sessiond.yaml", node.server_text.replace(f"\"{harness.UIDS['worker']}\"", "root"))
        node.start(wait=False)
        assert node.proc.wait(10) == 78
        assert "root" in node.log_tail()


def each_role_has_its_own_user_and_no_capability():
    if os.geteuid() != 0:
        return
    with harness.Node() as node:
        filtered = node.status()["sandbox"]["seccomp"] == 2  # not in a build with sanitizers
        for pid, role in node.pids().items():
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                rows = dict(line.rstrip("\n").split(":", 1) for line in f)
            uid = harness.UIDS["master" if role == "redis" else role]
            assert rows["Uid"].split() == [str(uid)] * 4, (role, rows["Uid"])
            assert rows["Gid"].split() == [str(uid)] * 4 and not rows["Groups"].split(), role
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                assert int(rows[name], 16) == 0, (role, name, rows[name])
            if role != "redis" and filtered:
                assert rows["NoNewPrivs"].strip() == "1" and rows["Seccomp"].strip() == "2", role
        with open(f"/proc/{node.proc.pid}/status", encoding="ascii") as f:
            rows = dict(line.rstrip("\n").split(":", 1) for line in f)
        assert int(rows["CapEff"], 16) == 0xe0, rows["CapEff"]  # CAP_KILL, SETGID, SETUID
        assert int(rows["CapBnd"], 16) == 0, rows["CapBnd"]
        assert node.status()["users"] == "own"


def works_without_root():
    with harness.Node(uid=61009 if os.geteuid() == 0 else None, start=False) as node:
        if os.geteuid() == 0:
            for root, folders, names in os.walk(node.dir):
                for name in (".", *folders, *names):
                    os.chown(os.path.join(root, name), 61009, 61009)
            os.chmod(node.base, 0o711)
        node.start()
        assert node.serves()
        assert node.status()["users"] == "shared"
        assert node.stop() == 0


def twenty_starts_leave_nothing():
    with harness.Node(start=False) as node:
        for _ in range(20):
            node.start()
            pids = node.pids()
            assert node.stop() == 0, node.log_tail()
            assert not any(harness.process_alive(p) for p in pids)
            left = [n for n in os.listdir(node.path("state")) if n.endswith(".sock")]
            assert not left and not os.path.exists(node.path("state", "redis", "redis.sock")), left
        assert node.logs("child-ended")[-1]["level"] == "info", "a clean stop warns of nothing"


def unix_socket_is_served_and_removed():
    with harness.Node(start=False) as node:
        text = node.server_text.replace("listen:\n", "listen:\n  - { address: \"unix:state/api.sock\", role: api }\n")
        node.write("sessiond.yaml", text)
        node.start()
        path = node.path("state", "api.sock")
        assert os.stat(path).st_mode & 0o777 == 0o660
        assert "unix:state/api.sock (api)" in node.ready_line
        node.kill("master")
        node.wait_ready(lines=2)  # the stale path did not stand in the way
        assert node.stop() == 0
        assert not os.path.exists(path)


def service_manager_gives_sockets_and_is_told():
    with harness.Node(start=False) as node, socket.socket() as api, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        api.bind(("127.0.0.1", 0))
        api.listen(16)
        notify.bind("\0sessiond-test-%d" % os.getpid())
        notify.settimeout(10)
        node.port = api.getsockname()[1]
        node.write("sessiond.yaml", node.server_text.replace(
            "listen:\n", "listen:\n  - { address: \"systemd:web\", role: api }\n"))
        node.env = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "WATCHDOG_USEC": "600000",
                    "NOTIFY_SOCKET": "@sessiond-test-%d" % os.getpid()}
        saved = None
        try:
            if api.fileno() != 3:  # the number a service manager would use
                with contextlib.suppress(OSError):
                    saved = os.dup(3)
                os.dup2(api.fileno(), 3)
            node.listen_fds = (3,)
            node.start()
        finally:
            if saved is not None:
                os.dup2(saved, 3)
                os.close(saved)
        assert f"127.0.0.1:{node.port} (api)" in node.ready_line, node.ready_line
        assert node.serves()
        node.reload()
        node.send(signal.SIGTERM)
        assert node.proc.wait(20) == 0
        told = []
        while not told or told[-1] != "STOPPING=1":
            told.append(notify.recv(500).decode())
        assert "READY=1" in told and "WATCHDOG=1" in told, told
        assert any(t.startswith("RELOADING=1\nMONOTONIC_USEC=") for t in told), told


harness.main([tools_answer_and_exit, wrong_configuration_exits_78, taken_port_exits_71_and_names_it,
              missing_user_is_named, root_is_refused_as_a_user, each_role_has_its_own_user_and_no_capability,
              works_without_root, service_manager_gives_sockets_and_is_told, twenty_starts_leave_nothing, unix_socket_is_served_and_removed])
