# SPDX-License-Identifier: MIT
"""A sessiond of one's own for integration tests: temporary configuration with a managed store,
keys, free ports, decimal uids when run as root; start, wait for the ready line, talk to it, end it.

    with harness.Node() as node:            # started and serving
        status, headers, body = node.request("GET", "/health")
        node.kill("worker"); node.wait(lambda: ...)

Only processes that a node started itself are ever signalled. builddir (environment) holds the
programs. Exit 77 means "cannot be tested here"."""
import base64
import contextlib
import fcntl
import hashlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("builddir") or TOP)
UIDS = {"master": 61001, "signer": 61002, "worker": 61003, "auditor": 61004}
PROGRAMS = ("sessiond", "sessiond-master", "sessiond-signer", "sessiond-worker", "sessiond-auditor")
READY_S = 30.0  # generous: sanitizers and loaded machines
CTL = struct.Struct("=6I")  # ctl_answer: magic, version, failed, more, kind, n
CTL_MAGIC, CTL_VERSION = 0x53444354, 1
CTL_STATUS, CTL_RELOAD, CTL_MEMORY, CTL_METRICS = 1, 2, 3, 4


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def need_programs():
    for p in PROGRAMS:
        if not os.path.exists(os.path.join(BUILD, p)):
            skip(p + " is not built")
    if not any(os.path.exists(os.path.join(d, "redis-server"))
               for d in ("/usr/bin", "/usr/local/bin", *os.get_exec_path())):
        skip("no redis-server")


# The store's fsync belongs to the machine's disk, which is not what these tests are about.
FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None
_turn = []
_ports = itertools.count(random.randrange(4000))


def take_turn():
    """A place among as many services at once as the machine has cores, whatever `make -j` says; until
    this process ends."""
    places = os.cpu_count() or 1
    while not _turn:
        for n in range(places):
            f = open(os.path.join(BUILD, "integration.lock.%d" % n), "w", encoding="ascii")
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _turn.append(f)
                return
            f.close()
        time.sleep(0.1)


def free_port():
    """Below the ports from which connections are made; each place has its own, none is given twice.
    SESSIOND_PLACE: the first place of a run beside another one."""
    take_turn()
    lane = (int(_turn[0].name.rsplit(".", 1)[1]) + int(os.environ.get("SESSIOND_PLACE", "0"))) % 5
    while True:
        port = 12000 + 4000 * lane + next(_ports) % 4000
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_api_key():
    """-> (the key, its hash line for key_hashes)"""
    key = "sdk_" + b64url(os.urandom(32))
    return key, "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def process_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def wait_for(what, timeout=10.0, step=0.02, why=""):
    """Polls until what() is true; its value. AssertionError after timeout. Nobody at the other end, or
    one that went away, is "not yet"."""
    end = time.monotonic() + timeout
    while True:
        trouble = ""
        try:
            value = what()
            if value:
                return value
        except (OSError, http.client.HTTPException) as e:
            trouble = " (%r)" % e
        if time.monotonic() > end:
            raise AssertionError("not within %.1f s: %s%s" % (timeout, why or what, trouble))
        time.sleep(step)


