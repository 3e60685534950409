#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Token mutations over HTTP, with the tenant's own key where only strictness can stop them: each is
refused with its stable code, leaves no trace, and calls nobody."""
import base64
import hashlib
import hmac
import json
import os
import socket
import time

import edge_kit as kit
import harness

A, E = "brand-a", "brand-e"  # RS256, ES256
BAD, SIG, ISS, AUD = "token-malformed", "token-signature", "token-issuer", "token-audience"
NOT_YET, EXP, OK = "token-not-yet-valid", "token-expired", None
NODE, TOKENS = None, None
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def raw(obj):
    return obj if isinstance(obj, bytes) else json.dumps(obj, separators=(",", ":")).encode()


class Tokens:
    """A genuine token of a tenant, its parts, and the tenant's key to sign others."""

    def __init__(self, node, tenant):
        self.tenant, self.es256 = tenant, tenant == E
        self.pem, side = kit.private_key(node, tenant)
        self.kid = side["kid"]
        self.public = kit.openssl("pkey", "-in", self.pem, "-pubout")
        self.spki = kit.openssl("pkey", "-in", self.pem, "-pubout", "-outform", "DER")
        self.made = node.create(tenant=tenant)
        self.token = self.made["access_token"]
        self.head, self.payload, self.signature = self.token.split(".")
        self.header, self.claims = (json.loads(kit.unb64(p)) for p in (self.head, self.payload))
        self.sock = kit.connect(node.port)

    def sign(self, header=None, claims=None, head=None, payload=None):
        """Genuine. header, claims: members changed (... deletes one), or raw bytes; or whole parts."""
        def merged(base, change):
            if isinstance(change, dict):
                return {k: v for k, v in {**base, **change}.items() if v is not ...}
            return base if change is None else change
        text = "%s.%s" % (head or kit.b64(raw(merged(self.header, header))), payload or kit.b64(raw(merged(self.claims, claims))))
        return text + "." + kit.b64(kit.sign(self.pem, text.encode(), self.es256))

    def forged(self, header, signature=None, payload=None):
        return ".".join((kit.b64(raw({**self.header, **header})), payload or self.payload,
                         self.signature if signature is None else signature))

    def code(self, token, **more):
        """None when valid, else the code of the refusal."""
        self.sock.sendall(kit.request("POST", "/sessions/validate", {"access_token": token, **more},
                                      Authorization="Bearer " + NODE.api_keys[self.tenant]))
        got = b""
        while True:
            got += self.sock.recv(65536)
            head, mark, body = got.partition(b"\r\n\r\n")
            if mark and len(body) >= int(kit.Answer(head, b"").get("Content-Length")):
                break
        (answer,) = kit.answers(got)
        if answer.get("Connection") == "close":
            self.sock.close()
            self.sock = kit.connect(NODE.port)
        assert answer.status < 500, answer
        return None if answer.status == 200 else answer.json()["code"]

    def expect(self, rows):
        wrong = []
        assert self.code(self.sign()) is None  # what is signed so and not changed is good
        for name, token, want in rows:
            got = self.code(token)
            if got not in (want if isinstance(want, tuple) else (want,)):
                wrong.append((name, want, got, token[:60]))
        assert not wrong, wrong


def algorithms():
    t, rows = TOKENS, []
    for alg in ("none", "None", "NONE", "nOnE", "none ", " none", ""):
        rows += [("A1", t.forged({"alg": alg}, ""), BAD), ("A2", t.forged({"alg": alg}), BAD)]
    rows += [("A3.0", f"{t.head}.{t.payload}.", BAD), ("A3.1", f"{t.head}.{t.payload}", BAD)]
    for bits in (256, 384, 512):
        for key in (t.public, t.public.rstrip(b"\n"), t.spki, b" " + t.public, b"", b"\0", bytes(32), t.kid.encode()):
            text = kit.b64(raw({**t.header, "alg": f"HS{bits}"})) + "." + t.payload
            rows.append(("A4", text + "." + kit.b64(hmac.new(key, text.encode(), f"sha{bits}").digest()), BAD))
    for alg in ("PS256", "ES256", "EdDSA"):  # ours, but not this key's
        rows.append(("A5", t.sign(header={"alg": alg}), SIG))
    for alg in ("RS384", "RS512", "PS384", "ES384", "ES512", "ES256K", "HS256", "dir", "A128KW", "RSA-OAEP", "foo",
                "rs256", "RS256 ", "RS256\0", "eddsa", None, 256, True, ["RS256"], {"alg": "RS256"}, ...):
        rows.append(("A5-7 %r" % (alg,), t.sign(header={"alg": alg}), BAD))
    t.expect(rows)


