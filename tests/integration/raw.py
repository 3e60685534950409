# SPDX-License-Identifier: MIT
"""A bare HTTP client for load: one socket, no library between a test and the bytes."""
import json
import socket


def call(port, key, path, body=None, method="POST", sock=None, timeout=15.0):
    """One request over a fresh connection (or over sock, kept alive). -> (status, parsed body).
    Raises OSError when the connection breaks before a whole answer."""
    data = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    if body is not None:
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    if sock is None:
        head += "Connection: close\r\n"
    s = sock or socket.create_connection(("127.0.0.1", port), timeout=timeout)
    try:
        s.sendall(head.encode() + b"\r\n" + data)
        return answer(s)
    finally:
        if sock is None:
            s.close()


def answer(s):
    """Reads one response of a known length. -> (status, parsed body or text)."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(65536)
        if not more:
            raise ConnectionError("closed before an answer")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    want = int(fields.get("content-length", "0"))
    while len(body) < want:
        more = s.recv(65536)
        if not more:
            raise ConnectionError("closed inside an answer")
        body += more
    text = body[:want].decode()
    if "json" in fields.get("content-type", ""):
        text = json.loads(text)
    return int(lines[0].split()[1]), text


def metric(text, name, **labels):
    """Sum of a metric's samples that have these labels."""
    total = 0.0
    for line in text.splitlines():
        if line.startswith(name + "{") or line.startswith(name + " "):
            if all(f'{k}="{v}"' in line for k, v in labels.items()):
                total += float(line.rsplit(" ", 1)[1])
    return total
