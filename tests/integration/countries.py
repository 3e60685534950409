#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /analytics/geo: countries by an operator's file (MMDB): looked up of the whole address, counted, kept
nowhere; another file at a reload; a file that is damaged, cut or made by an enemy."""
import os
import random
import struct
import subprocess
import sys
import time

import harness

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import mmdb  # pylint: disable=wrong-import-position

A = "brand-a"
NODE = None
TEXTS = {}
SESSIOND = os.path.join(harness.BUILD, "sessiond")
LINES = "sessions: { max_per_user: 1000 }\nlimits: { create_per_second: 100000 }\n"
FIRST = {"192.0.2.0/24": "DE", "198.51.100.0/24": "FR", "198.51.100.128/25": "IT", "2001:db8::/32": "JP",
         "2001:db8:8000::/33": "NZ", "203.0.113.7/32": "US"}
DATABASE = "geo/countries.mmdb"


def write(content, name=DATABASE):
    """As those do who bring such files: beside, then over."""
    path = NODE.path(name)
    with open(path + ".new", "wb") as f:
        f.write(content)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)


def reload(good=True):
    failed, said = NODE.reload()
    assert failed != good, said
    return said


def geo():
    status, _, body = NODE.request("GET", "/analytics/geo", tenant=A)
    assert status == 200, body
    return body


def counts():
    body = geo()
    return {x["country"]: x["count"] for x in body["items"]} | ({"?": body["unknown"]} if body["unknown"] else {})


def tables():
    return len(NODE.logs("countries"))


def login(ip, **more):
    return NODE.create(user="careful", ip=ip, **more)


def refused():
    return len(NODE.logs("countries-refused")) + len(NODE.logs("countries-unread"))


def countries_are_counted():
    NODE.wait(lambda: tables() == 1, 10, "the file is read")
    assert geo()["source"] == "Test-Country" and geo()["built_at"] == 1700000000 and geo()["items"] == []
    for ip in ("192.0.2.1", "192.0.2.255", "::ffff:192.0.2.9", "198.51.100.127", "198.51.100.128", "203.0.113.7",
               "203.0.113.8", "2001:db8::1", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "2001:db8:8000::", "2001:db9::",
               "2002:c000:201::", "0.0.0.0", "255.255.255.255"):
        login(ip)
    NODE.create(user="careful")  # from nowhere: nobody looked it up
    assert counts() == {"DE": 3, "FR": 1, "IT": 1, "US": 1, "JP": 2, "NZ": 1, "?": 5}, geo()
    status, _, nets = NODE.request("GET", "/analytics/top-networks", tenant=A)
    assert status == 200 and sum(x["count"] for x in nets["items"]) == 14, nets
    assert {x["network"] for x in nets["items"]} >= {"192.0.2.0/24", "2001:db8:0::/48"}, nets
    assert not NODE.pids("geo"), "who read it has ended"


def whatever_privacy_keeps():
    """Of the whole address, also where none is kept; and nothing of it beside the session."""
    for mode in ("truncate", "hash", "off"):
        before, nets = counts(), NODE.request("GET", "/analytics/top-networks", tenant=A)[2]
        NODE.write(f"tenants.d/{A}.yaml", TEXTS["tenant"] + LINES + f"privacy: {{ ip: {mode}, user_agent: {mode.replace('truncate', 'family')} }}\n")
        reload()
        browsers = NODE.request("GET", "/analytics/devices", tenant=A)[2]["browsers"]
        one = login("203.0.113.7", user_agent="Mozilla/5.0 Firefox/1")  # a /32 of its own
        now = {x["browser"]: x["count"] for x in NODE.request("GET", "/analytics/devices", tenant=A)[2]["browsers"]}
        assert now["firefox"] == {x["browser"]: x["count"] for x in browsers}.get("firefox", 0) + 1, now
        now = counts()
        assert now == before | {"US": before["US"] + 1}, (before, now)
        status, _, s = NODE.request("GET", f"/sessions/{one['session_id']}", tenant=A)
        assert status == 200 and '"US"' not in str(s), s
        after = NODE.request("GET", "/analytics/top-networks", tenant=A)[2]
        assert (after["items"] == nets["items"]) == (mode != "truncate"), (mode, nets, after)
    NODE.write(f"tenants.d/{A}.yaml", TEXTS["tenant"] + LINES)


def another_file_at_a_reload():
    write(mmdb.make({"0.0.0.0/1": "AA", "128.0.0.0/1": "AA", "192.0.2.0/24": "BB"}, version=4, size=32, name="Old World", built=1))
    before = counts()
    reload()
    NODE.wait(lambda: tables() == 2, 10, "the new file is read")
    login("192.0.2.77")
    login("8.8.8.8")
    login("2001:db8::1")
    assert counts() == before | {"AA": 1, "BB": 1, "?": before["?"] + 1}, geo()
    assert geo()["source"] == "Old_World" and geo()["built_at"] == 1
    reload()  # the same again: nobody reads it
    for pid in NODE.pids("worker"):
        os.kill(pid, 9)
    NODE.wait(NODE.serves, 15, "fresh workers")
    NODE.wait(lambda: len(NODE.children("worker")) == 2, 15, "fresh workers")
    before = counts()
    for _ in range(4):
        login("192.0.2.78")
    assert counts() == before | {"BB": before["BB"] + 4} and tables() == 2, "a fresh worker has the table too"


def not_a_file_of_countries():
    """Named by the check, at a reload as by sessiond -t; the table in force stays."""
    good = mmdb.make(FIRST)
    for content, what in ((b"", "is no file of countries"), (good[:-300], "is no file of countries"),
                          (b"x" * 5000, "is no file of countries"), (None, "cannot be opened")):
        if content is None:
            os.unlink(NODE.path(DATABASE))
        else:
            write(content)
        said = reload(good=False)
        assert what in said and "geo.database_file" in said, said
        check = subprocess.run([SESSIOND, "-c", NODE.config, "-t"], capture_output=True, text=True, check=False)
        assert check.returncode == 1 and what in check.stderr, check
    login("192.0.2.79")
    assert geo()["source"] == "Old_World"
    write(good)
    check = subprocess.run([SESSIOND, "-c", NODE.config, "-t"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check


def damaged_inside():
    """What only a parser finds. The service goes on, with the countries it had."""
    loop, deep = (lambda t: t.nodes[0].__setitem__(1, 0)), (lambda t: t.nodes[-1].__setitem__(0, 0))
    good = mmdb.make(FIRST)
    at = good.index(mmdb.MARK)
    bad = [mmdb.make(FIRST, twist=loop), mmdb.make(FIRST, twist=deep),
           mmdb.make(FIRST, twist=lambda t: t.nodes[3].__setitem__(0, ("data", 0xf00000))),
           good[at:], good[:200] + good[at:], good[:at] + mmdb.MARK + b"\xff" * 64,
           good.replace(b"\x4anode_count", b"\x4anode_c0unt"), mmdb.make({"::/1": "Z" * 60000})]
    for i, content in enumerate(bad):
        n = refused()
        write(content)
        reload()
        if i < 7:
            NODE.wait(lambda n=n: refused() > n, 20, f"{i} is refused")
            assert geo()["source"] == "Old_World", i
            check = subprocess.run([SESSIOND, "-c", NODE.config, "-t"], capture_output=True, text=True, check=False)
            assert check.returncode == 1 and "geo.database_file" in check.stderr, (i, check)
    NODE.wait(lambda: tables() == 3, 10, "no country has 60,000 letters, and that harms nobody")
    login("2001:db8::1")
    assert geo()["other"] == 0 and not [l for l in NODE.logs("child-ended") if l["process"] in ("worker", "master")][2:]


def by_an_enemy():
    """Files with bytes changed at random: whatever comes of it, it is the reader's end at most."""
    rounds, seed = int(os.environ.get("SESSIOND_ROUNDS", "4")), random.randrange(1 << 32)
    dice, good, workers = random.Random(seed), mmdb.make(FIRST), NODE.pids("worker")
    print("seed", seed)
    for i in range(rounds):
        content = bytearray(good)
        for _ in range(dice.choice((1, 3, 30))):
            content[dice.randrange(len(content) - 14)] = dice.randrange(256)
        content += struct.pack("<I", i)
        if mmdb.MARK not in content:
            continue
        n = tables() + refused()
        write(bytes(content))
        reload()
        NODE.wait(lambda n=n: tables() + refused() > n and not NODE.pids("geo"), 30, f"an answer (seed {seed}, {i})")
        login("192.0.2.1")
        login("2001:db8::1")
    assert NODE.pids("worker") == workers


