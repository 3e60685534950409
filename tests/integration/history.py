# SPDX-License-Identifier: MIT
"""A history of what clients did to tokens and what they were told, and the one question about it:
was a token accepted, validated or refreshed, by a request that began later than an acknowledged end
plus the bound?

    h = history.History(bound_s=1.0)
    h.end(token, lambda: node.request("POST", "/sessions/revoke", ...))   # -> what the call returned
    h.validate(token, lambda: node.validate(token))
    h.refresh(token, lambda: node.request("POST", "/sessions/refresh", ...))
    h.check()                                                            # AssertionError, or figures

Per token: absent (never created here), live, ended (an end was acknowledged: 2xx), maybe (an end was
asked for and not acknowledged: either is right until one is). Times are of one monotonic clock, so
all clients must be of one process or at least of one machine. Any thread may record."""
import collections
import contextlib
import threading
import time

ABSENT, LIVE, ENDED, MAYBE = "absent", "live", "ended", "maybe"
KINDS = ("create", "end", "validate", "refresh")
USES = ("validate", "refresh")
Op = collections.namedtuple("Op", "kind token begun over result where")


def _ended(answer):
    body = answer[-1] if len(answer) > 1 else None
    if not 200 <= answer[0] < 300:
        return False if answer[0] == 400 else None
    return None if isinstance(body, dict) and body.get("revoked") == 0 else True


def _used(answer):
    return True if answer[0] == 200 else False if answer[0] == 401 else None


class History:
    def __init__(self, bound_s, clock=time.monotonic):
        self.bound, self.clock = bound_s, clock
        self.ops, self.lock, self.lost_until = [], threading.Lock(), -1.0

    def record(self, kind, token, begun, over, result, where=""):
        """kind: create, end, validate, refresh. result: True (acknowledged, accepted), False (refused: it
        has no effect, is not valid), None (no answer, or 503: may or may not have happened)."""
        assert kind in KINDS and over >= begun and result in (True, False, None)
        with self.lock:
            self.ops.append(Op(kind, token, begun, over, result, where))

    def _timed(self, kind, token, call, judge, where):
        begun, result = self.clock(), None
        try:
            answer = call()
            result = judge(answer)
            return answer
        finally:
            self.record(kind, token, begun, self.clock(), result, where)

    def end(self, token, call, where=""):
        """call() -> (status, ..., body). "revoked": 0 promises nothing: ended before, or not known."""
        return self._timed("end", token, call, _ended, where)

    def validate(self, token, call, where=""):
        return self._timed("validate", token, call, _used, where)

    def refresh(self, token, call, where=""):
        """The refresh token of the session whose token this is. Without an answer it may have rotated:
        what a client does with the old one may end the session, so from then on it may be ended."""
        answer = self._timed("refresh", token, call, _used, where)
        if answer[0] not in (200, 401):
            self.record("end", token, self.clock(), self.clock(), None, where)
        return answer

    def forgive(self):
        """The store lost sessions: refusals up to now prove nothing. Acceptances always do."""
        self.lost_until = self.clock()

    def create(self, token, begun, where=""):
        self.record("create", token, begun, self.clock(), True, where)

    def state(self, token, at=None):
        """What a client may expect of the token now (or then)."""
        at = self.clock() if at is None else at
        state = ABSENT
        for op in sorted((o for o in self.ops if o.token == token and o.begun <= at), key=lambda o: o.over):
            if op.kind == "create" and state == ABSENT:
                state = LIVE
            elif op.kind == "end" and op.result is not False and state != ENDED:
                state = ENDED if op.result and op.over <= at else MAYBE
        return state

    def stale(self):
        """[(validation, end, seconds past the bound)]: accepted although it began after an
        acknowledged end and the bound."""
        with self.lock:
            ops = list(self.ops)
        ended, out = {}, []
        for op in ops:
            if op.kind == "end" and op.result and (op.token not in ended or op.over < ended[op.token].over):
                ended[op.token] = op
        for op in ops:
            end = ended.get(op.token)
            if op.kind in USES and op.result and end and op.begun > end.over + self.bound:
                out.append((op, end, op.begun - end.over - self.bound))
        return out

    def wrongly_refused(self):
        """Refused (401, not 503) although nobody had begun to end it, and the store has lost nothing."""
        with self.lock:
            ops = list(self.ops)
        ends = collections.defaultdict(lambda: float("inf"))
        for op in ops:
            if op.kind == "end" and op.result is not False:
                ends[op.token] = min(ends[op.token], op.begun)
        made = {op.token: op.begun for op in ops if op.kind == "create"}
        return [op for op in ops if op.kind in USES and op.result is False and op.over < ends[op.token]
                and made.get(op.token, op.begun) > self.lost_until]

    def check(self):
        stale, wrong = self.stale(), self.wrongly_refused()
        for op in self.ops if stale else ():
            if op.token == stale[0][0].token:
                print("  ", op, flush=True)
        assert not stale, "%d accepted after an acknowledged end and %.3f s; first: %s, ended %s, %.3f s late" % (
            len(stale), self.bound, stale[0][0], stale[0][1], stale[0][2])
        assert not wrong, "%d refused though nobody ended them; first: %s" % (len(wrong), wrong[0])
        with self.lock:
            return collections.Counter((o.kind, o.result) for o in self.ops)


