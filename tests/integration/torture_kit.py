# SPDX-License-Identifier: MIT
"""A node whose programs can be tortured: the shipped ones, started through tests/torture/stand_in, so
that the n-th allocation or I/O call of a role fails when the test says so (tests/torture/torture.h).

    with Tortured(workers=1) as node:
        page = node.page["worker"]
        page.arm(MEMORY, 7)
        ... a request ...
        page.disarm(); place(page.where())
"""
import contextlib
import functools
import mmap
import os
import shutil
import socket
import struct
import subprocess
import tempfile

import harness

MEMORY, IO = 1, 2
MAGIC, SIZE = 0x54525453, 4096
WHAT, ERROR, FAIL_AT, FAIL_FOR, CALLS, FIRED, LIVE, FD, CALL, TRACE = 8, 12, 16, 24, 32, 40, 48, 56, 60, 80
ROLES = ("master", "signer", "worker", "auditor")


class Page:
    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(struct.pack("=I", MAGIC) + bytes(SIZE - 4))
        os.chmod(path, 0o666)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), SIZE)

    def _put(self, at, form, value):
        struct.pack_into("=" + form, self.map, at, value)

    def _get(self, at, form):
        return struct.unpack_from("=" + form, self.map, at)[0]

    def _text(self, at, n):
        return bytes(self.map[at:at + n]).split(b"\0")[0].decode()

    def arm(self, what, fail_at, fail_for=1, error=0):
        self.disarm()
        for at, form, value in ((ERROR, "I", error), (FAIL_AT, "Q", fail_at), (FAIL_FOR, "Q", fail_for),
                                (CALLS, "Q", 0), (FIRED, "Q", 0), (TRACE, "B", 0), (WHAT, "I", what)):
            self._put(at, form, value)

    def disarm(self):
        self._put(WHAT, "I", 0)

    pid = property(lambda self: self._get(4, "I"))
    calls = property(lambda self: self._get(CALLS, "Q"))
    fired = property(lambda self: self._get(FIRED, "Q"))
    live = property(lambda self: self._get(LIVE, "q"))
    fd = property(lambda self: self._get(FD, "i"))
    call = property(lambda self: self._text(CALL, 20))

    def where(self):
        """Where the call failed, as place() understands it; cheap."""
        return self.call + (f"({self.fd})" if self.fd >= 0 else ""), self._text(TRACE, 3000)


@functools.lru_cache(maxsize=None)
def place(where, depth=14):
    """ "malloc < f < g", innermost first; needs addr2line."""
    call, trace = where
    frames = [tuple(line.rsplit("+", 1)) for line in trace.splitlines()]
    found = {}
    for path in {f[0] for f in frames}:
        offsets = [f[1] for f in frames if f[0] == path]
        try:
            out = subprocess.run(["addr2line", "-sfe", path, *offsets], capture_output=True, text=True,
                                 timeout=60, check=True).stdout.splitlines()
        except (OSError, subprocess.SubprocessError):
            continue
        found.update(((path, o), out[2 * i]) for i, o in enumerate(offsets) if 2 * i < len(out) and out[2 * i] != "??")
    return " < ".join([call] + [found.get(f, os.path.basename(f[0])) for f in frames][:depth])


class Tortured(harness.Node):
    def __init__(self, roles=ROLES, **options):
        self.folder = tempfile.mkdtemp(prefix="sessiond-torture-")
        os.chmod(self.folder, 0o755)  # the roles' users pass it
        os.mkdir(os.path.join(self.folder, "real"), 0o755)
        tools = os.path.join(harness.BUILD, "tests", "torture")
        if not os.path.exists(os.path.join(tools, "failing_calls.so")):
            harness.skip("tests/torture/failing_calls.so is not built")
        shutil.copy(os.path.join(tools, "failing_calls.so"), self.folder)
        self.page = {}
        for role in roles:
            name = "sessiond-" + role
            shutil.copy(os.path.join(harness.BUILD, name), os.path.join(self.folder, "real"))
            shutil.copy(os.path.join(tools, "stand_in"), os.path.join(self.folder, name))
            self.page[role] = Page(os.path.join(self.folder, name + ".page"))
        for name in harness.PROGRAMS:
            if not os.path.exists(os.path.join(self.folder, name)):
                shutil.copy(os.path.join(harness.BUILD, name), self.folder)
        self.programs = self.folder
        super().__init__(**options)

    def left(self):
        """Processes of this service's programs."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe").startswith(self.folder):
                    found.append(int(pid))
        return found

    def close(self, keep=False):
        super().close(keep)
        try:
            harness.wait_for(lambda: not self.left(), 10, why="nothing that was started is left, whatever failed in it")
        finally:
            for pid in self.left():
                os.kill(pid, 9)
            shutil.rmtree(self.folder, ignore_errors=True)

    def descriptors(self, role):
        """How many a role's process holds; None when it is gone."""
        try:
            return len(os.listdir(f"/proc/{self.page[role].pid}/fd"))
        except OSError:
            return None


class Answer:
    """Of one request over a connection of its own."""

    def __init__(self, port, method, path, body=None, headers=None, timeout=12.0):
        self.status, self.fields, self.body, self.end = None, {}, b"", "closed"
        data = body if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        got = b""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
                s.settimeout(timeout)
                s.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
                while True:
                    more = s.recv(65536)
                    if not more:
                        break
                    got += more
        except TimeoutError:
            self.end = "timeout"
        except OSError:
            pass
        head, sep, self.body = got.partition(b"\r\n\r\n")
        if not sep:
            self.cut = bool(got)
            return
        rows = head.decode("latin-1").split("\r\n")
        self.status = int(rows[0].split()[1])
        self.fields = {k.strip().lower(): v.strip() for k, _, v in (r.partition(":") for r in rows[1:])}
        self.cut = len(self.body) != int(self.fields.get("content-length", len(self.body)))

    def __str__(self):
        return f"{self.end if self.status is None else self.status} {self.body[:160].decode('utf-8', 'replace')}"