def signatures():
    t, sig = TOKENS, kit.unb64(TOKENS.signature)
    def with_(name, s, want=SIG):
        return name, f"{t.head}.{t.payload}.{kit.b64(s)}", want
    flipped = bytes([sig[0] ^ 1]) + sig[1:]
    t.expect([with_("S1", flipped), with_("S1", sig[:-1] + bytes([sig[-1] ^ 0x80])), with_("S2", sig[:-1]), with_("S3", sig + b"\0"),
              with_("S4", b"\0" + sig), with_("S5", bytes(256)), with_("S6", b"\xff" * 256), with_("S7", b"x" * 5000),
              with_("S7", b"x" * 40000, BAD), with_("", b"x"), with_("", sig + sig)])
    e = Tokens(NODE, E)
    pair = kit.unb64(e.signature)
    r, s = int.from_bytes(pair[:32], "big"), int.from_bytes(pair[32:], "big")
    rows = [("S8", kit.openssl("dgst", "-sha256", "-sign", e.pem, data=f"{e.head}.{e.payload}".encode()))]
    n = ORDER
    for x, y in ((r + n, s), (r, s + n), (0, 0), (0, 1), (1, 0), (n, n), (n, 0), (0, n), (n - 1, n - 1), (1, 1), (s, r)):
        rows.append(("S9-10", (x % 2**256).to_bytes(32, "big") + (y % 2**256).to_bytes(32, "big")))
    e.expect([(name, f"{e.head}.{e.payload}.{kit.b64(x)}", SIG) for name, x in rows])
    assert e.code(e.token) is None and e.code(e.sign()) is None


def twin_of_a_revoked_token():
    """S11: n-s verifies as well: what is denied is the session, not a text."""
    for field in ("access_token", "session_id"):
        e = Tokens(NODE, E)
        pair = kit.unb64(e.signature)
        twin = f"{e.head}.{e.payload}." + kit.b64(pair[:32] + (ORDER - int.from_bytes(pair[32:], "big")).to_bytes(32, "big"))
        again = e.sign()  # and another good signature over the same text
        seen = (twin, e.token) if field == "access_token" else ()  # known to the workers before, or not
        assert twin != e.token and [e.code(x) for x in seen] == [None] * len(seen)
        _, _, body = NODE.request("POST", "/sessions/revoke", {field: e.made[field]}, E)
        assert body["revoked"] == 1, body
        for _ in range(4):
            assert {e.code(x) for x in (e.token, twin, again)} == {"session-revoked"}
    e = Tokens(NODE, E)  # revoked by the twin: the original is gone too
    pair = kit.unb64(e.signature)
    twin = f"{e.head}.{e.payload}." + kit.b64(pair[:32] + (ORDER - int.from_bytes(pair[32:], "big")).to_bytes(32, "big"))
    assert NODE.request("POST", "/sessions/revoke", {"access_token": twin}, E)[2]["revoked"] == 1
    assert e.code(e.token) == "session-revoked"