def a_big_one():
    """As many ranges as a real one has; the service does not stand still meanwhile."""
    many = int(os.environ.get("SESSIOND_RANGES", "20000"))
    nets = {"0.0.0.0/0": "AA"}
    for i in range(many):
        nets[f"{1 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24"] = "AB" if i % 2 else "CD"
        nets[f"2a{i % 16:x}{i // 16 % 16:x}:{i // 256:x}::/32"] = "EF" if i % 3 else "GH"
    write(mmdb.make(nets, size=28, name="Big"))
    n, began = tables(), time.monotonic()
    reload()
    NODE.wait(lambda: tables() > n, 30, "it is read")
    print(f"{many} ranges of each kind: {time.monotonic() - began:.2f} s; {NODE.logs('countries')[-1]}")
    before = counts()
    login("1.0.1.9")
    login("2a00::1")
    assert counts() == before | {"AB": before.get("AB", 0) + 1, "GH": before.get("GH", 0) + 1}, geo()


def without_one():
    NODE.stop()
    NODE.write("sessiond.yaml", TEXTS["server"])
    NODE.start()
    before = counts()
    login("192.0.2.1")
    assert counts() == before and geo()["source"] is None and geo()["built_at"] is None, geo()


def main():
    global NODE
    if not os.path.exists(os.path.join(harness.BUILD, "sessiond-geo")):
        harness.skip("sessiond-geo is not built: no libmaxminddb")
    with harness.Node(tenants=(A,), start=False) as NODE:
        os.makedirs(NODE.path("geo"), exist_ok=True)
        os.chmod(NODE.path("geo"), 0o755)
        TEXTS["tenant"] = NODE.tenant_text(A).replace("sessions:revoke]", "sessions:revoke, analytics:read]")
        NODE.write(f"tenants.d/{A}.yaml", TEXTS["tenant"] + LINES)
        with open(NODE.config, encoding="utf-8") as f:
            TEXTS["server"] = f.read()
        NODE.write("sessiond.yaml", TEXTS["server"] + f"geo: {{ database_file: {DATABASE} }}\n")
        write(mmdb.make(FIRST, built=1700000000))
        NODE.start()
        harness.main([countries_are_counted, whatever_privacy_keeps, another_file_at_a_reload,
                      not_a_file_of_countries, damaged_inside, by_an_enemy, a_big_one, without_one])


if __name__ == "__main__":
    main()
