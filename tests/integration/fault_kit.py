# SPDX-License-Identifier: MIT
"""What fault tests are made of: two nodes on one Redis (Pair), clients that create, refresh, end and
validate all the time and write down each answer (Load), the judgement at the end (Pair.judge), a
connection that goes silent without being closed (Hop), Redis servers that are exchanged (Redis, Failover).

    with fault_kit.Pair(hops=True) as pair, pair.load() as load:
        with load.during(): ...the fault...
        pair.judge(load)"""
import contextlib
import http.client
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import harness
import history
import raw
import store_faults

BOUND_S = 1.0
FREE = ("limits: { create_per_second: 100000, in_flight: 10000, validate_failures_per_minute_per_ip: 1000000 }\n"
        "revocation: { max_staleness: 1s }\n")
LOST = (OSError, http.client.HTTPException, ValueError)


def size(name, small):
    """A number of the environment; without it the small one of the suite."""
    return int(os.environ.get("SESSIOND_TEST_" + name, small))


class Redis(store_faults.Redis):
    """A server whose files can be put aside, with more lines of configuration at a start."""

    def __init__(self, folder, name="redis"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        super().__init__(os.path.join(folder, name))
        self.port = harness.free_port()

    def start(self, *lines, ready=True):
        binary = shutil.which("redis-server", path="/usr/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
        self.proc = subprocess.Popen(  # pylint: disable=consider-using-with
            [binary, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.folder)
        text = (f"port {self.port}", "bind 127.0.0.1", f"unixsocket {self.socket}", "unixsocketperm 777",
                "appendonly yes", "save \"\"", "maxmemory-policy noeviction", "enable-debug-command yes",
                "repl-diskless-sync-delay 0", "repl-ping-replica-period 1", *lines)
        self.proc.stdin.write(("\n".join(text) + "\n").encode())
        self.proc.stdin.close()
        if ready:
            harness.wait_for(lambda: self.try_command("PING") == b"+PONG\r\n", 30, why="redis answers")
        return self

    def empty(self):
        shutil.rmtree(os.path.join(self.folder, "appendonlydir"), ignore_errors=True)

    def integer(self, *words):
        return int(self.command(*words)[1:].split(b"\r\n")[0])

    def pipeline(self, commands, chunk=2000):
        """Many commands; their replies are counted, not kept."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(self.socket)
            for i in range(0, len(commands), chunk):
                part = commands[i:i + chunk]
                s.sendall("".join(f"*{len(c)}\r\n" + "".join(f"${len(w.encode())}\r\n{w}\r\n" for w in c) for c in part).encode())
                want, tail = len(part), b""
                while want > 0:  # each reply is one line, or "$n" with a line
                    got = s.recv(1 << 20)
                    assert got, "redis closed the connection"
                    lines = (tail + got).split(b"\r\n")
                    tail = lines.pop()
                    assert not any(x.startswith(b"-") for x in lines), lines[:3]
                    want -= sum(1 for x in lines if not x.startswith(b"$"))


class Hop:
    """A way to a Unix socket that can go silent: what is sent is neither delivered nor refused, as when
    packets are dropped. A process of its own: stopped, it forwards nothing and closes nothing."""

    def __init__(self, path, target):
        self.path, self.target = path, target
        self.proc = subprocess.Popen(  # pylint: disable=consider-using-with
            [sys.executable, os.path.abspath(__file__), "hop", path, target], stdin=subprocess.PIPE)
        harness.wait_for(lambda: os.path.exists(path), 10, why="the hop listens")

    def silent(self):
        self.proc.send_signal(signal.SIGSTOP)

    def again(self):
        self.proc.send_signal(signal.SIGCONT)

    def close(self):
        self.again()
        self.proc.kill()
        self.proc.wait(10)


def hop(path, target):
    """The process: forwards each connection both ways until either end closes."""
    def pump(a, b):
        with contextlib.suppress(OSError):
            while True:
                data = a.recv(65536)
                if not data:
                    break
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path + ".new")
        os.chmod(path + ".new", 0o777)
        server.listen(64)
        os.rename(path + ".new", path)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        while True:
            a = server.accept()[0]
            b = socket.socket(socket.AF_UNIX)
            try:
                b.connect(target)
            except OSError:
                a.close()
                b.close()
                continue
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=pump, args=(x, y), daemon=True).start()


def network_of(node):
    """Sockets that this thread opens inside reach the node (FarNode of fresh_link.py)."""
    return node.network() if hasattr(node, "network") else contextlib.nullcontext()


class Client:
    """One kept-alive connection to a node, made again when it breaks. No answer is status 0."""

    def __init__(self, node, tenant="brand-a"):
        self.node, self.key, self.sock = node, node.api_keys[tenant], None

    def post(self, path, body):
        try:
            if self.sock is not None and self.closed():
                self.close()
            if self.sock is None:
                with network_of(self.node):
                    self.sock = socket.create_connection(("127.0.0.1", self.node.port), timeout=10)
                self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return raw.call(self.node.port, self.key, path, body, sock=self.sock)
        except LOST:
            self.close()
            return 0, None

    def closed(self):
        """By the node, between two requests (limits.idle_timeout): nothing was asked, so nothing is lost."""
        return bool(select.select([self.sock], [], [], 0)[0])  # no answer is owed: what can be read is its end

    def close(self):
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def session(made):
    return {k: made[k] for k in ("session_id", "access_token", "refresh_token")}


class Actor:
    """One client's connections to all nodes; each answer goes into the history."""

    def __init__(self, nodes, h, tenant="brand-a"):
        self.h, self.to = h, [Client(n, tenant) for n in nodes]

    def pick(self):
        return random.choice(self.to)

    def create(self, user, at=None):
        begun = self.h.clock()
        status, made = (at or self.pick()).post("/sessions", {"user_id": user})
        if status != 201:
            return None
        self.h.create(made["session_id"], begun)
        return session(made)

    def validate(self, s, at=None):
        at = at or self.pick()
        return self.h.validate(s["session_id"], lambda: at.post("/sessions/validate", {"access_token": s["access_token"]}),
                               at.node.port)[0]

    def refresh(self, s, at=None):
        """Rotates in place. When nobody knows whether it did, the session may be lost to its client."""
        at = at or self.pick()
        status, made = self.h.refresh(s["session_id"], lambda: at.post("/sessions/refresh", {"refresh_token": s["refresh_token"]}),
                                      at.node.port)
        if status == 200:
            s.update(session(made))
        return status

    def end(self, s, at=None, query=""):
        at = at or self.pick()
        status, body = self.h.end(s["session_id"], lambda: at.post("/sessions/revoke" + query, {"session_id": s["session_id"]}),
                                  at.node.port)
        return status == 200 and body["revoked"] == 1

    def made(self, user, at=None):
        """create(), again until it is: a machine under load answers 503 at times."""
        return harness.wait_for(lambda: self.create(user, at), 30, why="created")

    def ended(self, s, at=None):
        """end(), again until it is acknowledged. An answer that was lost leaves nothing to end: then by
        the answer to a validation that began later."""
        at = at or self.pick()
        harness.wait_for(lambda: self.end(s, at) or self.validate(s, at) == 401, 30, why="acknowledged")

    def close(self):
        for c in self.to:
            c.close()


class Load:
    """Clients that do everything to sessions on all nodes, until it is left. ended: sessions whose
    end was acknowledged; their tokens are presented again and again."""

    def __init__(self, nodes, h, threads=3, live=20):
        self.nodes, self.h, self.live, self.stopped = nodes, h, live, False
        self.ended, self.lock, self.failed = [], threading.Lock(), []
        self.threads = [threading.Thread(target=self.run, args=(i,), daemon=True) for i in range(threads)]

    def run(self, who):
        actor = Actor(self.nodes, self.h)
        try:
            self.work(actor, who)
        except BaseException as e:  # pylint: disable=broad-except
            self.failed.append(e)
            raise
        finally:
            actor.close()

    def work(self, actor, who):
        mine, made = [], 0
        while not self.stopped:
            what = random.random()
            if len(mine) < self.live and what < 0.5:
                made += 1
                new = actor.create("load-%d-%d" % (who, made))
                mine += [new] if new else []
                time.sleep(0 if new else 0.002)
            elif what < 0.6 or not mine:
                self.again(actor)
            elif what < 0.75:
                self.finish(actor, mine.pop(random.randrange(len(mine))))
            elif what < 0.85:
                s = mine[random.randrange(len(mine))]
                if actor.refresh(s) != 200:
                    mine.remove(s)  # lost with the store, or its rotation is not known
            elif actor.validate(random.choice(mine)) == 401:
                mine = [s for s in mine if actor.validate(s) != 401]

    def finish(self, actor, s):
        if actor.end(s):
            s["ended_at"] = self.h.clock()
            with self.lock:
                self.ended.append(s)
        for at in actor.to:
            actor.validate(s, at)
        if random.random() < 0.5:
            actor.refresh(dict(s))

    def again(self, actor):
        with self.lock:
            s = random.choice(self.ended[-200:] if random.random() < 0.7 else self.ended) if self.ended else None
        if s and random.random() < 0.8:
            actor.validate(s)
        elif s:
            actor.refresh(dict(s))

    def __enter__(self):
        for t in self.threads:
            t.start()
        harness.wait_for(lambda: self.ended or self.failed, 30, why="the load goes on")
        return self

    def __exit__(self, *_):
        self.stopped = True
        for t in self.threads:
            t.join(60)

    def work_goes_on(self, more=20, timeout=30):
        had = len(self.ended)
        harness.wait_for(lambda: len(self.ended) >= had + more or self.failed, timeout, why="ends are acknowledged again")


class Pair:
    """Two nodes, one Redis. hops: each node reaches Redis by a hop of its own (self.hop). link: by a
    symbolic link that can be turned to another server (self.turn)."""

    def __init__(self, hops=False, link=False, workers=2, server="", store="", tenant_lines=FREE, tenants=("brand-a",)):
        self.a = harness.Node(workers=workers, start=False, tenant_lines=tenant_lines, tenants=tenants)
        self.b = self.second(workers=workers, start=False, tenant_lines=tenant_lines, tenants=tenants)
        self.nodes, self.hop = (self.a, self.b), []
        os.chmod(self.a.base, 0o755)  # the sockets must be reachable for the masters' user
        self.redis = self.server(Redis(self.a.base))
        self.history = history.History(BOUND_S)
        self._share()
        for i, node in enumerate(self.nodes):
            way = self.redis.socket
            if link:
                way = self.link = os.path.join(self.a.base, "store.sock")
            elif hops:
                way = os.path.join(self.a.base, "hop%d.sock" % i)
                self.hop.append(Hop(way, self.redis.socket))
            node.write("sessiond.yaml", "node: %s\n" % ("first", "second")[i] + node.server_text + server +
                       f"store: {{ mode: redis, url: \"{self.url(way)}\"{store} }}\n")
        if link:
            self.turn(self.redis)
        for node in self.nodes:
            node.start()

    # What a Pair over something else than a socket of the machine changes.
    second = staticmethod(harness.Node)

    def server(self, redis):
        return redis.start()

    def url(self, way):
        return "unix:" + way

    def _share(self):
        """The second has the first one's keys, secrets and tenants."""
        a, b = self.nodes
        b.api_keys = a.api_keys
        for name in ("keys", "tenants.d"):
            shutil.rmtree(b.path(name))
            shutil.copytree(a.path(name), b.path(name))
        shutil.copy(a.path("master.key"), b.path("master.key"))
        for name in ("master.key", *(os.path.join(d, f) for d, _, fs in os.walk(b.path("keys")) for f in fs if f.endswith(".pem"))):
            b._own(b.path(name), "signer")  # pylint: disable=protected-access

    def turn(self, redis):
        """What is dialled from now on reaches this server."""
        self.redis = redis
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.link + ".new")
        os.symlink(redis.socket, self.link + ".new")
        os.rename(self.link + ".new", self.link)

    def load(self, **more):
        return Load(self.nodes, self.history, **more)

    def fresh(self, timeout=30):
        for node in self.nodes:
            node.wait(lambda n=node: n.status()["freshness"]["fresh"], timeout, why="fresh again")

    def judge(self, load, what="", sample=100):
        """All is well again: what was ended, the bound and more ago, is refused by both nodes whatever is
        presented; and the whole history holds."""
        self.fresh()
        assert not load.failed, load.failed
        actor = Actor(self.nodes, history.History(0.0))
        with load.lock:
            ended = [s for s in load.ended if s["ended_at"] < self.history.clock() - BOUND_S]
        assert len(ended) > sample // 10, len(ended)
        for s in ended[-sample:] + random.sample(ended, min(len(ended), sample // 3)):
            for at in actor.to:
                for ask in (actor.validate, actor.refresh):
                    harness.wait_for(lambda a=ask, n=at, x=s: a(dict(x), n) not in (0, 503), 20, why="an answer")
        actor.close()
        assert not [o for o in actor.h.ops if o.kind in ("validate", "refresh") and o.result], (what, "alive again")
        print("   %-24s %s" % (what, history.figures(self.history.check())), flush=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("first:", self.a.log_tail(25), "second:", self.b.log_tail(25), sep="\n", file=sys.stderr)
        for node in (self.b, self.a):
            with contextlib.suppress(Exception):
                for h in self.hop:
                    h.again()
                node.close(keep=node is self.a and False)
        for h in self.hop:
            h.close()
        if self.redis.proc and self.redis.proc.poll() is None:
            self.redis.end()


def health_says(node, check, words, timeout=10.0):
    """Seconds until /health is degraded with such a reason in that check (one of words)."""
    begun, seen = time.monotonic(), set()
    while time.monotonic() < begun + timeout:
        with contextlib.suppress(*LOST):
            health = node.request("GET", "/health", timeout=5)[2]
            seen.add(health["checks"][check]["reason"])
            if health["status"] == "degraded" and any(w in health["checks"][check]["reason"] for w in words):
                return time.monotonic() - begun
        time.sleep(0.01)
    raise AssertionError("/health does not say %s of %s: %s\n%s" % (words, check, seen, node.log_tail()))


SOON_S = 1.0 + 0.5  # promised, and what asking and a loaded machine take


@contextlib.contextmanager
def fault(pair, begin, over, said, check="store", nodes=None):
    """begin(), /health of each node says so, the body, over()."""
    begin()
    try:
        took = [health_says(node, check, said) for node in nodes or pair.nodes]
        print("   /health said so after %s s" % ", ".join("%.2f" % t for t in took))
        assert took[0] < SOON_S, took
        yield
    finally:
        over()


def run(pair, load, tests, times=size("FAULTS", 1)):
    """Each fault, and the judgement after it."""
    for test in tests:
        if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
            continue
        for _ in range(times):
            begun = time.monotonic()
            load.work_goes_on()
            test(pair, load)
            load.work_goes_on()
            pair.judge(load, test.__name__)
            print("ok %-14s %5.1f s" % (test.__name__, time.monotonic() - begun), flush=True)


if __name__ == "__main__" and sys.argv[1:2] == ["hop"]:
    hop(*sys.argv[2:])
