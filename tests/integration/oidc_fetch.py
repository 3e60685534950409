#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Issuers' keys fetched over HTTPS by the fetcher: a real server with certificates of its own, which is
good, then down, slow, huge, lying, redirecting, of the wrong name; what was got last stays."""
import json
import os
import time

import harness
import oidc_kit
from oidc_kit import FOLDER, Issuer, Key, certificates

NODE, IDP = None, None
LIST = "/sessions/user/nobody"
ONE, TWO, THREE = (Key(k, FOLDER.name) for k in ("one", "two", "three"))


def tenant_file(port, host="127.0.0.1", path="/jwks", ca="ca.pem"):
    NODE.write("tenants.d/brand-a.yaml", NODE.tenant_text("brand-a") + oidc_kit.client(
        "batch", ["sessions:list"], f"jwks_url: \"https://{host}:{port}{path}\"" + (f", ca_file: {ca}" if ca else "")))


def call(key):
    return NODE.request("GET", LIST, headers={"Authorization": "Bearer " + key.token()})[0]


def accepted(key, timeout=15):
    NODE.wait(lambda: call(key) == 200, timeout, "a key of the issuer is accepted")


def logs(event, n):
    """At least n lines of this event."""
    return NODE.wait(lambda: (lambda rows: rows if len(rows) >= n else None)(NODE.logs(event)), 15, event)


def refetch(event, url=None):
    """Fetches what another configuration names (the same but for its path). -> the new line of the log"""
    before = len(NODE.logs(event))
    refetch.number += 1
    tenant_file(IDP.port, path=url or f"/jwks?{refetch.number}")
    assert not NODE.reload()[0]
    return logs(event, before + 1)[-1]


refetch.number = 0


def test_keys_are_fetched():
    accepted(ONE)
    _, path, headers = IDP.asked[0]
    assert path == "/jwks" and headers["Accept"].startswith("application/jwk-set+json"), IDP.asked
    assert not {"Authorization", "Cookie", "Accept-Encoding"} & set(headers), headers
    child = NODE.children("fetcher")
    assert len(child) == 1 and child[0]["sandbox"], child
    number = [r for r in NODE.audit() if r["event"] == "key.state"]
    assert number, "the new keys are in the trail"


def test_the_first_token_of_a_new_key():
    """A rotation of the issuer's: who comes with the new key first waits for it, and is let in."""
    IDP.answer = lambda h: IDP.keys(h, ONE, TWO)
    harness.wait_for(lambda: time.monotonic() > IDP.asked[-1][0] + 1.1, 5, why="a second since the last fetch")
    before = len(IDP.asked)
    assert call(TWO) == 200
    assert len(IDP.asked) == before + 1, IDP.asked


def test_an_unknown_key_makes_nobody_hammer():
    before, began = len(IDP.asked), time.monotonic()
    headers = {"Authorization": "Bearer " + THREE.token()}
    for _ in range(200):
        assert NODE.request("GET", LIST, headers=headers)[0] == 401
    assert call(ONE) == call(TWO) == 200
    assert len(IDP.asked) <= before + 2, IDP.asked  # three at once, and one is spent
    assert time.monotonic() - began < 15, "after a wait in vain nobody waits"


def test_a_removed_key_is_refused():
    IDP.answer = lambda h: IDP.keys(h, TWO)
    refetch("issuer-keys")
    accepted(TWO)
    assert call(ONE) == 401


def trickle(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.2)


def test_what_is_not_good_replaces_nothing():
    def lies(body, **headers):
        return lambda h: IDP.say(h, body, **headers)
    private = json.dumps({"keys": [{**TWO.jwk, "d": "AAAA"}]}).encode()
    symmetric = json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "two", "alg": "HS256"}]}).encode()
    cases = (
        ("status", lies(b"", status=503)), ("status", lies(b"", status=204)), ("status", lies(b"{}", status=404)),
        ("status", lies(b"", status=302, Location=f"https://127.0.0.1:{IDP.port}/other")),
        ("status", lies(b"", status=301, Location="http://127.0.0.1:1/")),
        ("status", lies(b"", status=307, Location="file:///etc/passwd")),
        ("bytes", lies(b" " * (300 << 10))), ("no key", lies(private)), ("no key", lies(symmetric)),
        ("no key", lies(b"{\"keys\":[]}")), ("no \"keys\"", lies(b"{}")), ("byte", lies(b"<html>")), ("byte", lies(b"")),
        ("byte", lies(b"{\"keys\":[" + b"[" * 5000)), ("", lies(b"{}", Content_Encoding="gzip")),
        ("", lambda h: h.wfile.write(b"\x00\x01\x02")), ("", lambda h: h.connection.close()),
        ("more than 64", lies(json.dumps({"keys": [ONE.jwk] * 65}).encode())),
    )
    for why, IDP.answer in cases:
        line = refetch("issuer-keys-failed")
        assert why in line["text"], (why, line)
    assert all("other" not in path for _, path, _ in IDP.asked), "a redirect was followed"
    assert len(NODE.children("fetcher")) == 1 and not [l for l in NODE.logs("child-ended") if l["process"] == "fetcher"]