def compact_form():
    t, tok = TOKENS, TOKENS.token
    h, p, s = t.head, t.payload, t.signature
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = s[:-1] + alphabet[alphabet.index(s[-1]) | 1]
    assert spare != s
    flat = {"protected": h, "payload": p, "signature": s}
    texts = [f"{tok}.", f"{tok}.x", f"{tok}.{s}", f".{tok}", f"{h}..{s}", f".{p}.{s}", ".", "..", "...", f"{h}.{p}.{s}.{p}.{s}",
             "x", f" {tok}", f"{tok} ", f"{h} .{p}.{s}", f"{h}.{p[:9]} {p[9:]}.{s}", tok + "=", tok + "==", f"{h}=.{p}.{s}",
             f"{h}%2e{p}%2e{s}", f"{h}.{p}?.{s}", f"{h}+.{p}.{s}", f"{h}/.{p}.{s}", "Bearer " + tok, f"{tok},{tok}", f'"{tok}"',
             f"{h}.{p}.{spare}", json.dumps(flat), json.dumps({"payload": p, "signatures": [{"protected": h, "signature": s}]}),
             json.dumps({**flat, "x": tok}), f"{h}.x.{p}.{s}.y", "x" * 8193, tok + "A" * 8000]
    jwe = kit.b64(raw({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2147483647, "p2s": "AAAA"}))
    texts += [f"{jwe}.AAAA.AAAA.AAAA.AAAA", t.sign(head=kit.b64(raw({**t.header, "alg": "RSA-OAEP", "enc": "A128GCM"})))]
    rows = [("B %r" % x[-20:], x, BAD) for x in texts]
    head91 = next(x for pad in range(3) for x in [kit.b64(raw(t.header) + b" " * pad)] if len(x) % 4)
    last = alphabet.index(head91[-1])
    rows.append(("B91", t.sign(head=head91[:-1] + alphabet[last | 1]), BAD))
    rows.append(("B92", t.sign(payload=base64.b64encode(raw({**t.claims, "x": "??>>"})).decode()), BAD))
    texts = ("", f"{tok}\t", f"\n{tok}", f"{h}.{p[:9]}\n{p[9:]}.{s}", tok + "\0", tok + "\0garbage", "A" * 30000)
    t.expect(rows + [("B %r" % x[:20], x, BAD) for x in texts])


