# SPDX-License-Identifier: MIT
"""What the edge tests share: sockets that send and receive at once, answers cut from a stream, the
table of malformed requests read from its C source, keys and signatures through the openssl program."""
import base64
import hashlib
import json
import os
import re
import select
import socket
import subprocess
import tempfile
import time

import harness

CASES = os.path.join(harness.TOP, "tests", "support", "http_cases.def")
ROUTES = os.path.join(harness.TOP, "worker", "route.def")
FREE = "limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 100000 }\n"
ESCAPES = {"r": 13, "n": 10, "t": 9, "f": 12, "v": 11, "a": 7, "b": 8, '"': 34, "\\": 92, "'": 39}
MACROS = {"G": "GET / HTTP/1.1\r\n", "P": "POST / HTTP/1.1\r\n", "H": "Host: a\r\n"}
MACROS["C2"] = MACROS["P"] + MACROS["H"] + "Transfer-Encoding: chunked\r\n"
MACROS["C"] = MACROS["C2"] + "\r\n"


def c_bytes(text):
    """The bytes of adjacent C string literals and the macros of http_cases.def."""
    out = b""
    for m in re.finditer(r'"((?:[^"\\]|\\.)*)"|(\w+)', text):
        if m[2]:
            out += MACROS[m[2]].encode()
            continue
        for e in re.finditer(r'\\x([0-9a-fA-F]+)|\\([0-7]{1,3})|\\(.)|(.)', m[1]):
            out += bytes([int(e[1], 16) if e[1] else int(e[2], 8) if e[2] else ESCAPES[e[3]] if e[3] else ord(e[4])])
    return out


def cases():
    """[(name, "OK" | "MORE" | status, bytes)] of http_cases.def."""
    with open(CASES, encoding="ascii") as f:
        rows = re.findall(r'^CASE\("(\w+)", (\w+), (.*)\)$', f.read(), re.M)
    assert len(rows) > 200, "the table was not understood"
    return [(name, want if want in ("OK", "MORE") else int(want), c_bytes(text)) for name, want, text in rows]


def routes():
    """[(id, method, pattern, scope, has a body)] of route.def."""
    with open(ROUTES, encoding="ascii") as f:
        rows = re.findall(r'^ROUTE\((\w+), "[^"]*", HTTP_(\w+), "([^"]*)", (\w+), .*?\b(BODY_\w+)', f.read(), re.M)
    return [(*row[:4], row[4] != "BODY_NONE") for row in rows]


def run(node, tests):
    """The tests of one node; then no process has died and no error was logged."""
    def ours():  # a reload replaces the signer, and the store may be the test's to kill
        return {pid: role for pid, role in node.pids().items() if role in ("master", "worker", "auditor")}
    before = ours()
    try:
        harness.main(tests)
    except SystemExit as e:
        if e.code:
            raise
    assert ours() == before, node.log_tail()
    assert not [r for r in node.logs() if r["level"] == "error"], node.log_tail()


class Answer:
    def __init__(self, raw_head, body):
        lines = raw_head.decode("latin-1").split("\r\n")
        self.line, self.status, self.body = lines[0], int(lines[0].split()[1]), body
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        self.names = [name for name, _ in self.fields]

    def get(self, name):
        found = [v for n, v in self.fields if n.lower() == name.lower()]
        assert len(found) < 2, (name, found)
        return found[0] if found else None

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%s %r" % (self.line, self.body[:200])


def answers(stream, head=()):
    """The answers in a stream, which must hold whole ones only. head: the indexes of answers to HEAD."""
    out = []
    while stream:
        raw_head, mark, stream = stream.partition(b"\r\n\r\n")
        assert mark and raw_head.startswith(b"HTTP/1.1 "), (out, raw_head, stream)
        a = Answer(raw_head, b"")
        n = 0 if a.status in (100, 204, 304) or len(out) in head else int(a.get("Content-Length"))
        assert len(stream) >= n, (a, len(stream), n)
        a.body, stream = stream[:n], stream[n:]
        out.append(a)
    return out


def connect(port, timeout=10.0):
    s = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def to_the_end(s, data=b"", half_close=False, timeout=10.0):
    """Sends data while reading, until the server closes; what it sent. A reset fails."""
    got, end = b"", time.monotonic() + timeout
    s.setblocking(False)
    shut = not half_close
    while True:
        left = end - time.monotonic()
        assert left > 0, ("the connection stays open", got[-300:])
        if not data and not shut:
            s.shutdown(socket.SHUT_WR)
            shut = True
        readable, writable, _ = select.select([s], [s] if data else [], [], left)
        if writable:
            try:
                data = data[s.send(data[:65536]):]
            except (BrokenPipeError, ConnectionResetError):
                data = b""
        if readable:
            more = s.recv(65536)
            if not more:
                return got
            got += more


def talk(port, data, half_close=False, head=(), timeout=10.0):
    """One connection: sends data, reads until the server closes. -> [Answer]"""
    with connect(port) as s:
        return answers(to_the_end(s, data, half_close, timeout), head)


def request(method, path, body=None, host="a", **fields):
    """The bytes of a request; field names with _ for -."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in fields.items()]
    if body is not None:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines += [f"Content-Length: {len(body)}"]
        if "Content_Type" not in fields:
            lines += ["Content-Type: application/json"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


b64 = harness.b64url


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True, timeout=60).stdout


def sign(pem, data, es256=False):
    """RS256, or ES256 as r||s."""
    sig = openssl("dgst", "-sha256", "-sign", pem, data=data)
    return der_to_pair(sig) if es256 else sig


def der_to_pair(der):
    out, at = b"", 2
    for _ in range(2):
        n = der[at + 1]
        out += der[at + 2:at + 2 + n].lstrip(b"\0").rjust(32, b"\0")
        at += 2 + n
    return out


def private_key(node, tenant):
    """-> (path of the tenant's first private key, its sidecar)"""
    folder = node.path("keys", tenant)
    name = sorted(n for n in os.listdir(folder) if n.endswith(".pem"))[0]
    with open(os.path.join(folder, name[:-4] + ".json"), encoding="ascii") as f:
        return os.path.join(folder, name), json.load(f)


def replace_by_es256(node, tenant):
    """The tenant's only key becomes an ES256 one (before the start). -> path of the private key"""
    old, side = private_key(node, tenant)
    with tempfile.NamedTemporaryFile() as f:
        f.write(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        f.flush()
        pem = openssl("pkey", "-in", f.name)
        point = openssl("pkey", "-in", f.name, "-pubout", "-outform", "DER")[-64:]
    x, y = b64(point[:32]), b64(point[32:])
    thumb = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    kid = b64(hashlib.sha256(thumb.encode()).digest())
    side.update(kid=kid, algorithm="ES256", jwk={"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
                                                 "kid": kid, "x": x, "y": y})
    folder = os.path.dirname(old)
    private = os.path.join(folder, kid + ".pem")
    owner = os.stat(old)
    with open(private, "wb") as f:
        f.write(pem)
    os.chmod(private, 0o600)
    if os.geteuid() == 0:
        os.chown(private, owner.st_uid, owner.st_gid)
    with open(os.path.join(folder, kid + ".json"), "w", encoding="ascii") as f:
        json.dump(side, f)
    os.unlink(old)
    os.unlink(old[:-4] + ".json")
    return private
