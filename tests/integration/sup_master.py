#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The master or the launcher dies: nobody is left behind, the service comes back."""
import os
import signal
import time

import harness
import history


def master_killed_orphans_gone_service_back():
    with harness.Node() as node:
        h = history.History(0.0)
        for turn in range(3):
            kept, ended = node.create("kept"), node.create("ended")
            node.wait(lambda s=ended: h.end(s["session_id"], lambda: node.request(
                "POST", "/sessions/revoke", {"session_id": s["session_id"]}, "brand-a"))[0] == 200, 10, why="acknowledged")
            before = node.pids()
            master = [p for p, r in before.items() if r == "master"][0]
            os.kill(master, signal.SIGKILL)
            node.wait(lambda: not any(harness.process_alive(p) for p in before), 2, why="orphans gone")
            node.wait_ready(lines=turn + 2)
            assert node.serves()
            for s, want in ((kept, 200), (ended, 401)):
                node.wait(lambda x=s, w=want: h.validate(x["session_id"], lambda: node.validate(x["access_token"]))[0] == w, 10)
        h.check()
        assert node.proc.poll() is None
        assert node.stop() == 0


def master_stopped_for_a_while_goes_on():
    with harness.Node() as node:
        before = node.pids()
        node.kill("master", signal.SIGSTOP)
        time.sleep(5)
        node.kill("master", signal.SIGCONT)
        node.wait(lambda: node.status()["freshness"]["fresh"], 5, why="fresh again")
        assert node.pids() == before, "nobody was replaced because the master slept"


def launcher_killed_takes_all_along():
    with harness.Node() as node:
        before = node.pids()
        node.send(signal.SIGKILL)
        node.proc.wait(5)
        harness.wait_for(lambda: not any(harness.process_alive(p) for p in before), 2, why="children gone")
        node.start()
        assert node.serves()


def quit_ends_at_once():
    with harness.Node() as node:
        before = node.pids()
        began = time.monotonic()
        node.send(signal.SIGQUIT)
        node.proc.wait(5)
        assert time.monotonic() - began < 2
        assert not any(harness.process_alive(p) for p in before)


def second_term_ends_at_once():
    with harness.Node() as node:
        before = node.pids()
        for pid in node.pids("worker"):
            os.kill(pid, signal.SIGSTOP)  # cannot drain
        node.send(signal.SIGTERM)
        time.sleep(0.3)
        assert node.proc.poll() is None
        node.send(signal.SIGTERM)
        node.proc.wait(5)
        assert not any(harness.process_alive(p) for p in before)


def a_second_service_on_the_same_state_is_refused():
    with harness.Node() as node:
        other = harness.Node(start=False)
        text = other.server_text + "state_dir: %s\n" % node.path("state")
        os.chmod(node.base, 0o755)
        other.write("sessiond.yaml", text)
        other.start(wait=False)
        assert other.proc.wait(15) == 71, other.log_tail()
        assert "another sessiond" in other.log_tail()
        other.close()


harness.main([master_killed_orphans_gone_service_back, master_stopped_for_a_while_goes_on,
              launcher_killed_takes_all_along, quit_ends_at_once, second_term_ends_at_once,
              a_second_service_on_the_same_state_is_refused])
