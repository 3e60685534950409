#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keys cannot leave: the memory of every process but the signer holds no part of a private key nor the
master secret; the signer refuses what policy does not allow; a key file that others could read or
choose refuses the start; a signer that crashes leaves nothing behind; without it validation goes on."""
import base64
import glob
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time

import attack_kit as kit
import attack_signer
import harness

TENANTS = ("brand-a", "brand-b")
CURVES = {"brand-e": "ES256", "brand-d": "EdDSA"}
RATE = 5  # creations a second; the signer signs four times as many
TENANT_LINES = f"limits: {{ create_per_second: {RATE} }}\ntokens: {{ audience: [ https://api.example ] }}\n"
PIECE, STRIDE = 8, 9  # each 16-byte window of a secret contains one of these pieces whole
NODE = {}


def numbers_of(pem):
    """The secret integers of an RSA key file, big-endian: d, p, q, dP, dQ, qInv."""
    text = subprocess.run(["openssl", "rsa", "-in", pem, "-noout", "-text"], check=True, capture_output=True,
                          timeout=30).stdout.decode()
    found = re.findall(r"^(privateExponent|prime1|prime2|exponent1|exponent2|coefficient):\n((?: +[0-9a-f:]+\n)+)",
                       text, re.M)
    assert len(found) == 6, text[:80]
    return [bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits)).lstrip(b"\0") for _, digits in found]


def scalar_of(pem):
    """The secret of an EC or Ed25519 key file."""
    text = subprocess.run(["openssl", "pkey", "-in", pem, "-noout", "-text"], check=True, capture_output=True, timeout=30).stdout.decode()
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", re.search(r"^priv:\n((?: +[0-9a-f:]+\n)+)", text, re.M)[1]))[-32:]


def add_curve(node, tenant, algorithm):
    """A tenant that signs with this."""
    node.add_tenant(tenant, f"signing: {{ algorithm: {algorithm} }}\n")
    for path in glob.glob(node.path("keys", tenant, "*")):
        os.unlink(path)
    subprocess.run([os.path.join(harness.BUILD, "sessionctl"), "-c", node.config, "keys", "new", tenant, "--algorithm", algorithm],
                   check=True, capture_output=True, timeout=30)
    for path in glob.glob(node.path("keys", tenant, "*.pem")):
        os.chown(path, harness.UIDS["signer"], harness.UIDS["signer"])


def pieces(secret):
    return [secret[i:i + PIECE] for i in range(0, len(secret) - PIECE + 1, STRIDE)]


def secrets(node):
    """{what: [byte strings, none of which may be anywhere]}"""
    out = {}
    for path in glob.glob(node.path("keys", "*", "*.pem")):
        name = os.path.basename(os.path.dirname(path))
        with open(path, encoding="ascii") as f:
            lines = [line.strip() for line in f if "-----" not in line]
        out[name + " PEM"] = [line.encode() for line in lines if len(line) > 32]
        for number in numbers_of(path) if name in TENANTS else [scalar_of(path)]:
            out.setdefault(name + " integers", []).extend(pieces(number) + pieces(number[::-1]))
    with open(node.path("master.key"), "rb") as f:
        master = f.read()
    out["master secret"] = pieces(master) + [master.hex().encode(), base64.b64encode(master)[:40]]
    return out


def memory(pid):
    """All that can be read and is not a file's, also what a dump leaves out."""
    out = b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        for start, end, mode, name in kit.maps(pid):
            if "r" in mode and ("w" in mode or not name.startswith("/") or "memfd" in name) and name != "[vvar]":
                try:
                    f.seek(start)
                    out += dense(f.read(end - start))
                except OSError:
                    pass  # behind the end of a file, or a guard
    return out


def dense(block):
    """Without its empty pages: nothing is found in them."""
    rows = (block[i:i + 4096] for i in range(0, len(block), 4096))
    return b"".join(row for row in rows if row.count(0) != len(row))


def hits(block, wanted):
    return {what for what, strings in wanted.items() if any(s in block for s in strings)}


