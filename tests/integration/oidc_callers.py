#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that call with the token of an issuer they trust: who it is, what he may, and every token
that is not quite right."""
import base64
import json
import time

import harness
import oidc_kit
from oidc_kit import AUDIENCE, FOLDER, ISSUER, Key

NODE = None
GOOD, EC, OTHER = (Key("k/1+", FOLDER.name), Key("ec", FOLDER.name, "ES256"), Key("k/1+", FOLDER.name))
ALL = ["sessions:create", "sessions:list", "sessions:read"]
LIST = "/sessions/user/nobody"


def tenant_file(more=""):
    NODE.write("idp.json", oidc_kit.key_set(GOOD, EC))
    keys = "jwks_file: idp.json"
    NODE.write("tenants.d/brand-a.yaml", NODE.tenant_text("brand-a")
               + oidc_kit.client("any", ALL, keys + ", permissions_claim: realm_access.roles, roles: { reader: [sessions:list, sessions:read, admin] }")
               + oidc_kit.client("batch", ["sessions:list"], keys + ", authorized_party: batch") + more)


def call(token, path=LIST, method="GET", body=None, how="Authorization", **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    headers[how] = ("Bearer " if how == "Authorization" else "") + token
    return NODE.request(method, path, body, headers=headers)


def roles(*names):
    return {"realm_access": {"roles": list(names)}}


def refused(token, why, path=LIST):
    """401, each time (nothing bad is remembered); the reason stands in the trail alone. Of a second's
    many refusals not all are recorded."""
    def recorded():
        status, headers, body = call(token, path)
        assert status == 401 and body["code"] == "caller-unauthenticated", (why, body)
        assert headers["WWW-Authenticate"] == "Bearer" and body["detail"].startswith("Send a valid API key"), body
        assert why not in json.dumps(body)
        end = time.monotonic() + 0.2
        found = []
        while not found and time.monotonic() < end:
            found = [r for r in NODE.audit() if r["request_id"] == body["request_id"]]
        return found
    record = harness.wait_for(recorded, why="the record")[0]
    assert record["event"] == "caller.refused" and record["reason"] == why, (why, record)


def test_who_it_is():
    for key in (GOOD, EC):
        token = key.token(**roles("sessions:list", "sessions:create", "unknown"))
        for how in ("Authorization", "X-API-Key"):
            assert call(token, how=how)[0] == 200
    status, _, made = call(token, "/sessions", "POST", {"user_id": "x", "client_id": "any"})
    assert status == 201, made

    def recorded():
        return [r for r in NODE.audit() if r["session_id"] == made["session_id"]]
    assert harness.wait_for(recorded)[0]["actor"] == {"type": "client", "id": "any"}
    assert call(token, "/tenants/brand-a" + LIST)[0] == 200
    for tenant in ("brand-b", "nobody"):
        status, _, body = call(token, f"/tenants/{tenant}{LIST}")
        assert status == 404 and body["code"] == "tenant-unknown", body


def missing(token, permission, path=LIST, method="GET"):
    status, _, body = call(token, path, method)
    assert (status, body["code"], body["detail"]) == (403, "permission-missing", permission), body


def test_what_it_may():
    missing(GOOD.token(), "sessions:list")
    missing(GOOD.token(**roles("sessions:read")), "sessions:list")
    missing(GOOD.token(**roles("sessions:list")), "sessions:read", "/sessions/" + "A" * 22)
    assert call(GOOD.token(**roles("sessions:list")))[0] == 200
    assert call(GOOD.token(realm_access={"roles": "sessions:read sessions:list"}))[0] == 200
    assert call(GOOD.token(**roles("reader")))[0] == 200  # a role of the file
    missing(GOOD.token(**roles("reader")), "sessions:create", "/sessions", "POST")
    # more than the client has is not given by any token
    missing(GOOD.token(**roles("sessions:list", "sessions:delete", "admin")), "sessions:delete", "/sessions/" + "A" * 22, "DELETE")
    # its own client, without a claim: what the file says
    for party in ({"azp": "batch"}, {"client_id": "batch"}):
        assert call(GOOD.token(**party))[0] == 200
        missing(GOOD.token(**party, **roles("sessions:read")), "sessions:read", "/sessions/" + "A" * 22)
    assert call(GOOD.token(azp="someone", **roles("sessions:list")))[0] == 200


def test_audiences_and_types():
    assert call(GOOD.token(aud=["x", AUDIENCE], azp="batch"))[0] == 200
    for typ in (None, "jwt", "at+jwt", "application/at+jwt"):
        assert call(GOOD.token({"typ": typ}, azp="batch"))[0] == 200, typ
    for aud in ("x", [], ["x"], AUDIENCE + "x", ""):
        refused(GOOD.token(aud=aud, azp="batch"), "caller-issuer")
    for issuer in ("https://idp.example", ISSUER + "/", "https://id.brand-a.example"):
        refused(GOOD.token(iss=issuer, azp="batch"), "caller-issuer")


def test_malformed():
    good = {"azp": "batch"}
    for header in ({"alg": "none"}, {"alg": "HS256"}, {"alg": "rs256"}, {"alg": None}, {"typ": "logout+jwt"}, {"typ": "dpop+jwt"},
                   {"crit": ["exp"]}, {"jku": "https://x.example"}, {"jwk": GOOD.jwk}, {"x5c": ["x"]}, {"x5u": "x"},
                   {"zip": "DEF"}, {"b64": False}, {"kid": None}, {"kid": ""}, {"kid": "x" * 129}, {"kid": 1}):
        refused(GOOD.token(header, **good), "caller-malformed")
    for claims in ({"exp": None}, {"exp": "1"}, {"exp": 9e9 + 0.5}, {"aud": None}, {"iss": None}, {"aud": 1}, {"nbf": "x"}):
        refused(GOOD.token(**{**good, **claims}), "caller-malformed")
    token = GOOD.token(**good)
    for bad in (token + ".", token.rsplit(".", 1)[0] + ".", "x" * 100, "." * 100, token + "=", "a" * 9000):
        refused(bad, "caller-malformed")


def test_signatures():
    good = {"azp": "batch"}
    refused(OTHER.token(**good), "caller-signature")
    refused(GOOD.token({"kid": "ec"}, **good), "caller-signature")
    refused(EC.token({"kid": GOOD.kid}, **good), "caller-signature")
    refused(GOOD.token({"alg": "PS256"}, **good), "caller-signature")
    refused(GOOD.token(signature=b"\0" * 256, **good), "caller-signature")
    refused(EC.token(signature=b"\0" * 64, **good), "caller-signature")
    for kid in ("other", "enc", "p521"):
        refused(GOOD.token({"kid": kid}, **good), "caller-key")
    head, payload, signature = GOOD.token(**good).split(".")
    raised = json.loads(base64.urlsafe_b64decode(payload + "=="))
    raised["exp"] += 1
    refused(".".join((head, harness.b64url(json.dumps(raised).encode()), signature)), "caller-signature")
    # our own token is no caller's
    made = NODE.create("u")
    refused(made["access_token"], "caller-issuer")


def test_times():
    now = int(time.time())
    refused(GOOD.token(azp="batch", exp=now), "caller-times")
    refused(GOOD.token(azp="batch", nbf=now + 120), "caller-times")
    refused(GOOD.token(azp="batch", iat=now + 120), "caller-times")
    assert call(GOOD.token(azp="batch", nbf=now + 10))[0] == 200  # within clock_skew
    token = GOOD.token(azp="batch", exp=now + 2)
    assert call(token)[0] == 200
    harness.wait_for(lambda: time.time() >= now + 2, why="expiry")
    refused(token, "caller-times")  # remembered, and over all the same


def test_order_of_checks():
    token = GOOD.token(azp="batch")
    status, _, body = call(token, "/sessions", "POST", "{", Content_Type="text/plain")
    assert status == 403 and body["detail"] == "sessions:create", body
    token = GOOD.token(**roles("sessions:create"))
    assert call(token, "/sessions", "POST", "{", Content_Type="text/plain")[0] == 415
    status, _, body = call("x." + token, "/sessions", "POST", "{", Content_Type="text/plain")
    assert status == 401
    status, _, body = NODE.request("GET", LIST, headers={"Authorization": "Bearer " + token, "X-API-Key": token})
    assert status == 400 and body["code"] == "header-invalid"


def test_a_reload_takes_a_key_away():
    token, ec = GOOD.token(azp="batch"), EC.token(azp="batch")
    assert call(token)[0] == call(ec)[0] == 200
    NODE.write("idp.json", oidc_kit.key_set(EC))
    assert not NODE.reload()[0]
    refused(token, "caller-key")  # though its signature was remembered
    assert call(ec)[0] == 200
    NODE.write("idp.json", "{}")
    failed, text = NODE.reload()
    assert failed and "idp.json:1:1: (file): no set of keys" in text, text
    assert call(ec)[0] == 200  # a wrong file replaces nothing
    tenant_file()
    assert not NODE.reload()[0]
    assert call(token)[0] == 200


if __name__ == "__main__":
    with harness.Node(tenants=("brand-a", "brand-b"), start=False) as NODE:
        tenant_file()
        NODE.start()
        harness.main([test_who_it_is, test_what_it_may, test_audiences_and_types, test_malformed, test_signatures, test_times,
                      test_order_of_checks, test_a_reload_takes_a_key_away])
