#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""JSONTestSuite against the running service: each file as the body of a validation and as the value
of a creation's data. What is no JSON is json-malformed, what is JSON is refused for another reason;
what the grammar leaves open is pinned.

SHARED_DIR (default: ../shared beside the source) holds vectors/; without it only our own texts run."""
import os
import tarfile

import edge_kit as kit
import harness

A = "brand-a"
SHARED = os.environ.get("SHARED_DIR") or os.path.join(os.path.dirname(harness.TOP), "shared")
SUITE = os.path.join(SHARED, "vectors", "JSONTestSuite.tar.gz")
# Valid by the grammar, refused by our profile: two readers could take them differently.
DEVIATIONS = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
              "y_object_escaped_null_in_key.json"}
# What the grammar leaves open (i_*) is refused throughout: numbers beyond 2^53 or whose exponent leaves
# a double's range, lone surrogates, bytes that are not UTF-8, UTF-16, a BOM, nesting beyond 16.
NODE = None


def post(s, body, path="/sessions/validate"):
    s.sendall(kit.request("POST", path, body, Authorization="Bearer " + NODE.api_keys[A], X_Tenant_ID=A))
    got = b""
    while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < int(
            kit.Answer(got.partition(b"\r\n\r\n")[0], b"").get("Content-Length")):
        more = s.recv(65536)
        if not more:
            break
        got += more
    (answer,) = kit.answers(got)
    return answer


def files(folder):
    with tarfile.open(SUITE) as t:
        for m in t:
            if m.isfile() and os.path.dirname(m.name).endswith(folder) and m.name.endswith(".json"):
                yield os.path.basename(m.name), t.extractfile(m).read()


def verdict(text):
    """The code of the refusal; the connection goes on, unless the body was too large."""
    with kit.connect(NODE.port) as s:
        a = post(s, text)
        if a.status == 413:
            return "body-too-large"
        assert a.status in (400, 401) and a.get("Connection") is None, (text[:80], a)
        (last,) = kit.answers(kit.to_the_end(s, kit.request("GET", "/livez", Connection="close")))
        assert last.status == 200
        return a.json()["code"]


def parsing():
    if not os.path.exists(SUITE):
        print("SKIP: no JSONTestSuite.tar.gz: only our own texts")
        return
    wrong, seen = [], {"y": 0, "n": 0, "i": 0}
    for name, text in files("test_parsing"):
        code = verdict(text)
        seen[name[0]] += 1
        if name[0] == "n":
            good = code in ("json-malformed", "body-too-large")
        else:
            good = (code == "json-malformed") == (name[0] == "i" or name in DEVIATIONS)
        if not good:
            wrong.append((name, code, text[:60]))
    assert not wrong, wrong
    assert seen == {"y": 95, "n": 188, "i": 35}, seen


def inside_a_member():
    """The same texts as a value: of a member of a creation, where its kind is an object's."""
    if not os.path.exists(SUITE):
        return
    wrong = []
    for name, text in files("test_parsing"):
        body = b'{"user_id":"u","claims":' + text + b"}"
        if len(body) > 65536:
            continue
        with kit.connect(NODE.port) as s:
            a = post(s, body, "/sessions")
        strict = name[0] in "ni" or name in DEVIATIONS
        malformed = a.status == 400 and a.json()["code"] == "json-malformed"
        if a.status >= 500 or malformed != strict:
            wrong.append((name, a.status, a.body[:160], text[:60]))
    assert not wrong, wrong


OURS = ((b"", True), (b" ", True), (b"\x00", True), (b"{}\x00", True), (b"{} {}", True), (b"\xef\xbb\xbf{}", True),
        (b'{"a":1,"\\u0061":2}', True), (b'{"a":{"b":1,"b":2}}', True), (b'{"a":"\\ud83d"}', True),
        (b'{"a":"\xed\xa0\x80"}', True), (b'{"a":9007199254740993}', True), (b'{"a":1e400}', True),
        (b'{"a":-9007199254740993}', True), (b'{"a":"\\x41"}', True), (b'{"a":+1}', True), (b"{'a':1}", True),
        (b'{"a":1,}', True), (b'{"a":1/**/}', True), (b'{"a":NaN}', True), (b'{"a":\t"\t"}', True),
        (b"[" * 16 + b"]" * 16, False), (b"[" * 17 + b"]" * 17, True), (b"[" * 60000, True), (b'{"a":' * 10000, True),
        (b'{"a":"' + b"\\u0000" + b'"}', False), (b'{"access_token":"a\\u0000b"}', False),
        (b'{"access_token":null}', False), (b"[]", False), (b"null", False), (b"1", False), (b'"x"', False), (b"true", False),
        (b'{"access_token":"' + b"\\u0061" * 10000 + b'"}', False), (b'{"access_token":"' + b"1" * 65000 + b'"}', False),
        (b"{" + b",".join(b'"k%d":1' % i for i in range(64)) + b"}", False),
        (b"{" + b",".join(b'"k%d":1' % i for i in range(5000)) + b"}", True),
        (b"{" + b",".join(b'"k%d":1' % (i % 4999) for i in range(5000)) + b"}", True),
        (b"1" * 60000, True), (b'{"a":0.' + b"0" * 60000 + b"1}", True), (b'{"a":1e-999999999999}', True))


def our_own():
    wrong = []
    for text, malformed in OURS:
        code = verdict(text)
        if (code == "json-malformed") != malformed:
            wrong.append((text[:60], len(text), code))
    assert not wrong, wrong


def main():
    global NODE  # pylint: disable=global-statement
    with harness.Node(workers=1, tenant_lines=kit.FREE) as NODE:
        kit.run(NODE, (our_own, parsing, inside_a_member))


if __name__ == "__main__":
    main()
