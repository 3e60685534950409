#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names are looked up within the tables of master and fetcher, whatever a name server answers: a network
and an /etc/resolv.conf of our own, a server on port 53 that truncates (so that TCP is asked), gives many addresses, lies,
fails. Nobody ends of it; who can be reached is reached."""
import ctypes
import os
import signal
import socket
import struct
import sys
import threading

import fault_kit
import fresh_link
import full_disk
import harness
import oidc_kit

libc = ctypes.CDLL(None, use_errno=True)
MS_BIND, TCP, TRUNCATED, A, AAAA = 4096, True, 0x0200, 1, 28
BAD = ("none", "servfail", "refused", "garbage", "cut", "loop", "empty")


def record(kind, address):
    return struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(address)) + address


def answer(query, over_tcp):
    """What the server says to one question; its first label is the case."""
    end = query.index(b"\0", 12) + 5
    case, (kind,) = query[13:13 + query[12]].decode(), struct.unpack("!H", query[end - 4:end - 2])
    records, flags = [], 0x8180
    local = record(A, bytes((127, 0, 0, 1))) if kind == A else b""
    if case in ("one", "many", "truncated") and local:
        records = [local]
    if case == "many":
        records += [record(kind, os.urandom(2) + bytes(1 if kind == A else 13) + b"\1") for _ in range(0 if kind == A else 20)]
    if case == "truncated" and not over_tcp:
        flags, records = flags | TRUNCATED, []
    if case == "crowd" and not over_tcp:
        flags = flags | TRUNCATED
    elif case == "crowd" and kind == A:
        records = [local] + [record(A, bytes((127, 0, i // 200 + 1, i % 200 + 1))) for i in range(400)]
    flags |= {"none": 3, "servfail": 2, "refused": 5}.get(case, 0)
    if case == "garbage":
        return query[:2] + os.urandom(200)
    if case == "cut":
        records = [local[:7] or b"\xc0"]
    if case == "loop":
        records = [struct.pack("!HHHIH", 0xC000 | end, kind, 1, 60, 2) + struct.pack("!H", 0xC000 | end)]
    return query[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + query[12:end] + b"".join(records)


class NameServer:
    def __init__(self):
        self.udp, self.tcp, self.asked = socket.socket(type=socket.SOCK_DGRAM), socket.socket(), set()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for s in (self.udp, self.tcp):
            s.bind(("127.0.0.1", 53))
        self.tcp.listen(16)
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def serve_udp(self):
        while True:
            query, peer = self.udp.recvfrom(4096)
            self.udp.sendto(answer(query, False), peer)

    def serve_tcp(self):
        while True:
            with self.tcp.accept()[0] as s, s.makefile("rb") as f:
                while len(head := f.read(2)) == 2:
                    query = f.read(struct.unpack("!H", head)[0])
                    self.asked.add(query[13:13 + query[12]].decode())
                    said = answer(query, TCP)
                    s.sendall(struct.pack("!H", len(said)) + said)


def own_resolver(folder):
    path = os.path.join(folder, "resolv.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    os.chmod(path, 0o644)
    if libc.mount(path.encode(), b"/etc/resolv.conf", None, MS_BIND, None) != 0:
        harness.skip("nothing can be mounted on /etc/resolv.conf here")
    return NameServer()


def nobody_died(node):
    assert not [r for r in node.logs("child-ended") if "SIG" in r["text"]], node.logs("child-ended")
    assert not [r for r in node.logs("master-ended") if r["signal"]], node.logs("master-ended")


def test_fetcher():
    key = oidc_kit.Key("one", oidc_kit.FOLDER.name, "ES256")
    issuer = oidc_kit.Issuer(CA, key)
    with harness.Node(workers=1, start=False) as node:
        with open(CA[0], encoding="ascii") as f:
            node.write("ca.pem", f.read())

        def fetch(case, event):
            url = f"https://{case}.issuer.test:{issuer.port}/"
            node.write("tenants.d/brand-a.yaml", node.tenant_text("brand-a") + oidc_kit.client(
                "batch", ["sessions:list"], f'jwks_url: "{url}", ca_file: ca.pem'))
            if node.proc is None:
                node.start()
            assert not node.reload()[0]
            node.wait(lambda: [r for r in node.logs(event) if r["url"] == url], 15, f"{case}: {event}")
            nobody_died(node)
        for case in ("one", "many", "truncated", "crowd"):
            fetch(case, "issuer-keys")
        for case in BAD:
            fetch(case, "issuer-keys-failed")
        assert "truncated" in DNS.asked, "asked again over TCP"


def test_master():
    redis = fault_kit.Redis(oidc_kit.FOLDER.name).start()
    try:
        with harness.Node(workers=1, start=False) as node:
            for case in ("one", "many", "truncated", "crowd", *BAD):
                node.write("sessiond.yaml", node.server_text + f"store: {{ mode: redis, url: \"redis://{case}.store.test:{redis.port}\" }}\n")
                node.start(wait=case not in BAD)
                if case in BAD:
                    assert node.proc.wait(30) == 71 and f"{case}.store.test" in node.log_tail(), (case, node.log_tail())
                else:
                    node.create()
                    node.proc.send_signal(signal.SIGQUIT)
                    node.proc.wait(10)
                nobody_died(node)
    finally:
        redis.proc.kill()
        redis.proc.wait()


if __name__ == "__main__":
    full_disk.own_mounts()
    try:
        fresh_link.new_network()
    except OSError:
        harness.skip("no network namespace of our own here")
    DNS, CA = own_resolver(oidc_kit.FOLDER.name), oidc_kit.certificates("one", "DNS:*.issuer.test")
    FETCHER = os.path.exists(os.path.join(harness.BUILD, "sessiond-fetcher"))
    sys.exit(harness.main([*([test_fetcher] if FETCHER else []), test_master]))