def work(node):
    for i, tenant in enumerate((*TENANTS, *CURVES)):
        made = node.create(f"u{i}", tenant)
        assert node.request("POST", "/sessions/refresh", {"refresh_token": made["refresh_token"]}, tenant)[0] == 200
        assert node.validate(made["access_token"], tenant)[0] == 200


def test_no_key_in_any_memory():
    node = NODE["node"]
    wanted = secrets(node)
    work(node)
    searched = {node.proc.pid: "launcher", **node.pids()}
    for pid, role in searched.items():
        found = hits(memory(pid), wanted)
        if role == "signer":  # the search finds what is there
            assert {t + " integers" for t in (*TENANTS, *CURVES)} <= found, found
        else:
            assert not found, (role, found)
    print("  searched: %s; %d patterns" % (", ".join(searched.values()), sum(len(s) for s in wanted.values())))


def loads(core):
    """The memory in a core: its PT_LOAD segments."""
    at, size, count = struct.unpack_from("<Q", core, 32)[0], *struct.unpack_from("<HH", core, 54)
    for i in range(count):
        kind, _, offset, _, _, n = struct.unpack_from("<IIQQQQ", core, at + i * size)
        if kind == 1:
            yield core[offset:offset + n]


def test_no_key_in_a_core():
    """gcore as root; of the signer, too: its writable memory is left out of dumps. Its vector registers,
    which a core holds in its notes, may keep a piece of the last key used: the kernel writes no core of it."""
    node = NODE["node"]
    wanted = secrets(node)
    for role, pid in {role: pid for pid, role in node.pids().items() if role in kit.TABLES}.items():
        prefix = os.path.join(node.base, "core-" + role)
        subprocess.run(["gcore", "-o", prefix, str(pid)], check=True, capture_output=True, timeout=60)
        with open(f"{prefix}.{pid}", "rb") as f:
            dump = f.read()
        os.unlink(f"{prefix}.{pid}")
        assert len(dump) > 100000
        assert b"PRIVATE KEY" not in dump or role == "signer", role
        if role == "signer":
            dump = b"".join(loads(dump))
        found = hits(dense(dump), wanted)
        assert not found, (role, found)
    node.wait(node.serves, 10, "serves")


def tokens_of(node, user, tenant, out):
    """A life of refreshes, and what else takes or gives a token; they and the tenant's API key into out."""
    made = node.create(user, tenant, mode="both")
    tokens = [made["refresh_token"], made["session_token"]]
    for _ in range(3):
        status, _, body = node.request("POST", "/sessions/refresh", {"refresh_token": tokens[0]}, tenant)
        assert status == 200, body
        tokens.insert(0, body["refresh_token"])
    assert node.request("POST", "/sessions/refresh", {"refresh_token": tokens[1]}, tenant)[2]["refresh_token"] == tokens[0]
    assert node.request("POST", "/sessions/validate", {"session_token": tokens[-1]}, tenant)[0] == 200
    assert node.request("POST", "/sessions/revoke", {"refresh_token": tokens[0]}, tenant)[0] == 200
    out.update(tokens, [node.api_keys[tenant]])


def test_no_token_stays_behind():
    """When the answers have left and the connections are closed, no process holds a token or an API key that was
    in them: also not a part of it of 32 characters."""
    node, told = NODE["node"], set()
    users = [threading.Thread(target=tokens_of, args=(node, f"t{i}", sorted(CURVES)[i % 2], told)) for i in range(6)]
    for thread in users:
        thread.start()
    for thread in users:
        thread.join()
    assert len(told) == 6 * 5 + 2, len(told)

    def holders():
        held = {role: memory(pid) for pid, role in node.pids().items()}
        return [(role, token[:4]) for token in told for role, block in held.items() if token[24:56].encode() in block]
    harness.wait_for(lambda: not holders(), 5, step=0.2, why="nobody holds a token")
    print(f"  {len(told)} tokens and keys, in no process")


