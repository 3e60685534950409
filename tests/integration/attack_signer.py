# SPDX-License-Identifier: MIT
"""A worker that is no longer ours, as the signer sees it: takes the signer's socket out of a live worker
(pidfd_getfd, as root) and asks in shm/sign_msg.h's words. The worker is stopped meanwhile."""
import ctypes
import hashlib
import os
import signal
import socket
import struct
import time

import attack_kit as kit
from attack_kit import NR

ACCESS_TOKEN, TENANT_KEYS = 1, 2
REFUSED, BUSY, NO_KEY, FAILED, DONE = range(5)
SO_SNDBUFFORCE = 32


def steal(pid, fd):
    """A copy of another process's descriptor."""
    pidfd = kit.libc.syscall(NR["pidfd_open"], pid, 0)
    copy = kit.libc.syscall(NR["pidfd_getfd"], pidfd, fd, 0)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    os.close(pidfd)
    return copy


def inodes(pid):
    """{inode: fd} of its sockets"""
    return {int(name[8:-1]): fd for fd, (name, _) in kit.descriptors(pid).items() if name.startswith("socket:")}


class Intruder:
    """with Intruder(node) as i: status, text = i.ask(tenant=0, sub="u1")"""

    def __init__(self, node, tenant="brand-a", generation=1):
        self.node, self.tenant, self.generation, self.id = node, tenant, generation, 0x70000000
        node.wait(lambda: len(node.children("worker")) == node.workers and len(node.children("signer")) == 1, 20,
                  "all workers there")
        self.pid = sorted(node.pids("worker"))[0]
        signer = inodes(next(iter(node.pids("signer"))))
        # both ends of a pair are made at once: neighbouring inodes, the signer's first
        mine = [fd for inode, fd in inodes(self.pid).items() if inode - 1 in signer]
        assert len(mine) == 1, mine
        self.sock = socket.socket(fileno=steal(self.pid, mine[0]))

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)
        return self

    def __exit__(self, *what):
        self.sock.close()
        os.kill(self.pid, signal.SIGKILL)  # it is no longer one of ours
        self.node.wait(lambda: self.pid not in self.node.pids("worker"), 10, "the worker's end")

    def packet(self, op=ACCESS_TOKEN, tenant=0, count=0, ttl=60, iat=0, sub="u1", client="web-backend", aud=(),
               generation=None, scope="", amr="", ext="", device="", sid0=None, auth=0, name=None):
        now = int(time.time()) + iat
        first = hashlib.sha256((name or self.tenant).encode() + b"\0" + sub.encode()).digest()[0]
        sid = bytes([first if sid0 is None else sid0]) + bytes(15)
        self.id += 1
        out = struct.pack("<HHIIQII3q", 3, 1, self.id, op, self.generation if generation is None else generation,
                          tenant, count, now, now + ttl, auth) + sid
        for text in (sub, client, device, scope, "", amr, ext):
            out += struct.pack("<H", len(text.encode())) + text.encode()
        out += struct.pack("<II", 0, len(aud))
        return out + b"".join(struct.pack("<H", len(a)) + a.encode() for a in aud)

    def hear(self, timeout=5.0):
        """-> (id, status, payload)"""
        while True:
            self.sock.settimeout(timeout)
            got = self.sock.recv(16384)
            if not got:
                raise ConnectionError("the signer closed")
            _, kind, number, _, status, _, _, n = struct.unpack_from("<HHIIIIIH", got)
            assert kind == 2 and len(got) == 26 + n
            if number >= 0x70000000:  # not an answer to what the worker had asked before
                return number, status, got[26:]

    def ask(self, **claims):
        self.sock.sendall(self.packet(**claims))
        number, status, payload = self.hear()
        assert number == self.id
        return status, payload.decode("latin-1")
