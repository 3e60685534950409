#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# ctl_policy - from nothing to a configuration that is fine, as an operator types it: tenant, keys,
# client, policy; and sessiond -t and -T on the same files.
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ.get("builddir", ".")).resolve()


def run(site, *words, tool="sessionctl", config="sessiond.yaml"):
    return subprocess.run([str(BUILD / tool), "-c", config, *words], cwd=site, capture_output=True,
                          text=True, timeout=60, check=False)


def good(site, *words, **more):
    done = run(site, *words, **more)
    assert done.returncode == 0, (words, done)
    return done.stdout


def test_from_nothing(site):
    """tenant new, keys new, client new, and the entry that it prints pasted in."""
    (site / "sessiond.yaml").write_text("")
    good(site, "tenant", "new", "brand-a", "--issuer", "https://id.brand-a.example")
    again = run(site, "tenant", "new", "brand-a", "--issuer", "https://id.brand-a.example")
    assert again.returncode == 1 and "exists" in again.stderr, again
    refused = run(site, "policy", "check")
    assert refused.returncode == 1 and "sessionctl keys new brand-a" in refused.stderr, refused
    good(site, "keys", "new", "brand-a")
    text = good(site, "client", "new", "brand-a", "web", "--permissions", "sessions:create,admin")
    path = site / "tenants.d" / "brand-a.yaml"
    entry = text[text.index("clients:\n"):]
    path.write_text(path.read_text().replace("clients: []\n", entry))
    assert "fine, 1 tenant" in good(site, "policy", "check")
    rows = json.loads(good(site, "--json", "tenant", "list"))
    assert rows == [{"tenant": "brand-a", "issuer": "https://id.brand-a.example",
                     "algorithm": "RS256", "clients": 1}], rows


def test_client_keys(site):
    """The hash is of the whole key; names and permissions are checked; nothing is written."""
    before = sorted(p.name for p in site.rglob("*"))
    made = json.loads(good(site, "--json", "client", "new", "brand-a", "web", "--permissions", "admin"))
    assert sorted(made) == ["key", "key_hash"]
    assert made["key"].startswith("sdk_") and len(made["key"]) == 47
    assert made["key_hash"] == "sha256:" + hashlib.sha256(made["key"].encode()).hexdigest()
    wrong = run(site, "client", "new", "brand-a", "web", "--permissions", "sessions:creat")
    assert wrong.returncode == 2 and 'did you mean "sessions:create"?' in wrong.stderr, wrong
    assert run(site, "client", "new", "Brand", "web", "--permissions", "admin").returncode == 2
    assert run(site, "client", "new", "brand-a", "a b", "--permissions", "admin").returncode == 2
    assert run(site, "client", "new", "brand-a").returncode == 2
    assert before == sorted(p.name for p in site.rglob("*"))


def test_show_and_explain(site):
    """Every value has its origin."""
    shown = good(site, "tenant", "show", "brand-a")
    assert "sessions.idle_timeout: 30m" in shown and "tenants.d/brand-a.yaml:2" in shown
    values = json.loads(good(site, "--json", "tenant", "show", "brand-a"))
    assert values["sessions.idle_timeout"] == {"value": "30m", "line": 0}
    assert run(site, "tenant", "show", "nobody").returncode == 1
    one = json.loads(good(site, "--json", "policy", "explain", "brand-a", "tokens.access_ttl"))
    assert one["value"] == "15m" and one["effect"] == "reload", one
    assert "must" not in good(site, "policy", "explain", "workers")
    miss = run(site, "policy", "explain", "brand-a", "tokens.acces_ttl")
    assert miss.returncode == 1 and 'did you mean "tokens.access_ttl"?' in miss.stderr, miss


def test_diff(site):
    """Where a copy lies is no difference; what changed is, and what waits for a restart is told."""
    other = site / "other"
    other.mkdir()
    for name in ("tenants.d", "keys"):
        shutil.copytree(site / name, other / name)
    (other / "sessiond.yaml").write_text("")
    assert good(site, "policy", "diff", "other/sessiond.yaml") == "no change\n"
    (other / "sessiond.yaml").write_text("workers: 3\nlimits: { body_timeout: 20s }\n")
    told = json.loads(good(site, "--json", "policy", "diff", "other/sessiond.yaml"))
    assert told == {"changed": ["server: limits.body_timeout: 10s -> 20s"],
                    "ignored": ["workers: auto -> 3 (at the next start)"]}, told
    (other / "sessiond.yaml").write_text("wrkers: 3\n")
    bad = run(site, "policy", "diff", "other/sessiond.yaml")
    assert bad.returncode == 1 and "in other:\nsessiond.yaml:1:1: wrkers: unknown key" in bad.stderr, bad
    shutil.rmtree(other)


def test_all_faults_by_both_tools(site):
    """sessiond -t and sessionctl policy check name the same faults."""
    (site / "bad.yaml").write_text("workers: many\nsandbox: no\n")
    mine = run(site, "policy", "check", config="bad.yaml")
    told = json.loads(run(site, "--json", "policy", "check", config="bad.yaml").stdout)
    assert told["ok"] is False and told["count"] == 2 and len(told["faults"]) == 2, told
    assert mine.returncode == 1
    if (BUILD / "sessiond").exists():
        theirs = run(site, "-t", tool="sessiond", config="bad.yaml")
        assert theirs.returncode == 1, theirs
        for fault in told["faults"]:
            assert fault in theirs.stderr and fault in mine.stderr, (fault, theirs)
    (site / "bad.yaml").unlink()


def test_usage(site):
    """Wrong words: exit code 2 and a usage line."""
    for words in (("policy",), ("policy", "diff"), ("tenant",), ("tenant", "new", "x"), ("client",)):
        done = run(site, *words)
        assert done.returncode == 2 and "usage:" in done.stderr, (words, done)


def main():
    if not (BUILD / "sessionctl").exists():
        return 77
    site = pathlib.Path(tempfile.mkdtemp(prefix="ctl-policy-"))
    site.chmod(0o755)
    (site / "tenants.d").mkdir()
    (site / "keys").mkdir()
    try:
        for name, test in list(globals().items()):
            if name.startswith("test_"):
                test(site)
                print(f"ok {name}")
    finally:
        shutil.rmtree(site)
    return 0


if __name__ == "__main__":
    sys.exit(main())