class Keys:
    """Signing keys and the master secret as files, through sessionctl when it is built."""

    @staticmethod
    def secret(path):
        with open(path, "wb") as f:
            f.write(os.urandom(32))
        os.chmod(path, 0o600)

    @staticmethod
    def new(keys_dir, tenant, at=None, publish=None, retire=None):
        """An RS256 key, active since `at` (default: an hour ago). -> kid"""
        at = int(time.time()) - 3600 if at is None else at
        publish = min(at, int(time.time())) - 1 if publish is None else publish
        folder = os.path.join(keys_dir, tenant)
        os.makedirs(folder, exist_ok=True)
        pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                             check=True, capture_output=True, timeout=60).stdout
        modulus = subprocess.run(["openssl", "rsa", "-noout", "-modulus"], input=pem, check=True,
                                 capture_output=True, timeout=60).stdout.decode().split("=")[1].strip()
        n = b64url(bytes.fromhex(modulus))
        thumb = json.dumps({"e": "AQAB", "kty": "RSA", "n": n}, separators=(",", ":"), sort_keys=True)
        kid = b64url(hashlib.sha256(thumb.encode()).digest())
        sidecar = {"kid": kid, "tenant": tenant, "algorithm": "RS256", "publish_at": publish,
                   "activate_at": at, "retire_at": retire, "remove_at": None,
                   "jwk": {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": "AQAB"}}
        private = os.path.join(folder, kid + ".pem")
        with open(private, "wb") as f:
            f.write(pem)
        os.chmod(private, 0o600)
        with open(os.path.join(folder, kid + ".json"), "w", encoding="ascii") as f:
            json.dump(sidecar, f)
        return kid


class Node:
    """One sessiond. Options: workers, tenants (names), server (lines appended to sessiond.yaml),
    tenant_lines (appended to each tenant file), env, start=False to start later, uid=None (as
    root: a decimal uid per role; an int runs the launcher itself unprivileged as that uid)."""

    programs = BUILD  # the folder they are started from

    def __init__(self, workers=2, tenants=("brand-a",), server="", tenant_lines="", env=None, start=True,
                 uid=None):
        need_programs()
        take_turn()
        self.base = tempfile.mkdtemp(prefix="sessiond-test-", dir=FOLDER)  # 0700: parents need not be passable
        self.dir = os.path.join(self.base, "conf")
        self.config = os.path.join(self.dir, "sessiond.yaml")
        self.log_path = os.path.join(self.base, "log")
        self.env, self.uid, self.workers = env or {}, uid, workers
        self.proc, self.ready_line, self.stdout, self.log_to = None, None, [], None
        self.port, self.admin_port = free_port(), free_port()
        self.api_keys = {}
        self.listen_fds = ()
        self.popen = {}  # further arguments of Popen
        self._write(tenants, server, tenant_lines)
        if start:
            self.start()

    # --- configuration ---

    @property
    def own_users(self):
        return os.geteuid() == 0 and self.uid is None

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def _own(self, path, role):
        if self.own_users:
            os.chown(path, UIDS[role], UIDS[role])
        elif self.uid is not None:
            os.chown(path, self.uid, self.uid)

    def _write(self, tenants, server, tenant_lines):
        for folder in ("", "tenants.d", "keys", "state"):
            os.mkdir(self.path(folder))
        os.chmod(self.dir, 0o755)
        self._own(self.path("state"), "master")
        Keys.secret(self.path("master.key"))
        self._own(self.path("master.key"), "signer")
        users = "".join(f"{r}: \"{u}\", " for r, u in UIDS.items()).rstrip(", ")
        self.server_text = (
            f"listen:\n"
            f"  - {{ address: \"127.0.0.1:{self.port}\", role: api }}\n"
            f"  - {{ address: \"127.0.0.1:{self.admin_port}\", role: admin }}\n"
            f"workers: {self.workers}\n"
            f"audit: {{ file: state/audit.log }}\n" + (f"users: {{ {users} }}\n" if self.own_users else "") + server)
        self.write("sessiond.yaml", self.server_text)
        for tenant in tenants:
            self.add_tenant(tenant, tenant_lines)

    def write(self, name, text):
        """Replaces a file of the configuration in one step."""
        with open(self.path(name + ".new"), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name + ".new"), 0o644)
        self._own_config(self.path(name + ".new"))
        os.rename(self.path(name + ".new"), self.path(name))

    def _own_config(self, path):
        if self.uid is not None and os.geteuid() == 0:
            os.chown(path, self.uid, self.uid)

    def add_key(self, tenant, **times):
        kid = Keys.new(self.path("keys"), tenant, **times)
        for root, _, names in os.walk(self.path("keys")):
            os.chmod(root, 0o755)
            for name in names:
                if name.endswith(".pem"):
                    self._own(os.path.join(root, name), "signer")
                else:
                    self._own_config(os.path.join(root, name))
        return kid

    def add_tenant(self, tenant, lines=""):
        key, line = new_api_key()
        self.api_keys[tenant] = key
        self.add_key(tenant)
        self.write(f"tenants.d/{tenant}.yaml", self.tenant_text(tenant, line, lines))

    def tenant_text(self, tenant, hash_line=None, lines=""):
        if hash_line is None:
            hash_line = "sha256:" + hashlib.sha256(self.api_keys[tenant].encode()).hexdigest()
        return (f"tenant: {tenant}\nissuer: https://id.{tenant}.example\n"
                f"clients:\n  - id: web-backend\n    key_hashes: [ \"{hash_line}\" ]\n"
                f"    permissions: [sessions:create, sessions:read, sessions:update, sessions:delete, "
                f"sessions:list, sessions:validate, sessions:refresh, sessions:revoke]\n" + lines)

    # --- life ---

    def start(self, wait=True):
        env = {"PATH": os.environ.get("PATH", ""), **self.env}
        options = dict(self.popen)
        if self.uid is not None:
            options.update(user=self.uid, group=self.uid, extra_groups=[])
        command = [os.path.join(self.programs, "sessiond"), "-c", self.config]
        if self.listen_fds:  # as a service manager passes them: from 3 on, LISTEN_PID is the launcher's
            command = ["/bin/sh", "-c", "LISTEN_PID=$$ exec \"$@\"", "sh", *command]
            options["pass_fds"] = self.listen_fds
        with open(self.log_path, "ab") as log:
            self.proc = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdout=subprocess.PIPE, stderr=log if self.log_to is None else self.log_to,
                stdin=subprocess.DEVNULL, env=env, **options)
        self.ready_line, self.stdout = None, []
        threading.Thread(target=self._read_stdout, args=(self.proc,), daemon=True).start()
        if wait:
            self.wait_ready()
        return self

    def _read_stdout(self, proc):
        for raw in proc.stdout:
            self.stdout.append(raw.decode().rstrip("\n"))

    def wait_ready(self, timeout=READY_S, lines=1):
        def ready():
            if self.proc.poll() is not None:
                raise AssertionError("sessiond ended with %s:\n%s" % (self.proc.returncode, self.log_tail()))
            return len(self.stdout) >= lines
        try:
            wait_for(ready, timeout, why="ready line")
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log_tail())) from None
        self.ready_line = self.stdout[lines - 1]
        assert self.ready_line.startswith("ready: listening on "), self.ready_line

    def send(self, number):
        self.proc.send_signal(number)

    def stop(self, timeout=30.0):
        """SIGTERM; the exit code."""
        if self.proc is None:
            return None
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            return self.proc.wait(timeout)
        except subprocess.TimeoutExpired:
            self._kill_all()
            raise AssertionError("did not stop:\n" + self.log_tail()) from None

    def _kill_all(self):
        """Our own process and its children; they die with it (PR_SET_PDEATHSIG) anyway."""
        mine = children_of(self.proc.pid)
        with contextlib.suppress(ProcessLookupError):
            self.proc.kill()
        self.proc.wait(10)
        wait_for(lambda: not any(process_alive(p) for p in mine), 10, why="children gone")

    def close(self, keep=False):
        if self.proc is not None and self.proc.poll() is None:
            self._kill_all()
        if keep or os.environ.get("SESSIOND_TEST_KEEP"):
            print("kept:", self.base)
        else:
            shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(self.log_tail(), file=sys.stderr)
        self.close()

    # --- looking at it ---

    def log_tail(self, lines=60):
        with contextlib.suppress(FileNotFoundError), open(self.log_path, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])
        return "(never started)"

    def logs(self, event=None):
        """Log lines as dictionaries (only the given event); others are dropped."""
        out = []
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            for line in f:
                with contextlib.suppress(ValueError):
                    row = json.loads(line)
                    if isinstance(row, dict) and (event is None or row.get("event") == event):
                        out.append(row)
        return out

    def audit(self):
        with open(self.path("state", "audit.log"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def control(self, op, timeout=20.0):
        """-> (failed, text) of a request to the control socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(timeout)
            here = os.open(self.path("state"), os.O_PATH)
            try:  # the path may be longer than an address
                s.connect(f"/proc/self/fd/{here}/control.sock")
            finally:
                os.close(here)
            s.send(struct.pack("=4I", CTL_MAGIC, CTL_VERSION, op, 0))
            text = b""
            while True:
                packet = s.recv(65536)
                if len(packet) < CTL.size:
                    raise ConnectionError("control socket closed")
                magic, version, failed, more, _, n = CTL.unpack_from(packet)
                assert magic == CTL_MAGIC and version == CTL_VERSION and n == len(packet) - CTL.size
                text += packet[CTL.size:]
                if not more:
                    return bool(failed), text.decode()

    def status(self):
        failed, text = self.control(CTL_STATUS)
        assert not failed, text
        return json.loads(text)

    def reload(self):
        return self.control(CTL_RELOAD)

    def metrics(self):
        failed, text = self.control(CTL_METRICS)
        assert not failed
        return text

    def children(self, role=None, state="ready"):
        with contextlib.suppress(OSError, ConnectionError):
            return [c for c in self.status()["children"]
                    if (role is None or c["role"] == role) and (state is None or c["state"] == state)]
        return []

    def pids(self, role=None):
        """All processes of this node by role: {pid: role}; from the kernel, not from the master."""
        out = {}
        for pid in children_of(self.proc.pid):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    name = f.read().split(b"\0")[0].decode().rpartition("/")[2]
                name = "redis" if name.startswith("redis-server") else name.replace("sessiond-", "")
                if role in (None, name):
                    out[pid] = name
        return out

    def kill(self, role, number=signal.SIGKILL):
        """Signals one process of the role; its pid."""
        pid = sorted(self.pids(role))[0]
        os.kill(pid, number)
        return pid

    def wait(self, what, timeout=10.0, why=""):
        try:
            return wait_for(what, timeout, why=why)
        except AssertionError as e:
            raise AssertionError("%s\n%s" % (e, self.log_tail())) from None

    # --- talking to it ---

    def request(self, method, path, body=None, tenant=None, headers=None, port=None, timeout=10.0):
        """-> (status, headers, body text or parsed JSON). tenant: authenticates as its client."""
        c = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        headers = dict(headers or {})
        if tenant:
            headers.setdefault("Authorization", "Bearer " + self.api_keys[tenant])
            headers.setdefault("X-Tenant-ID", tenant)
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            c.request(method, path, body, headers)
            r = c.getresponse()
            text = r.read().decode()
            if text and (r.getheader("Content-Type") or "").split(";")[0].endswith(("/json", "+json")):
                text = json.loads(text)
            return r.status, r.headers, text
        finally:
            c.close()

    def serves(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/readyz", timeout=2)[0] == 200
        return False

    def create(self, user="alice", tenant="brand-a", **more):
        status, _, body = self.request("POST", "/sessions", {"user_id": user, **more}, tenant)
        assert status == 201, (status, body)
        return body

    def validate(self, token, tenant="brand-a"):
        """-> (status, body)"""
        status, _, body = self.request("POST", "/sessions/validate", {"access_token": token}, tenant)
        return status, body


def main(tests, *given):
    """Runs functions in order, each with what is given; prints one line each; exit 0 or 1."""
    only, failed = sys.argv[1:], 0
    for test in tests:
        if only and test.__name__ not in only:
            continue
        began = time.monotonic()
        try:
            test(*given)
            word = "ok"
        except Exception as e:  # pylint: disable=broad-except
            word, failed = "FAILED: %r" % e, failed + 1
            traceback.print_exc()
        print("%-45s %5.1f s  %s" % (test.__name__, time.monotonic() - began, word), flush=True)
    sys.exit(1 if failed else 0)
