#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The store of a deployment (mode redis, narrow user): one script and one round trip per operation;
gone: 503 at once; silent: 503 after the time-out, then at once; back: recovery by itself; flushed:
nothing of before is trusted. No stale "valid", no 401 for trouble of ours."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import harness
import history
import raw

FREE = "limits: { create_per_second: 100000, in_flight: 10000 }\n"


class Redis:
    def __init__(self, folder):
        self.socket = os.path.join(folder, "redis.sock")
        self.folder = folder
        self.proc = None

    def start(self):
        self.proc = subprocess.Popen(
            [shutil.which("redis-server", path="/usr/bin:/usr/local/bin:" + os.environ.get("PATH", "")), "-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.folder)
        self.proc.stdin.write((f"port 0\nunixsocket {self.socket}\nunixsocketperm 777\nappendonly yes\n"
                               "save \"\"\nmaxmemory-policy noeviction\nenable-debug-command yes\n").encode())
        self.proc.stdin.close()
        harness.wait_for(lambda: self.try_command("PING") == b"+PONG\r\n", 20, why="redis answers")
        return self

    def try_command(self, *words):
        try:
            return self.command(*words)
        except OSError:
            return None

    def command(self, *words):
        """One command; the first bulk or line of its reply, raw."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(self.socket)
            s.sendall((f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)).encode())
            got = s.recv(1 << 20)
            if got.startswith(b"$"):
                want = int(got[1:got.index(b"\r\n")])
                while len(got) < want:
                    got += s.recv(1 << 20)
            return got

    def calls(self):
        """Commands by name since the last CONFIG RESETSTAT (those inside scripts too)."""
        out = {}
        for line in self.command("INFO", "commandstats").decode().splitlines():
            if line.startswith("cmdstat_"):
                name, _, rest = line[8:].partition(":")
                out[name] = int(rest.split("calls=")[1].split(",")[0])
        return out

    def waited_for(self):
        """Scripts since SLOWLOG RESET, by their first keys; not those into copies of audit records (:e:TENANT),
        for which nobody waits."""
        log = self.command("SLOWLOG", "GET", "-1").replace(b"\r\n", b" ")
        keys = re.findall(rb"EVAL(?:SHA)? \$\d+ \S+ \$\d+ \d+ \$\d+ (\S+)", log)
        return [k for k in keys if b":e:" not in k]

    def scripts(self):
        """Scripts run since then, without the sweeper's, each of which begins with one EXISTS (where none of
        the others asks for one)."""
        calls = self.calls()
        return calls.get("evalsha", 0) + calls.get("eval", 0) - calls.get("exists", 0), calls

    def end(self, number=signal.SIGKILL):
        self.proc.send_signal(signal.SIGCONT)
        self.proc.send_signal(number)
        self.proc.wait(20)


def timed(node, path, body, want, code=None):
    begun = time.monotonic()
    status, headers, text = node.request("POST", path, body, tenant="brand-a")
    took = time.monotonic() - begun
    assert status == want and (code is None or text["code"] == code), (path, status, text)
    if want == 503:
        assert headers["Retry-After"], headers
    return took, text


def one_script_each(node, redis):
    """The worker's connection is counted by the scripts it runs: exactly one for each operation that its answer waits for."""
    _, made = timed(node, "/sessions", {"user_id": "alice"}, 201)
    steps = [("/sessions", {"user_id": "alice"}, 201), ("/sessions/refresh", {"refresh_token": made["refresh_token"]}, 200),
             ("/sessions/revoke", {"session_id": made["session_id"]}, 200), ("/sessions/revoke", {"user_id": "alice"}, 200)]
    timed(node, "/sessions/refresh", {"refresh_token": "sdr_" + "A" * 91}, 401)
    steps += [("/sessions", {"user_id": "bob"}, 201), ("/sessions/revoke", {"user_id": "bob"}, 200)]

    def is_one(path, body, want):
        redis.command("SLOWLOG", "RESET")
        timed(node, path, body, want)
        return len(redis.waited_for()) == 1

    redis.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
    for step in steps:  # more where the script was not loaded yet, or the master ran some
        harness.wait_for(lambda s=step: is_one(*s), 10, why="one script for %s" % step[0])
    _, made = timed(node, "/sessions", {"user_id": "carol"}, 201)
    timed(node, "/sessions/validate", {"access_token": made["access_token"]}, 200)
    redis.command("CONFIG", "RESETSTAT")
    for _ in range(50):
        _, text = timed(node, "/sessions/validate", {"access_token": made["access_token"]}, 200)
        assert text["assurance"] == "fresh"
    scripts, calls = redis.scripts()
    assert scripts == 0 and "hgetall" not in calls, calls  # a hot validate asks nobody


def recovered(node):
    """Sixteen creations in a row: both workers have their breakers closed again."""
    return all(node.request("POST", "/sessions", {"user_id": "probe"}, tenant="brand-a")[0] == 201 for _ in range(16))


def trouble(node, redis):
    """Refused, then silent: writes 503, a token 503 or still provably fresh; never 401."""
    _, made = timed(node, "/sessions", {"user_id": "dave"}, 201)
    token = {"access_token": made["access_token"]}
    timed(node, "/sessions/validate", token, 200)
    for stop in (redis.end, lambda: redis.proc.send_signal(signal.SIGSTOP)):
        stop()
        harness.wait_for(lambda: node.request("POST", "/sessions/validate", token, tenant="brand-a")[0] == 503, 10,
                         why="the proof of freshness runs out")
        harness.wait_for(lambda: timed(node, "/sessions", {"user_id": "x"}, 503, "store-unavailable")[0] < 0.1, 10,
                         why="503 at once")
        for path, body in (("/sessions/validate", token), ("/sessions/refresh", {"refresh_token": made["refresh_token"]}),
                           ("/sessions/revoke", {"session_id": made["session_id"]})):
            timed(node, path, body, 503, "store-unavailable")
        health = harness.wait_for(lambda: (lambda h: h if h["status"] == "degraded" else None)(node.request("GET", "/health")[2]), 5)
        assert health["checks"]["freshness"]["status"] != "ok" or health["checks"]["store"]["status"] != "ok", health
        if redis.proc.poll() is None:
            redis.proc.send_signal(signal.SIGCONT)
        else:
            redis.start()
        harness.wait_for(lambda: node.request("POST", "/sessions/validate", token, tenant="brand-a")[0] == 200, 20, why="recovery")
        harness.wait_for(lambda: node.request("GET", "/health")[2]["status"] == "ok", 20, why="health")
        harness.wait_for(lambda: recovered(node), 20, why="every worker's way to the store")
    timed(node, "/sessions/refresh", {"refresh_token": made["refresh_token"]}, 200)


def flushed(node, redis):
    """FLUSHALL keeps the run id: found by the log's identity. What was ended stays ended here."""
    _, dead = timed(node, "/sessions", {"user_id": "erin"}, 201)
    _, alive = timed(node, "/sessions", {"user_id": "erin"}, 201)
    h = history.History(0.0)
    h.end("dead", lambda: (200, timed(node, "/sessions/revoke", {"session_id": dead["session_id"]}, 200)[1]))
    gaps = raw.metric(node.metrics(), "sessiond_gaps_repaired_total")
    redis.command("FLUSHALL")
    harness.wait_for(lambda: raw.metric(node.metrics(), "sessiond_gaps_repaired_total") > gaps, 10, why="the gap is seen")
    token = {"access_token": dead["access_token"]}
    h.validate("dead", lambda: node.request("POST", "/sessions/validate", token, tenant="brand-a"))
    timed(node, "/sessions/validate", token, 401, "session-revoked")
    # 503 until the log was read again and given back what it lost: no record counts before
    harness.wait_for(lambda: h.validate("dead", lambda: node.request("POST", "/sessions/validate", token, tenant="brand-a")) and
                     node.status()["freshness"]["fresh"], 10, why="written back, proven")
    h.refresh("dead", lambda: node.request("POST", "/sessions/refresh", {"refresh_token": dead["refresh_token"]}, tenant="brand-a"))
    h.check()
    timed(node, "/sessions/refresh", {"refresh_token": alive["refresh_token"]}, 401, "refresh-invalid")
    _, made = timed(node, "/sessions", {"user_id": "erin"}, 201)
    timed(node, "/sessions/validate", {"access_token": made["access_token"]}, 200)
    timed(node, "/sessions/revoke", {"session_id": made["session_id"]}, 200)
    timed(node, "/sessions/validate", {"access_token": made["access_token"]}, 401, "session-revoked")


def main():
    node = harness.Node(workers=2, start=False, tenant_lines=FREE)
    redis = Redis(node.base)
    try:
        os.chmod(node.base, 0o755)  # the socket must be reachable for the master's user
        redis.start()
        node.write("sessiond.yaml", node.server_text + f"store: {{ mode: redis, url: \"unix:{redis.socket}\" }}\n")
        node.start()
        for test in (one_script_each, trouble, flushed):
            test(node, redis)
            print("ok", test.__name__)
    except BaseException:
        print(node.log_tail(), file=sys.stderr)
        raise
    finally:
        node.close()
        if redis.proc and redis.proc.poll() is None:
            redis.end()


if __name__ == "__main__":
    sys.exit(main())
