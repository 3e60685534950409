#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sessionctl sessions and policy preview against a running node: by the API, with a key from a file that
nobody else can read, to this machine alone."""
import json
import os
import sys

import harness
from ctl_live import run

A = "brand-a"
NODE, KEY = None, None


def ctl(*words, code=0):
    done = run(NODE, *words, "--key-file", KEY)
    assert done.returncode == code, (words, done)
    return done


def answer(*words):
    return json.loads(ctl("--json", *words).stdout)


def sessions():
    made = [NODE.create(f"al ice/{i % 2}", ip="192.0.2.1")["session_id"] for i in range(5)]
    assert [s["session_id"] for s in answer("sessions", "list", A)["items"]] == made[::-1]
    page = answer("sessions", "list", A, "--user", "al ice/1", "--limit", "1")
    assert [s["session_id"] for s in page["items"]] == [made[3]]
    page = answer("sessions", "list", A, "--user", "al ice/1", "--limit", "1", "--cursor", page["next_cursor"])
    assert [s["session_id"] for s in page["items"]] == [made[1]] and page["next_cursor"] is None
    text = ctl("sessions", "list", A, "--limit", "2").stdout
    assert made[4] in text and made[3] in text and made[2] not in text and "more: --cursor " in text, text
    text = ctl("sessions", "list", A, "--limit", "2", "--all").stdout
    assert all(sid in text for sid in made) and "more" not in text
    assert answer("sessions", "show", A, made[0])["user_id"] == "al ice/0"
    assert answer("sessions", "explain", A, made[0])["decided_by"] == "idle"
    assert "decided_by" in ctl("sessions", "explain", A, made[0]).stdout
    assert answer("sessions", "revoke", A, made[0])["revoked"] == 1
    assert answer("sessions", "show", A, made[0])["end_reason"] == "admin"
    assert answer("sessions", "revoke", A, "--user", "al ice/1")["revoked"] == 2
    assert answer("sessions", "list", A, "--status", "active", "--ip", "192.0.2.1")["items"][0]["session_id"] == made[4]
    assert "session-unknown" in ctl("sessions", "show", A, "A" * 22, code=1).stderr
    assert "tenant-unknown" in ctl("sessions", "list", "brand-x", code=1).stderr


def refusals():
    for words in (("sessions",), ("sessions", "list"), ("sessions", "what", A), ("sessions", "show", A), ("sessions", "revoke", A),
                  ("sessions", "list", A, "--user"), ("sessions", "list", A, "--user", "a", "--user", "b"), ("policy", "preview"),
                  ("sessions", "list", A, "x", "y")):
        ctl(*words, code=2)
    assert run(NODE, "sessions", "list", A).returncode == 2  # no key file
    for url, code in (("http://192.0.2.1:8440", 1), ("https://127.0.0.1:1", 1), ("http://127.0.0.1:1", 3), ("http://127.0.0.1", 1),
                      ("unix:/nonexistent.sock", 3), ("http://example.com:80", 1)):
        ctl("sessions", "list", A, "--url", url, code=code)
    assert answer("sessions", "list", A, "--url", f"http://localhost:{NODE.port}")["items"]
    os.chmod(KEY, 0o644)
    assert "only its owner" in ctl("sessions", "list", A, code=1).stderr
    os.chmod(KEY, 0o600)
    wrong = KEY + ".wrong"
    with open(wrong, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write("sdk_" + "A" * 43)
    done = run(NODE, "sessions", "list", A, "--key-file", wrong)
    assert done.returncode == 1 and "caller-unauthenticated" in done.stderr, done


def preview():
    """The files as they are now, before a reload, against the sessions that live."""
    configure("sessions: { idle_timeout: 20m, absolute_timeout: 1h, touch_interval: 60s, max_per_user: 1 }\n"
              "devices: { trust: { none: { step_up: mfa }, kiosk: { idle_timeout: 2m, max_per_user: 1 } } }\n")
    p = answer("policy", "preview", A)
    assert p["live_sessions"] == 2 and p["would_end"]["total"] == 0 and (p["would_limit"]["users"], p["would_limit"]["sessions"]) == (1, 1), p
    assert p["policy"]["idle_timeout_in"] == 1200 and p["would_step_up"] == 2, p
    assert "would_limit.users" in ctl("policy", "preview", A).stdout
    ctl("policy", "preview", "brand-x", code=1)


def configure(lines):
    NODE.write(f"tenants.d/{A}.yaml", NODE.tenant_text(A, None, lines).replace("sessions:revoke]", "sessions:revoke, admin]"))


def main():
    global NODE, KEY  # pylint: disable=global-statement
    with harness.Node(workers=1, tenants=(A,), start=False) as NODE:
        KEY = os.path.join(NODE.base, "key")
        with open(KEY, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(NODE.api_keys[A] + "\n")
        configure("")
        NODE.start()
        harness.main([sessions, refusals, preview])


if __name__ == "__main__":
    sys.exit(main())