def test_signer_refuses():
    node = NODE["node"]
    cases = {
        "session id of another user": {"tenant": 1}, "no such tenant": {"tenant": 9},
        "lives longer than the policy allows": {"ttl": 86400}, "no such client": {"client": "nobody"},
        "another policy generation": {"generation": 0}, "audience not of this tenant": {"aud": ["https://evil.example"]},
        "issued at another time than now": {"iat": 3600}, "expires before it begins": {"ttl": -1},
        "claims with a registered name": {"ext": '{"iss":"https://id.brand-b.example"}'},
        "authenticated in the future": {"auth": 1 << 40}, "user id out of bounds": {"sub": ""},
        "amr is no JSON array": {"amr": "{}"}, "scope out of bounds": {"scope": 'a"b'},
    }
    seen = len(node.audit())
    with attack_signer.Intruder(node) as intruder:
        assert intruder.ask(aud=["https://api.example"])[0] == attack_signer.DONE, "what is allowed is signed"
        for want, claims in cases.items():
            status, text = intruder.ask(**claims)
            assert status == attack_signer.REFUSED and text == want, (claims, status, text)
            time.sleep(0.11)  # the trail takes ten of these a second from one worker
        assert intruder.ask(op=attack_signer.TENANT_KEYS, tenant=7, count=1)[0] == attack_signer.REFUSED
    told = {row["reason"] for row in node.audit()[seen:] if row["event"] == "token.refused"}
    assert set(cases) <= told, set(cases) - told


def broken_off(node, packet, what):
    """The signer closes, says so in log and trail, and serves the others."""
    before, signer = len(node.logs("sign-peer-refused")), list(node.pids("signer"))
    with attack_signer.Intruder(node) as intruder:
        intruder.sock.setsockopt(1, attack_signer.SO_SNDBUFFORCE, 4 << 20)
        intruder.sock.sendall(packet)
        try:
            intruder.hear()
            raise AssertionError(what + ": answered")
        except ConnectionError:
            pass
    node.wait(lambda: len(node.logs("sign-peer-refused")) > before, 5, what + " is said")
    assert list(node.pids("signer")) == signer
    assert any(row["event"] == "token.refused" and row["detail"]["peer"].startswith("worker-") for row in node.audit()[-8:])


def test_signer_drops_garbage():
    node = NODE["node"]
    for what, packet in {"1 MB": b"\1" * (1 << 20), "garbage": os.urandom(600), "one byte": b"\0",
                         "a lying length": struct.pack("<HHII", 1, 1, 5, 1) + b"\xff" * 90,
                         "another version": struct.pack("<HHII", 9, 1, 5, 1) + b"\0" * 90}.items():
        broken_off(node, packet, what)
    node.wait(lambda: len(node.children("worker")) == 2, 20, "workers back")
    work(node)


def test_signer_rate():
    """10,000 requests as fast as they go: the tenant's rate is signed, the other tenant has its own."""
    node, signed, busy = NODE["node"], 0, 0
    time.sleep(1.1)
    made = node.create("u9", "brand-b")
    began = time.monotonic()
    with attack_signer.Intruder(node) as intruder:
        packet, sent, heard = intruder.packet(), 0, 0
        while heard < 10000:
            for _ in range(min(50, 10000 - sent)):
                intruder.sock.sendall(packet)
                sent += 1
            while heard < sent:
                _, status, _ = intruder.hear()
                heard += 1
                signed += status == attack_signer.DONE
                busy += status == attack_signer.BUSY
        took = time.monotonic() - began
        time.sleep(1.1)
        assert intruder.ask(ttl=-1)[0] == attack_signer.REFUSED  # its record says how many had none
        assert node.validate(made["access_token"], "brand-b")[0] == 200
        assert node.request("POST", "/sessions", {"user_id": "u10"}, "brand-b")[0] == 201, "another tenant is not hurt"
    print(f"  {signed} signed, {busy} refused in {took:.1f} s")
    assert signed + busy == 10000 and signed <= RATE * 4 * (took + 1) + 1
    refused = [row for row in node.audit() if row["event"] == "token.refused"]
    assert sum(int(row["detail"]["suppressed"]) for row in refused) > 1000, "the flood is counted, not written"
    node.wait(lambda: len(node.children("worker")) == 2, 20, "workers back")