def figures(counts):
    """Text of what check() counted: 'validate 12 yes 3 no 1 unknown, ...'"""
    words = {True: "yes", False: "no", None: "unknown"}
    return ", ".join("%s %s" % (kind, " ".join("%d %s" % (counts[kind, r], words[r]) for r in words if counts[kind, r]))
                     for kind in KINDS if any(counts[kind, r] for r in words))


def histogram(seconds, edges_ms=(1, 2, 5, 10, 20, 50, 100, 250, 1000)):
    """Text: how many up to each edge; p50, p99, max."""
    rows, ordered = [], sorted(s * 1000 for s in seconds)
    for low, high in zip((0, *edges_ms), (*edges_ms, float("inf"))):
        n = sum(1 for v in ordered if low <= v < high)
        rows.append("  %6s ms %6d %s" % ("<%g" % high, n, "#" * round(50 * n / max(1, len(ordered)))))
    at = lambda q: ordered[min(len(ordered) - 1, int(q * len(ordered)))]
    with contextlib.suppress(IndexError):
        rows.append("  p50 %.1f ms, p99 %.1f ms, max %.1f ms of %d" % (at(0.5), at(0.99), ordered[-1], len(ordered)))
    return "\n".join(rows)


def selftest():
    now = [0.0]
    h = History(1.0, lambda: now[0])
    h.record("create", "t", 0, 1, True)
    assert (h.state("t", 1), h.state("u", 1)) == (LIVE, ABSENT)
    h.record("end", "t", 2, 3, None)
    assert h.state("t", 4) == MAYBE and not h.stale()
    h.record("validate", "t", 5, 6, True)
    h.check()
    h.record("end", "t", 7, 8, True)
    assert (h.state("t", 7.5), h.state("t", 8)) == (MAYBE, ENDED)
    h.record("validate", "t", 8.9, 12, True)  # began within the bound
    h.record("validate", "t", 20, 21, None)
    h.check()
    h.record("validate", "t", 9.1, 9.2, True)
    assert len(h.stale()) == 1
    h.record("validate", "u", 1, 2, False)
    assert len(h.wrongly_refused()) == 1
    now[0] = 3
    h.forgive()
    assert not h.wrongly_refused()
    now[0] = 30
    assert h.refresh("t", lambda: (200, None))[0] == 200 and len(h.stale()) == 2
    h.create("v", 29)
    assert h.refresh("v", lambda: (401, None))[0] == 401 and len(h.wrongly_refused()) == 1
    assert h.end("v", lambda: (200, {"revoked": 0}))[0] == 200 and h.state("v") == MAYBE
    assert h.end("v", lambda: (200, {}, {"revoked": 1}))[0] == 200 and h.state("v") == ENDED
    assert h.end("y", lambda: (204,))[0] == 204 and h.ops[-1].result
    assert h.refresh("w", lambda: (503, None))[0] == 503 and h.state("w") == MAYBE
    print("ok history")


if __name__ == "__main__":
    selftest()
