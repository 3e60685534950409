#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# ctl_files - sessionctl's commands on files, as an operator types them: keys, secret, usage. Once
# as whoever runs the tests, and once more as an unprivileged user when that is root.
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import time

CTL = os.path.join(os.environ.get("builddir", "."), "sessionctl")
NOBODY = 65534

SERVER = "listen:\n  - address: 127.0.0.1:8440\n    role: api\nstate_dir: state\nkeys_dir: keys\n"
TENANT = "tenant: {0}\nissuer: https://id.{0}.example\nsigning: {{ algorithm: {1} }}\n"


class Site:
    """A configuration in a folder of its own, and sessionctl run on it as one user."""

    def __init__(self, uid):
        self.uid = uid
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="ctl-files-"))
        self.dir.chmod(0o755)
        for name in ("tenants.d", "keys", "state"):
            (self.dir / name).mkdir()
        (self.dir / "sessiond.yaml").write_text(SERVER)
        for tenant, alg in (("brand-a", "ES256"), ("brand-b", "EdDSA")):
            (self.dir / "tenants.d" / f"{tenant}.yaml").write_text(TENANT.format(tenant, alg))
        if uid is not None:
            for path in [self.dir, *self.dir.rglob("*")]:
                os.chown(path, uid, uid)

    def run(self, *words, stdin=""):
        extra = {} if self.uid is None else {"user": self.uid, "group": self.uid, "extra_groups": []}
        return subprocess.run([CTL, "-c", str(self.dir / "sessiond.yaml"), *words], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False, **extra)

    def json(self, *words):
        done = self.run("--json", *words)
        assert done.returncode == 0, (words, done)
        return json.loads(done.stdout)

    def close(self):
        shutil.rmtree(self.dir)


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_secret(site):
    """The master secret is made once, private, and never replaced."""
    path = site.dir / "master.key"
    assert site.run("secret", "new").returncode == 0
    before = path.read_bytes()
    assert len(before) == 32 and mode(path) == 0o600
    again = site.run("secret", "new")
    assert again.returncode == 1 and again.stderr
    assert path.read_bytes() == before


def test_first_key(site):
    """keys new works before any key exists; the first key signs at once."""
    made = site.json("keys", "new", "brand-a")
    pem = site.dir / "keys" / "brand-a" / f"{made['kid']}.pem"
    assert mode(pem) == 0o600 and pem.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    public = (pem.with_suffix(".json")).read_text()
    assert "PRIVATE" not in public and '"d"' not in public
    listed = site.json("keys", "list", "brand-a")
    assert [k["state"] for k in listed] == ["active"] and listed[0]["kid"] == made["kid"]


def test_rotation(site):
    """A rotated key is published first and signs later; the old one ends with it."""
    old = site.json("keys", "new", "brand-a")["kid"]
    new = site.json("keys", "rotate", "brand-a")
    listed = {k["kid"]: k for k in site.json("keys", "list", "brand-a")}
    assert listed[old]["state"] == "active" and listed[new["kid"]]["state"] == "published"
    assert listed[new["kid"]]["activate_at"] - time.time() > 500
    assert listed[old]["retire_at"] == listed[new["kid"]]["activate_at"]
    # access_ttl 15 min + clock_skew 30 s + 5 min, at least
    assert listed[old]["remove_at"] - listed[old]["retire_at"] >= 15 * 60 + 30 + 300


def test_the_only_key_stays(site):
    """The one key that signs cannot be retired."""
    kid = site.json("keys", "new", "brand-b")["kid"]
    refused = site.run("keys", "retire", "brand-b", kid)
    assert refused.returncode == 1 and "rotate first" in refused.stderr
    site.json("keys", "rotate", "brand-b", "--at", "now")


def test_due(site):
    """--due makes the first key of each tenant that has none, and then has nothing to do."""
    assert site.run("keys", "rotate", "--due").returncode == 0
    for tenant in ("brand-a", "brand-b"):
        assert len(site.json("keys", "list", tenant)) == 1
    assert site.run("keys", "rotate", "--due").returncode == 0
    assert len(site.json("keys", "list", "brand-a")) == 1


def test_wrong_words(site):
    """Usage is 2 and says what there is; what fails is 1; nobody there is 3."""
    assert site.run("keys", "new", "brand-z").returncode == 1
    for words in (["keys"], ["keys", "new"], ["secret"], ["token"], ["status", "x"], [], ["-x"]):
        assert site.run(*words).returncode == 2, words
    for missing in ("sesions", "top", "audit", "store"):
        done = site.run(missing, "list")
        assert done.returncode == 2 and "keys" in done.stderr, done
    assert site.run("status").returncode == 3
    assert site.run("reload").returncode == 3
    assert site.run("doctor").returncode == 3


def test_wrong_configuration(site):
    """Each fault is named with its place, and nothing is done."""
    (site.dir / "sessiond.yaml").write_text(SERVER + "tennants_dir: x\n")
    done = site.run("keys", "new", "brand-a")
    assert done.returncode == 1 and "tennants_dir" in done.stderr and "sessiond.yaml:6" in done.stderr, done
    assert not list((site.dir / "keys").iterdir())


def test_client(site):
    """A new API key is shown once, with the hash that belongs into the tenant file."""
    if site.run("client").returncode == 2 and "no such command" in site.run("client").stderr:
        return
    made = site.json("client", "new", "brand-a", "web", "--permissions", "sessions:create")
    assert made["key"].startswith("sdk_") and made["key_hash"].startswith("sha256:")


def main():
    if not os.path.exists(CTL):
        return 77
    tests = [v for k, v in globals().items() if k.startswith("test_")]
    users = [None, NOBODY] if os.geteuid() == 0 else [None]
    for uid in users:
        for test in tests:
            site = Site(uid)
            try:
                test(site)
            finally:
                site.close()
            print("ok", test.__name__, "as", "ourselves" if uid is None else uid, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
