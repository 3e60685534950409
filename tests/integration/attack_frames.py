#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every internal socket of a running node, spoken to as its own peer would if it were no longer ours: frames with a
good header and anything behind it, and descriptors where none, or fewer, belong. Whoever receives them drops the connection
or is replaced; nobody crashes, and nobody keeps a descriptor. SESSIOND_ROUNDS says how many frames each gets."""
import array
import contextlib
import glob
import os
import random
import re
import select
import signal
import socket
import struct
import sys

import attack_kit as kit
import attack_signer
import harness

CHANNEL = 3
CRASHES = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGSYS", "SIGFPE", "SIGILL")
ROUNDS = int(os.environ.get("SESSIOND_ROUNDS", "60"))
SEED = int(os.environ.get("SESSIOND_SEED", "1"))


def heritage():
    """(magic, version, types) of the channels, from the header that both ends share."""
    with open(os.path.join(harness.TOP, "shm", "heritage.h"), encoding="ascii") as f:
        text = f.read()
    value = {line.split()[1]: line.split()[2] for line in text.splitlines() if line.startswith("#define HERITAGE_")}
    types = re.findall(r"^\t(HM_\w+)", text[text.index("enum hm_type"):], re.M)
    return int(value["HERITAGE_MAGIC"].rstrip("uUlL"), 0), int(value["HERITAGE_VERSION"].rstrip("u"), 0), types


def seeds(name):
    return [open(path, "rb").read() for path in sorted(glob.glob(os.path.join(harness.TOP, "tests", "fuzz", "corpus", name, "*")))]  # pylint: disable=consider-using-with


def end_of(pid, other):
    """-> [a copy of each descriptor of pid whose other end is in the process `other`]"""
    theirs = attack_signer.inodes(other)
    return [socket.socket(fileno=attack_signer.steal(pid, fd)) for inode, fd in attack_signer.inodes(pid).items()
            if inode + 1 in theirs or inode - 1 in theirs]


def channel_frame(dice):
    magic, version, types = heritage()
    body = dice.randbytes(dice.choice((0, 4, 8, 16, 24, 40, 72, 258, 904, dice.randrange(1200))))
    return struct.pack("<IHHII", magic, version, dice.randrange(len(types) + 2), len(body), dice.getrandbits(32)) + body


def mutated(dice, packets):
    data = bytearray(dice.choice(packets))
    for _ in range(dice.choice((0, 1, 2, 8))):
        if data:
            data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data) or b"\0"


def signer_frame(dice):
    head = struct.pack("<HHIIQII3q", 1, 1, dice.getrandbits(31), dice.choice((1, 2, 3)), dice.choice((0, 1, 1 << 63)), dice.getrandbits(3),
                       dice.getrandbits(4), dice.getrandbits(40), dice.getrandbits(40), 0)
    return head + dice.randbytes(dice.randrange(400))


FRAMES = {"channel": channel_frame, "signer": signer_frame,
          "auditor": lambda dice: mutated(dice, seeds("audit_msg") or [b"\1\0\0\0" + bytes(60)])}
# (who speaks, who hears, in which words)
EDGES = [("worker", "master", "channel"), ("signer", "master", "channel"), ("auditor", "master", "channel"), ("master", "launcher", "channel"),
         ("master", "worker", "channel"), ("master", "signer", "channel"), ("master", "auditor", "channel"),
         *([("fetcher", "master", "channel"), ("master", "fetcher", "channel")] if "fetcher" in kit.TABLES else []),
         ("worker", "signer", "signer"), ("worker", "auditor", "auditor"), ("signer", "auditor", "auditor")]


def ends(node, speaker, hearer):
    pids = {role: pid for pid, role in node.pids().items()}
    pids["launcher"] = node.proc.pid
    if hearer == "master" or (speaker, hearer) == ("master", "launcher"):
        return [socket.socket(fileno=attack_signer.steal(pids[speaker], CHANNEL))]
    found = end_of(pids[speaker], pids[hearer])
    assert found, (speaker, hearer)
    return found


def counts(node):
    """Descriptors of each role: what a node in peace has."""
    out = {}
    for pid, role in [*node.pids().items(), (node.proc.pid, "launcher")]:
        with contextlib.suppress(OSError):  # it has just been replaced
            out[role] = len(os.listdir(f"/proc/{pid}/fd"))
    return out


def whole(node):
    def there():
        return node.serves() and all(len(node.children(role)) == 1 for role in set(kit.TABLES) - {"master"})
    node.wait(there, 40, "all are there")
    made = node.wait(lambda: node.request("POST", "/sessions", {"user_id": "u"}, "brand-a"), 10)
    node.wait(lambda: node.request("POST", "/sessions", {"user_id": "u"}, "brand-a")[0] == 201, 20, "creates")
    return made


def healthy(node, before, note):
    whole(node)
    ended = [r["text"] for r in node.logs("child-ended")] + [str(signal.Signals(r["signal"]).name) for r in node.logs("master-ended") if r["signal"]]
    assert not [t for t in ended if any(c in t for c in CRASHES)], (note, ended)
    assert node.proc.poll() is None, note
    node.wait(lambda: all(counts(node).get(role, 0) <= n for role, n in before.items()), 20,
              "%s: as many descriptors as before (%s), not %s" % (note, before, counts(node)))


def send(sock, frame, fds=()):
    """False when the other end has had enough."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        sock.sendmsg([frame], ancillary, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        return True
    except BlockingIOError:
        select.select([], [sock], [], 0.05)
        return True
    except OSError:
        return False


