# SPDX-License-Identifier: MIT
"""An issuer of tokens for the tests of callers: RSA and EC keys through the openssl program, sets of
keys, tokens with whatever header and claims."""
import json
import os
import tempfile
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


FOLDER = tempfile.TemporaryDirectory(prefix="sessiond-idp-", dir=harness.FOLDER)  # pylint: disable=consider-using-with


def client(name, permissions, oidc):
    """The lines of a client of a tenant file."""
    return (f"  - id: {name}\n    permissions: [{', '.join(permissions)}]\n"
            f"    oidc: {{ issuer: \"{ISSUER}\", audience: {AUDIENCE}, {oidc} }}\n")
