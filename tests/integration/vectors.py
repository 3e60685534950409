#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Published JOSE vectors against `sessionctl token verify --raw`: Wycheproof's JWS, JWK and mixed
files, the examples of RFC 7515, 7520, 7797 and 8037. Every vector as labelled, with the
corrections that are named below, each with its reason.

SHARED_DIR (default: ../shared beside the source) holds vectors/; builddir holds sessionctl."""
import json
import os
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SHARED = os.environ.get("SHARED_DIR") or os.path.join(os.path.dirname(TOP), "shared")
VECTORS = os.path.join(SHARED, "vectors")
CTL = os.path.join(os.environ.get("builddir") or TOP, "sessionctl")
OURS = ("RS256", "PS256", "ES256", "EdDSA")

# Wycheproof, signature file. 357, 367 and 370 are one token with two labels; a strict decoder must
# refuse 372 and 373 (a `?` stands in the text); in 346, 347, 350, 351 the key's alg is not the
# header's.
JWS_LABELS = {357: "valid", 367: "valid", 370: "valid", 372: "invalid", 373: "invalid",
              346: "invalid", 347: "invalid", 350: "invalid", 351: "invalid"}
# Wycheproof, key file: "acceptable", best practice is to refuse.
JWK_LABELS = {1: "invalid", 4: "invalid"}


def run(keys, tokens, is_set, algorithms=None):
    """-> one "ok" or "bad: ..." per token; a refused key refuses them all."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        f.write(keys if isinstance(keys, str) else json.dumps(keys))
        f.flush()
        args = [CTL, "token", "verify", "--jwks" if is_set else "--jwk", f.name, "--raw"]
        if algorithms:
            args += ["--algorithms", algorithms]
        # A token with a line feed inside becomes two lines: each must be refused.
        lines = [t.encode("utf-8", "surrogatepass") for t in tokens]
        p = subprocess.run(args, input=b"".join(x + b"\n" for x in lines), capture_output=True,
                           timeout=60)
    if p.returncode == 1 and not p.stdout:
        return ["bad: key: " + p.stderr.decode().strip()] * len(tokens)
    if p.returncode != 0:
        raise SystemExit("sessionctl ended with %d: %s" % (p.returncode, p.stderr.decode()))
    out, answers = p.stdout.decode().split("\n"), []
    for x in lines:
        part = [out.pop(0) for _ in range(x.count(b"\n") + 1)]
        answers.append("ok" if all(a == "ok" for a in part) else part[0] if part[0] != "ok" else part[-1])
    return answers


def text_of(vector):
    token = vector.get("jws", vector.get("jwe"))
    return token if isinstance(token, str) else json.dumps(token)


class Score:
    def __init__(self):
        self.wrong = []
        self.counts = {}

    def add(self, name, expect_ok, answer):
        accepted = answer == "ok"
        key = "accepted" if accepted else "refused"
        self.counts[key] = self.counts.get(key, 0) + 1
        if accepted != expect_ok:
            self.wrong.append("%s: expected %s, got %r" % (name, "ok" if expect_ok else "bad", answer))


def supported(key):
    """Can this key, as labelled by its owner, be one of ours at all?"""
    return key.get("alg") in OURS


def wycheproof(score, name, labels):
    with open(os.path.join(VECTORS, "wycheproof_%s_test.json" % name)) as f:
        data = json.load(f)
    total = 0
    for group in data["testGroups"]:
        keys = group.get("public") or group["private"]
        members = keys["keys"] if "keys" in keys else [keys]
        answers = run(keys, [text_of(t) for t in group["tests"]], "keys" in keys)
        for test, answer in zip(group["tests"], answers):
            total += 1
            label = labels.get(test["tcId"], test["result"])
            # "valid" binds us for our algorithms alone; every "invalid" binds.
            ours = group.get("public") is not None and all(supported(k) for k in members)
            score.add("%s %d (%s)" % (name, test["tcId"], test["comment"]), label == "valid" and ours,
                      answer)
    if total != data["numberOfTests"]:
        raise SystemExit("%s: %d vectors of %d" % (name, total, data["numberOfTests"]))


def public_part(key):
    return {k: v for k, v in key.items() if k not in ("d", "p", "q", "dp", "dq", "qi", "oth")}


def cookbook(score):
    with tarfile.open(os.path.join(VECTORS, "jose-cookbook.tar.gz")) as tar:
        docs = {m.name.lstrip("./"): tar.extractfile(m).read().decode() for m in tar.getmembers()
                if m.name.endswith(".json")}
    seen = 0
    for name, text in sorted(docs.items()):
        doc = json.loads(text)
        token = doc.get("output", {}).get("compact") if isinstance(doc, dict) else None
        key = doc.get("input", {}).get("key") if isinstance(doc, dict) else None
        if not token or not isinstance(key, dict) or token.count(".") != 2:
            continue
        seen += 1
        alg = doc["input"].get("alg")
        refused = name.startswith("rfc7797") or alg not in OURS
        answer = run(public_part(key), [token], False, alg if alg in OURS else None)[0]
        score.add("cookbook " + name, not refused, answer)
        if not refused:  # the same token, one bit of its signature changed
            head, _, sig = token.rpartition(".")
            flipped = head + "." + ("B" if sig[0] == "A" else "A") + sig[1:]
            score.add("cookbook %s changed" % name, False,
                      run(public_part(key), [flipped], False, alg)[0])
    if seen < 4:
        raise SystemExit("the cookbook gave only %d examples" % seen)


def main():
    if not os.path.isdir(VECTORS):
        print("skipped: vectors not present")
        return 77
    if not os.access(CTL, os.X_OK):
        print("skipped: sessionctl is not built")
        return 77
    score = Score()
    wycheproof(score, "json_web_signature", JWS_LABELS)
    wycheproof(score, "json_web_key", JWK_LABELS)
    wycheproof(score, "json_web_crypto", {})
    cookbook(score)
    for line in score.wrong:
        print("FAIL", line)
    print("vectors: %d accepted, %d refused, %d wrong" % (
        score.counts.get("accepted", 0), score.counts.get("refused", 0), len(score.wrong)))
    return 1 if score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
