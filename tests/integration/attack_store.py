#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A worker that is no longer ours, as the store sees it: commands over the connection of a live worker
(taken out of it as root). Its user may run the product's scripts within the prefix and nothing else."""
import contextlib
import os
import signal
import socket
import sys

import attack_kit as kit
import attack_signer
import harness

FORBIDDEN = """FLUSHALL|FLUSHDB|KEYS *|CONFIG GET *|CONFIG SET dir /tmp|CONFIG SET dbfilename x|CONFIG REWRITE|ACL LIST
ACL SETUSER intruder on nopass +@all ~*|ACL WHOAMI|SHUTDOWN NOSAVE|DEBUG SLEEP 1|SCAN 0|RANDOMKEY|DBSIZE|SAVE|BGSAVE
BGREWRITEAOF|MONITOR|CLIENT LIST|CLIENT KILL TYPE normal|CLIENT NO-EVICT on|REPLICAOF 127.0.0.1 1|SLAVEOF NO ONE
MODULE LIST|MODULE LOAD /tmp/x.so|FUNCTION LOAD x|FUNCTION DELETE x|SCRIPT FLUSH|SCRIPT KILL|MIGRATE 127.0.0.1 1 sd1:x 0 1
DUMP sd1:x|RESTORE sd1:x 0 x|RENAME sd1:x sd1:y|SWAPDB 0 1|LATENCY RESET|SLOWLOG GET|MEMORY DOCTOR|FAILOVER
OBJECT HELP|SORT sd1:x|GET other|SET other 1|DEL other|SUBSCRIBE other|PSUBSCRIBE *|PUBLISH other x
HSET sd1:{nodes}:leases n 1|HSET sd1:other n 1|HGETALL sd1:other|MULTI|PSYNC ? -1|SYNC"""
# eval itself it needs, to load a script again; what a script calls is held against the same rules.
SCRIPTS = ("redis.call('flushall')", "redis.call('get','other')", "redis.call('set','sd1:x','1')", "redis.call('keys','*')",
           "redis.call('hset','other','a','1')", "os.execute('id')", "io.open('/etc/passwd')", "dofile('/etc/passwd')",
           "redis.call('acl','whoami')", "redis.call('del','sd1:x')", "redis.setresp(9)")
REFUSALS = (b"-NOPERM", b"-ERR DEBUG command not allowed", b"-ERR MODULE command not allowed")
ALLOWED = ("PING", "HGETALL sd1:{00}:nothing", "TIME")


class Store:
    """The worker's connection, spoken to in RESP while the worker is stopped."""

    def __init__(self, node):
        self.node, self.pid = node, sorted(node.pids("worker"))[0]
        for fd in attack_signer.inodes(self.pid).values():
            sock = socket.socket(fileno=attack_signer.steal(self.pid, fd))
            with contextlib.suppress(OSError):
                name = sock.getpeername()
                if isinstance(name, (str, bytes)) and "redis" in os.fsdecode(name):
                    self.sock = sock
                    break
            sock.close()
        self.file = self.sock.makefile("rb")

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)
        self.sock.settimeout(3)
        mark = self.ask("PING ours-from-here-on")  # what the worker had asked is answered first
        while mark != b"ours-from-here-on":
            mark = self.read()
        return self

    def __exit__(self, *what):
        self.file.close()
        self.sock.close()
        os.kill(self.pid, signal.SIGKILL)

    def read(self):
        line = self.file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$" and int(rest) >= 0:
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*" and int(rest) >= 0:
            return [self.read() for _ in range(int(rest))]
        return line

    def ask(self, text):
        words = text.encode().split(b" ")
        self.sock.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.read()


def test_workers_user_is_narrow():
    with harness.Node(workers=1) as node:
        made = node.create()
        commands = [c for line in FORBIDDEN.split("\n") for c in line.split("|")]
        with Store(node) as store:
            for command in ALLOWED:
                assert not str(store.ask(command)).startswith("b'-"), command
            through = []
            for first in range(0, len(commands), 60):  # a stopped worker is replaced after some seconds
                through += [(c, answer) for c in commands[first:first + 60]
                            if not isinstance(answer := store.ask(c), bytes) or not answer.startswith(REFUSALS)]
        assert not through, through
        print(f"  {len(commands)} commands, each refused")
        node.wait(lambda: len(node.children("worker")) == 1, 20, "the worker is replaced")
        node.wait(lambda: node.request("POST", "/sessions", {"user_id": "u"}, "brand-a")[0] == 201, 20, "serves")
        assert node.validate(made["access_token"])[0] == 200


if __name__ == "__main__":
    signal.alarm(120)
    kit.need_root()
    sys.exit(harness.main([test_workers_user_is_narrow]))