def header_parameters():
    t, rows = TOKENS, []
    for crit in (["x"], ["b64"], [], "x", None, 1, ["alg"], ["x", "x"]):
        rows.append(("H1", t.sign(header={"crit": crit, "x": 1}), BAD))
    rows += [("H2", t.sign(header={"b64": False, "crit": ["b64"]}), BAD), ("H3", t.sign(header={"b64": False}), BAD),
             ("H4", t.sign(header={"zip": "DEF"}), BAD)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = "http://127.0.0.1:%d/keys" % listener.getsockname()[1]
        for change in ({"jku": url}, {"x5u": url}, {"jwk": {"kty": "RSA", "n": "AQAB", "e": "AQAB"}}, {"x5c": ["MIIB"]},
                       {"x5t": "AAAA"}, {"kid": url}):
            rows += [("H5-8", t.sign(header=change), BAD), ("H5-8", t.forged(change, kit.b64(os.urandom(256))), BAD)]
        t.expect(rows)
        listener.settimeout(0.2)
        try:
            listener.accept()
            raise AssertionError("an outbound connection")
        except TimeoutError:
            pass
    rows = []
    for kid, want in (("", BAD), ("../../../../etc/passwd", BAD), ("/dev/null", BAD), ("|id", BAD), ("' or 1=1--", BAD), ("*)(uid=*", BAD),
                      ("%s%n", BAD), ("k" * 1000, BAD), ("k" * 5000, BAD), (t.kid + "\0", BAD), (t.kid + " ", BAD), (t.kid.upper(), SIG),
                      ("x\r\nFLUSHALL\r\n", BAD), ("{sd1}", BAD), ("*", BAD), ("\u202e", BAD), ("\ufffd", BAD), (t.kid[:-1], SIG), (t.kid + "A", SIG),
                      (None, BAD), (1, BAD), (True, BAD), ([t.kid], BAD), ({"kid": t.kid}, BAD), (..., BAD)):
        rows.append(("H9-12 %r" % (kid,), t.sign(header={"kid": kid}), want))
        if kid is not ...:
            text = kit.b64(raw({**t.header, "alg": "HS256", "kid": kid})) + "." + t.payload
            rows.append(("H9", text + "." + kit.b64(hmac.new(bytes(32), text.encode(), hashlib.sha256).digest()), BAD))
    for typ in ("JWT", "jwt", "refresh+jwt", "logout+jwt", "id_token", "dpop+jwt", "JWE", "AT+JWT", "application/at+jwt", "", 1, None, ...):
        rows.append(("H13 %r" % (typ,), t.sign(header={"typ": typ}), BAD))
    t.expect(rows)


def json_layer():
    t, rows = TOKENS, []
    claims, header = raw(t.claims), raw(t.header)
    for name in ("sub", "exp", "tid", "sid"):
        member = raw({name: t.claims[name]})[1:-1]
        rows += [("J1-4", t.sign(claims=claims[:-1] + b"," + member + b"}"), BAD),
                 ("J5", t.sign(claims=claims[:-1] + b"," + member.replace(b'"' + name[:1].encode(), b'"\\u%04x' % ord(name[0]), 1) + b"}"), BAD)]
    for name in ("alg", "kid", "typ"):
        rows.append(("J1", t.sign(header=header[:-1] + b"," + raw({name: t.header[name]})[1:-1] + b"}"), BAD))
    def sub(text):
        return claims.replace(b'"alice"', text)
    for text in (sub(b'"a\\u0000b"'), sub(b'"a\0b"'), sub(b'"\xc3\x28"'), sub(b'"\xc0\xaf"'), sub(b'"\\ud800"'), sub(b"'alice'"), sub(b"NaN"),
                 claims + b"x", claims + b"\0", b"\xef\xbb\xbf" + claims, claims.decode().encode("utf-16"), claims[:-1] + b"/**/}", claims[:-1] + b",}",
                 b"[" + claims + b"]", b'"x"', b"null", b"{}", claims + claims, b"", sub(b"1" * 3000), claims[:-1] + b',"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
                 claims[:-1] + b',"a":' + b'{"a":' * 500 + b"1" + b"}" * 501, claims[:-1] + b"," + b",".join(b'"%d":1' % i for i in range(400)) + b"}",
                 sub(b'"' + b"x" * 257 + b'"'), sub(b'"' + b"x" * 4000 + b'"'), claims[:-1]):
        rows.append(("J %r" % text[:30], t.sign(claims=text) if text else f"{t.head}..{t.signature}", BAD))
    for text in (b"[" + header + b"]", b"null", b"1", b'{"a":' * 600 + header + b"}" * 600, header + b" x", header[:-1] + b",}"):
        rows.append(("J30", t.sign(header=text), BAD))
    rows += [("J32", t.sign(claims=b" \t\r\n" + claims + b"\n"), OK), ("J32", t.sign(header=header.replace(b":", b" : ") + b" "), OK)]
    t.expect(rows)


def times():
    t, now = TOKENS, int(time.time())
    def literal(name, text):
        return raw({**t.claims, name: "@"}).replace(b'"@"', text)
    rows = [("T1 hour", t.sign(claims={"exp": now - 3600, "iat": now - 7200}), EXP), ("T1 second", t.sign(claims={"exp": now - 1, "iat": now - 100}), EXP),
            ("T1 alone", t.sign(claims={"exp": now - 3600}), EXP), ("T1 0", t.sign(claims={"exp": 0}), EXP)]
    for exp in (-1, ..., None, str(now + 600), True, [now + 600], {}, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 2**64 + now + 600, now + 600.5, now + 600.0):
        rows.append(("T1 %r" % (exp,), t.sign(claims={"exp": exp}), BAD))
    for exp in (2**31, 2**32, 253402300800):  # policy: what the key signed is as long as it says; the session's clocks hold
        rows.append(("T1 policy", t.sign(claims={"exp": exp}), OK))
    for text in (b"1e400", b"-1e400", b"1e308", b"9e99", b"0x7fffffff", b"+%d" % (now + 600), b"%dn" % (now + 600), b"-0", b"Infinity", b"%de0" % (now + 600),
                 b"0%d" % (now + 600), b"." + b"5"):
        rows.append(("T2 %r" % text, t.sign(claims=literal("exp", text)), BAD))
    for name in ("nbf", "iat"):
        rows.append(("T3-4 future", t.sign(claims={name: now + 300, "exp": now + 900}), NOT_YET))
        for value in (2**63, 2**64 + now, str(now), None, -1, True, 1.5):
            rows.append(("T3-4 %s %r" % (name, value), t.sign(claims={name: value}), BAD))
    rows.append(("T4", t.sign(claims={"iat": ...}), BAD))
    rows.append(("T5", t.sign(claims={"exp": now + 10, "iat": now + 20}), BAD))
    t.expect(rows)


def identity():
    t, rows = TOKENS, []
    iss = t.claims["iss"]
    for value, want in (("", BAD), (..., BAD), (None, BAD), (1, BAD), ([iss], BAD), ("https://evil.example", ISS), (iss + "/", ISS), (iss + " ", ISS),
                        (iss.upper(), ISS), (iss + "\0", (BAD, ISS)), ("x" * 4000, ISS)):
        rows.append(("C.iss %r" % str(value)[:20], t.sign(claims={"iss": value}), want))
    for value, want in (("", BAD), (..., BAD), (None, BAD), (1, BAD), ([], BAD), ([1], BAD), ({}, BAD), (["x"] * 100, BAD)):
        rows.append(("C.aud %r" % str(value)[:20], t.sign(claims={"aud": value}), want))
    for value in ("", ..., None, 1, ["a"], "a\0b", "x" * 257, "a\u007fb", "a\nb"):
        rows.append(("C.sub %r" % str(value)[:20], t.sign(claims={"sub": value}), BAD))
    for value in ("", ..., None, 1, ["a"], "*", "x\r\nFLUSHALL\r\n", "a\0", "../x", "{x}", "x" * 129):
        rows.append(("C.jti %r" % str(value)[:20], t.sign(claims={"jti": value}), BAD))
    for value, want in (("brand-b", ISS), ("", BAD), (..., BAD), (None, BAD), ("*", BAD), (A + ":", BAD), ("../" + A, BAD), (A.upper(), BAD), ([A], BAD)):
        rows.append(("C.tenant %r" % (value,), t.sign(claims={"tid": value}), want))
    for value, want in (("", BAD), (..., BAD), ("../x", BAD), (t.claims["sid"] + "A", BAD), (t.claims["sid"][:-1] + "B", BAD), (1, BAD)):
        rows.append(("C.sid %r" % (value,), t.sign(claims={"sid": value}), want))
    for value, want in (("", BAD), (..., BAD), ("nobody", "token-revoked"), ("a:b", BAD)):
        rows.append(("C.client %r" % (value,), t.sign(claims={"client_id": value}), want))
    t.expect(rows)
    listed = t.sign(claims={"aud": ["api://other", "api://x"]})
    assert t.code(listed) is None and t.code(listed, audience="api://x") is None and t.code(listed, audience="api://y") == AUD
    e = Tokens(NODE, E)
    assert t.code(e.token) == SIG and e.code(t.token) == SIG


def no_trace():
    """A forged token leaves no key in the store, no text in a log; the genuine one is good still."""
    mark = "FORGED-BY-TEST"
    for token in (TOKENS.forged({"kid": mark}), TOKENS.sign(claims={"jti": mark + "\n"}), mark + "." + mark + "." + mark):
        assert TOKENS.code(token) in (BAD, SIG)
    for path in (NODE.log_path, NODE.path("state", "audit.log")):
        with open(path, encoding="utf-8", errors="replace") as f:
            assert mark not in f.read(), path
    assert TOKENS.code(TOKENS.token) is None


def main():
    global NODE, TOKENS  # pylint: disable=global-statement
    with harness.Node(workers=1, tenants=(A, "brand-b", E), tenant_lines=kit.FREE, start=False) as NODE:
        kit.replace_by_es256(NODE, E)
        text = NODE.tenant_text(E, lines=kit.FREE + "signing: { algorithm: ES256 }\n")
        NODE.write(f"tenants.d/{E}.yaml", text)
        NODE.start()
        TOKENS = Tokens(NODE, A)
        assert TOKENS.code(TOKENS.sign()) is None
        kit.run(NODE, (algorithms, signatures, twin_of_a_revoked_token, compact_form, header_parameters, json_layer,
                       times, identity, no_trace))


if __name__ == "__main__":
    main()