def test_the_last_good_set_stays():
    """Each of those was of another URL. The same one that was good and goes bad keeps its keys; and across a restart."""
    IDP.answer = lambda h: IDP.keys(h, ONE)
    refetch("issuer-keys")
    accepted(ONE)
    IDP.down()
    before = len(NODE.logs("issuer-keys-failed"))
    old = NODE.kill("fetcher")
    NODE.wait(lambda: [c for c in NODE.children("fetcher") if c["pid"] != old], 15, "a fresh fetcher")
    NODE.stop()
    NODE.start()
    accepted(ONE, 5)
    line = logs("issuer-keys-failed", before + 1)[-1]
    assert line["kept"] == "the last good set", line
    assert call(ONE) == 200 and call(TWO) == 401
    IDP.up()


def test_who_the_server_is():
    IDP.answer = lambda h: IDP.keys(h, ONE)
    before = len(NODE.logs("issuer-keys-failed"))
    for ca in ("other-ca.pem", None):
        tenant_file(IDP.port, path=f"/{ca}", ca=ca)
        assert not NODE.reload()[0]
        before += 1
        line = logs("issuer-keys-failed", before)[-1]
        assert "certificate" in line["text"].lower() or "SSL" in line["text"], line
        assert call(ONE) == 401
    tenant_file(IDP.port, host="localhost")  # a name, looked up
    assert not NODE.reload()[0]
    accepted(ONE)


def test_a_name_that_is_none():
    """Said, and the fetcher lives on."""
    fetcher, before = NODE.pids("fetcher"), len(NODE.logs("issuer-keys-failed"))
    name = "x" * 64 + ".invalid"  # no resolver is asked for such a label
    tenant_file(443, host=name)
    assert not NODE.reload()[0]
    assert name in logs("issuer-keys-failed", before + 1)[-1]["text"]
    assert NODE.pids("fetcher") == fetcher


def test_it_lives_on():
    """Who has no heartbeat for 4 s is replaced; the fetcher, which waits for others, has none."""
    fetcher, = NODE.children("fetcher")
    with open(f"/proc/{fetcher['pid']}/stat", encoding="ascii") as f:
        began = int(f.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    NODE.wait(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - began > 6, 10)
    assert [c["pid"] for c in NODE.children("fetcher")] == [fetcher["pid"]]
    assert not [r for r in NODE.logs("child-ended") if r["process"] == "fetcher" and "heartbeat" in r["text"]]


def test_slow():
    """A slow issuer takes ten seconds of the fetcher, of nobody else."""
    IDP.answer = trickle
    before = len(NODE.logs("issuer-keys-failed"))
    tenant_file(IDP.port, path="/slow")
    assert not NODE.reload()[0]
    NODE.wait(lambda: IDP.asked[-1][1] == "/slow", 10)
    began = time.monotonic()
    NODE.create("x")
    assert not NODE.reload()[0] and time.monotonic() - began < 5
    line = logs("issuer-keys-failed", before + 1)[-1]
    assert "imeout" in line["text"] or "imed out" in line["text"], line


def test_no_issuer_no_fetcher():
    NODE.write("tenants.d/brand-a.yaml", NODE.tenant_text("brand-a"))
    assert not NODE.reload()[0]
    NODE.wait(lambda: not NODE.pids("fetcher"), 15, "the fetcher has ended")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(harness.BUILD, "sessiond-fetcher")):
        harness.skip("sessiond-fetcher is not built: no libcurl")
    CA, OTHER = certificates("one"), certificates("two")
    IDP = Issuer(CA, ONE)
    with harness.Node(tenants=("brand-a",), start=False) as NODE:
        for source, name in ((CA[0], "ca.pem"), (OTHER[0], "other-ca.pem")):
            with open(source, encoding="ascii") as pem:
                NODE.write(name, pem.read())
        tenant_file(IDP.port)
        NODE.start()
        tests = [test_keys_are_fetched, test_the_first_token_of_a_new_key,
                 test_an_unknown_key_makes_nobody_hammer, test_a_removed_key_is_refused, test_what_is_not_good_replaces_nothing,
                 test_the_last_good_set_stays, test_who_the_server_is, test_a_name_that_is_none, test_it_lives_on, test_no_issuer_no_fetcher]
        if os.environ.get("SESSIOND_ROUNDS"):  # this waits for a limit of many seconds
            tests[-1:-1] = [test_slow]
        harness.main(tests)
