#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A good configuration is in force for every worker; a bad one changes nothing and says why."""
import os
import signal
import threading
import time

import harness


def generations(node):
    return {c["generation"] for c in node.children("worker")}


def reloads(node):
    return len(node.logs("reload"))


def good_file_is_adopted_by_every_worker():
    with harness.Node() as node:
        failed, text = node.reload()
        assert not failed and "unchanged" in text, text
        before = node.status()["generation"]
        node.add_tenant("brand-b")
        failed, text = node.reload()
        assert not failed, text
        after = node.status()["generation"]
        assert after > before and generations(node) == {after}, (before, after, generations(node))
        assert node.request("GET", "/tenants/brand-b/jwks")[0] == 200
        os.unlink(node.path("tenants.d", "brand-b.yaml"))
        failed, text = node.reload()
        assert not failed, text
        assert node.request("GET", "/tenants/brand-b/jwks")[0] == 404
        assert node.request("GET", "/tenants/brand-a/jwks")[0] == 200
        signers = node.wait(lambda: len(node.pids("signer")) == 1, 10, why="old signers retired")
        assert signers


def a_removed_tenant_revives_nothing():
    """Its file comes back: the sessions of before do not, on this node at once, by the store for ever."""
    with harness.Node(tenants=("brand-a", "brand-b")) as node:
        made, other = node.create(tenant="brand-b", mode="both"), node.create(tenant="brand-a")
        path = node.path("tenants.d", "brand-b.yaml")

        def dead():
            for kind in ("access_token", "session_token"):
                status, _, body = node.request("POST", "/sessions/validate", {kind: made[kind]}, "brand-b")
                assert (status, body["code"]) == (401, "token-revoked"), body
            status, _, body = node.request("GET", "/sessions/" + made["session_id"], tenant="brand-b")
            assert (status, body["status"], body["end_reason"]) == (200, "ended", "tenant"), body

        os.rename(path, path + ".away")
        assert not node.reload()[0]
        assert node.request("GET", "/sessions", tenant="brand-b")[0] == 401  # its key went with it
        os.rename(path + ".away", path)
        assert not node.reload()[0]
        dead()
        node.wait(lambda: node.validate(node.create("later", "brand-b")["access_token"], "brand-b")[0] == 200, 5,
                  why="what is created later lives")
        assert node.stop() == 0
        node.start()
        dead()
        status, _, body = node.request("POST", "/sessions/refresh", {"refresh_token": made["refresh_token"]}, "brand-b")
        assert (status, body["code"]) == (401, "refresh-invalid"), body
        assert node.validate(other["access_token"])[0] == 200


BAD = {
    "unknown key": ("tenants.d/brand-a.yaml", lambda t: t + "sesions: { max_per_user: 3 }\n", "brand-a.yaml:"),
    "not yaml": ("tenants.d/brand-a.yaml", lambda t: t + "}{\n", "brand-a.yaml:"),
    "truncated": ("sessiond.yaml", lambda t: t[:25], "sessiond.yaml:"),
    "contradiction": ("tenants.d/brand-a.yaml", lambda t: t + "sessions: { idle_timeout: 13h, absolute_timeout: 1h }\n", "idle"),
    "empty": ("tenants.d/brand-a.yaml", lambda t: "", "brand-a.yaml"),
}


def bad_files_keep_the_old():
    with harness.Node() as node:
        before = node.status()["generation"]
        for name, (path, change, expected) in BAD.items():
            with open(node.path(path), encoding="utf-8") as f:
                good = f.read()
            node.write(path, change(good))
            failed, text = node.reload()
            assert failed and expected in text, (name, text)
            status = node.status()
            assert status["generation"] == before and status["reload"]["result"] == "refused", name
            assert status["health"]["policy"]["status"] == "degraded", name
            assert node.request("GET", "/tenants/brand-a/jwks")[0] == 200, name
            node.write(path, good)
        failed, text = node.reload()
        assert not failed, text
        node.wait(lambda: node.status()["health"]["policy"]["status"] == "ok", 2)
        assert [a for a in node.audit() if a["event"] == "policy.refused"]


def key_that_the_signer_cannot_read_keeps_the_old():
    with harness.Node() as node:
        before = node.status()["generation"]
        kid = node.add_key("brand-a", at=int(time.time()) - 60)
        pem = node.path("keys", "brand-a", kid + ".pem")
        os.rename(pem, pem + ".away")
        failed, text = node.reload()
        assert failed and "signer" in text, text
        assert node.status()["generation"] == before
        assert node.request("GET", "/readyz")[0] == 200
        os.rename(pem + ".away", pem)
        failed, text = node.reload()
        assert not failed, text


def key_is_published_by_itself():
    with harness.Node() as node:
        now = int(time.time())
        kid = node.add_key("brand-a", publish=now + 3, at=now + 5)
        failed, text = node.reload()
        assert not failed, text
        before = node.status()["generation"]
        assert kid not in str(node.request("GET", "/tenants/brand-a/jwks")[2])
        node.wait(lambda: node.status()["generation"] > before, 15, why="key timer")
        node.wait(lambda: generations(node) == {node.status()["generation"]}, 5)
        assert kid in str(node.request("GET", "/tenants/brand-a/jwks")[2])
        # becoming active changes no byte of the image, but is on record
        def states():
            return [a["detail"]["state"] for a in node.audit() if a["event"] == "key.state" and a["detail"].get("kid") == kid and
                    a["tenant"] == "brand-a"]
        node.wait(lambda: states() == ["published", "active"], 10, why="audit")


def hup_under_requests_loses_none():
    with harness.Node() as node:
        stop, bad, done = threading.Event(), [], [0]

        def ask():
            while not stop.is_set():
                try:
                    status = node.request("GET", "/tenants/brand-a/jwks")[0]
                    done[0] += 1
                    if status != 200:
                        bad.append(status)
                except OSError as e:
                    bad.append(e)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for t in threads:
            t.start()
        with open(node.path("tenants.d", "brand-a.yaml"), encoding="utf-8") as f:
            text = f.read()
        for turn in range(30):
            node.write("tenants.d/brand-a.yaml", text + "limits: { in_flight: %d }\n" % (100 + turn % 2))
            node.send(signal.SIGHUP)
            time.sleep(0.1)
        node.wait(lambda: not node.status()["reload"]["under_way"], 15, why="last reload done")
        stop.set()
        for t in threads:
            t.join()
        assert not bad, (bad[:5], len(bad), done)
        assert reloads(node) >= 3 and done[0] > 50, (reloads(node), done)
        assert node.status()["reload"]["result"] in ("done", "unchanged")


def laggard_is_replaced():
    with harness.Node() as node:
        stuck = node.kill("worker", signal.SIGSTOP)
        node.write("tenants.d/brand-a.yaml", node.tenant_text("brand-a", lines="limits: { in_flight: 99 }\n"))
        failed, text = node.reload()
        assert not failed, text
        assert not harness.process_alive(stuck)
        node.wait(lambda: len(node.children("worker")) == 2 and generations(node) == {node.status()["generation"]},
                  10, why="all on the new generation")


harness.main([a_removed_tenant_revives_nothing, good_file_is_adopted_by_every_worker, bad_files_keep_the_old,
              key_that_the_signer_cannot_read_keeps_the_old, key_is_published_by_itself,
              hup_under_requests_loses_none, laggard_is_replaced])