def calm(node):
    """Nothing is being replaced: what is counted now is a node in peace."""
    whole(node)
    harness.wait_for(lambda: counts(node) == (select.select([], [], [], 0.3), counts(node))[1], 10, why="descriptors at rest")
    return counts(node)


def dismiss(node, speaker, words):
    """Signer and auditor drop a peer that breaks its protocol, and do not take it back: it is no longer one of ours."""
    if words != "channel":
        with contextlib.suppress(IndexError, ProcessLookupError):  # it may have given up itself
            node.kill(speaker)


def lots(rounds):
    """In at most two connections: who is replaced again and again is held back."""
    return [rounds - rounds // 2, rounds // 2]


def test_frames_with_a_good_header():
    dice, sent = random.Random(SEED), 0
    for speaker, hearer, words in EDGES:
        with harness.Node(workers=1, tenant_lines=kit.WITH_FETCHER) as node:
            before = calm(node)
            for lot in lots(ROUNDS):
                socks = ends(node, speaker, hearer)
                while lot and send(socks[0], FRAMES[words](dice)):
                    lot, sent = lot - 1, sent + 1
                for s in socks:
                    s.close()
                dismiss(node, speaker, words)
                whole(node)
            healthy(node, before, f"{speaker} to {hearer}")
    print(f"  {sent} frames over {len(EDGES)} sockets (seed {SEED})")


def genuine(edge):
    """Of a good form, and of a kind that takes no descriptor."""
    _, hearer, words = edge
    magic, version, types = heritage()
    kind, n = {"launcher": ("HM_SIGNAL", 16), "master": ("HM_ADOPTED", 8)}.get(hearer, ("HM_DRAIN", 0))
    if words == "channel":
        return struct.pack("<IHHII", magic, version, types.index(kind), n, 0) + bytes(n)
    return FRAMES[words](random.Random(SEED))


def smuggle(node, edge, frame, many):
    speaker, hearer, _ = edge
    reader, writer = os.pipe()
    socks = ends(node, speaker, hearer)
    send(socks[0], frame, [writer] * many)
    os.close(writer)
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    assert poll.poll(10000), f"{speaker} to {hearer}: somebody keeps one of {many}"
    assert os.read(reader, 1) == b"", "and has written to it"
    os.close(reader)
    for s in socks:
        s.close()
    dismiss(node, edge[0], edge[2])
    whole(node)


def test_smuggled_descriptors():
    """Two and many, with frames that take none: whoever got them has closed them all."""
    passed = 0
    for edge in EDGES:
        with harness.Node(workers=1, tenant_lines=kit.WITH_FETCHER) as node:
            before = calm(node)
            for many in (2, 253):
                smuggle(node, edge, genuine(edge), many)
                passed += many
            healthy(node, before, edge)
    print(f"  {passed} descriptors over {len(EDGES)} sockets, none kept")


if __name__ == "__main__":
    signal.alarm(280 if "SESSIOND_ROUNDS" not in os.environ else 1800)
    kit.need_root()
    sys.exit(harness.main([test_frames_with_a_good_header, test_smuggled_descriptors]))