def test_signer_stopped():
    """Creations answer 503 within 500 ms, validations as ever; when it is replaced all is well again."""
    node = NODE["node"]
    time.sleep(1.1)
    token = node.create("u11")["access_token"]
    victim = node.kill("signer", signal.SIGSTOP)
    for _ in range(3):
        began = time.monotonic()
        status = node.request("POST", "/sessions", {"user_id": "u12"}, "brand-a")[0]
        assert status == 503 and time.monotonic() - began < 0.5, (status, time.monotonic() - began)
        assert node.validate(token)[0] == 200
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    node.wait(lambda: node.request("POST", "/sessions", {"user_id": "u13"}, "brand-a")[0] == 201, 5, "creates again")
    took = time.monotonic() - began
    print(f"  creates again {took * 1000:.0f} ms after the signer's death")
    assert took < 0.5


def test_signer_crash():
    """No core, and no key in what is said about it."""
    node = NODE["node"]
    victim = node.kill("signer", signal.SIGSEGV)
    row = node.wait(lambda: [r for r in node.logs("child-ended") if r["child"] == victim], 10, "obituary")[0]
    assert "SIGSEGV" in row["text"] and "core" not in row["text"], row
    node.wait(lambda: len(node.children("signer")) == 1, 10, "signer back")
    left = [p for root, _, names in os.walk(node.base) for p in (os.path.join(root, n) for n in names)
            if "core" in os.path.basename(p)]
    assert not left, left
    with open(node.log_path, "rb") as f, open(node.path("state", "audit.log"), "rb") as g:
        text = f.read() + g.read()
    assert not hits(text, secrets(node)) and b"PRIVATE" not in text
    with open(node.path("master.key"), "rb") as f:
        assert f.read().hex().encode() not in text.lower()


def refuses_start(spoil, *words):
    with harness.Node(workers=1, start=False) as node:
        pem = glob.glob(node.path("keys", "brand-a", "*.pem"))[0]
        spoil(node, pem)
        node.start(wait=False)
        code = node.proc.wait(30)
        assert code not in (0, 77) and not node.stdout, code
        text = node.log_tail()
        for word in words:
            assert word in text, (word, text)


def linked(_, pem):
    os.rename(pem, pem + ".real")
    os.symlink(pem + ".real", pem)


def linked_folder(node, _):
    os.rename(node.path("keys", "brand-a"), node.path("real"))
    os.symlink(node.path("real"), node.path("keys", "brand-a"))


def test_key_files():
    refuses_start(lambda n, pem: os.chmod(pem, 0o640), "brand-a", "0640", "must be 0600")
    refuses_start(lambda n, pem: os.chown(pem, 61003, 61003), "brand-a", "Permission denied")
    refuses_start(linked, "brand-a", "symbolic link")
    refuses_start(linked_folder, "brand-a")
    refuses_start(lambda n, pem: os.unlink(pem), "brand-a", "missing")
    refuses_start(lambda n, pem: os.truncate(pem, 200), "brand-a")
    refuses_start(lambda n, pem: os.chmod(n.path("master.key"), 0o644), "0644", "must be 0600")
    refuses_start(lambda n, pem: os.truncate(n.path("master.key"), 31), "master", "32 bytes")


if __name__ == "__main__":
    signal.alarm(280)
    kit.need_root()
    NODE["node"] = harness.Node(workers=2, tenants=TENANTS, tenant_lines=TENANT_LINES, start=False)
    with NODE["node"]:
        NODE["node"].write("tenants.d/brand-a.yaml", NODE["node"].tenant_text("brand-a", lines=kit.WITH_FETCHER + TENANT_LINES))
        for name, curve in CURVES.items():
            add_curve(NODE["node"], name, curve)
        kit.complete(NODE["node"].start())
        sys.exit(harness.main([test_no_key_in_any_memory, test_no_key_in_a_core, test_no_token_stays_behind, test_signer_refuses,
                               test_signer_drops_garbage, test_signer_rate, test_signer_stopped, test_signer_crash,
                               test_key_files]))
