# SPDX-License-Identifier: MIT
"""An issuer of tokens for the tests of callers: RSA and EC keys through the openssl program, sets of
keys, tokens with whatever header and claims, a server that publishes them."""
import contextlib
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time

import edge_kit as kit
import harness

ISSUER, AUDIENCE = "https://idp.example/realms/main", "sessiond"


class Key:
    """A key of an issuer."""

    def __init__(self, kid, folder, alg="RS256", bits=2048):
        self.kid, self.alg = kid, alg
        self.path = os.path.join(folder, "idp-%d.pem" % len(os.listdir(folder)))
        args = (("RSA", f"rsa_keygen_bits:{bits}") if alg == "RS256" else ("EC", "ec_paramgen_curve:P-256"))
        with open(self.path, "wb") as f:
            f.write(kit.openssl("genpkey", "-algorithm", args[0], "-pkeyopt", args[1]))
        if alg == "RS256":
            modulus = kit.openssl("rsa", "-in", self.path, "-noout", "-modulus").decode().split("=")[1].strip()
            self.jwk = {"kty": "RSA", "kid": kid, "use": "sig", "alg": alg, "n": harness.b64url(bytes.fromhex(modulus)),
                        "e": "AQAB", "x5t": "ignored", "x5c": ["MIIB"]}
        else:
            point = kit.openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")[-64:]
            self.jwk = {"kty": "EC", "crv": "P-256", "kid": kid, "x": harness.b64url(point[:32]),
                        "y": harness.b64url(point[32:])}

    def token(self, header=None, signature=None, **claims):
        now = int(time.time())
        head = {"alg": self.alg, "kid": self.kid, "typ": "JWT", "x5t": "ignored"}
        head.update(header or {})
        body = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "iat": now, "nbf": now, "sub": "service"}
        body.update(claims)
        parts = [harness.b64url(json.dumps({k: v for k, v in p.items() if v is not None}).encode()) for p in (head, body)]
        signed = ".".join(parts).encode()
        if signature is None:
            signature = kit.sign(self.path, signed, self.alg == "ES256")
        return ".".join((*parts, harness.b64url(signature)))


def key_set(*keys):
    """With what else an issuer publishes: keys for encryption, of kinds that we do not have."""
    return json.dumps({"keys": [{"kty": "RSA", "kid": "enc", "use": "enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"},
                                {"kty": "EC", "crv": "P-521", "kid": "p521", "x": "AA", "y": "AA"},
                                *(k.jwk for k in keys)]})


FOLDER = tempfile.TemporaryDirectory(prefix="sessiond-test-idp-", dir=harness.FOLDER)  # pylint: disable=consider-using-with


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def certificates(name, names="DNS:localhost"):
    """A CA of our own and a certificate for 127.0.0.1 (and names) by it. -> (CA, certificate, key) as paths"""
    ca, ca_key, key, csr, crt, ext = (os.path.join(FOLDER.name, name + e)
                                      for e in (".ca.pem", ".ca.key", ".key", ".csr", ".crt", ".ext"))
    run = subprocess.run
    options = {"check": True, "capture_output": True, "timeout": 60}
    run(["openssl", "req", "-x509", *NEW_KEY, "-nodes", "-keyout", ca_key, "-out", ca, "-days", "2", "-subj",
         "/CN=test CA " + name], **options)
    run(["openssl", "req", *NEW_KEY, "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=idp"], **options)
    with open(ext, "w", encoding="ascii") as f:
        f.write(f"subjectAltName=IP:127.0.0.1,{names}\n")
    run(["openssl", "x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", crt, "-days", "2",
         "-extfile", ext], **options)
    return ca, crt, key


class Issuer:
    """An HTTPS server with that set of keys; `answer(handler)` says what it does."""

    def __init__(self, certificate, *keys):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                issuer.asked.append((time.monotonic(), self.path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    issuer.answer(self)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass
        self.asked, self.answer = [], lambda h: self.keys(h, *keys)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate[1], certificate[2])
        self.handler, self.server, self.port = Handler, None, harness.free_port()
        self.up()

    def up(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # who does not trust us hangs up
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True, args=(0.05,)).start()

    def down(self):
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def say(handler, body, status=200, **headers):
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    def keys(self, handler, *keys, **headers):
        self.say(handler, key_set(*keys).encode(), **headers)


def client(name, permissions, oidc):
    """The lines of a client of a tenant file."""
    return (f"  - id: {name}\n    permissions: [{', '.join(permissions)}]\n"
            f"    oidc: {{ issuer: \"{ISSUER}\", audience: {AUDIENCE}, {oidc} }}\n")
