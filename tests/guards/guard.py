# SPDX-License-Identifier: MIT
# guard - what the source guards share: where the tree is, which folder may include which, and
# how a breach is printed. A guard prints file:line and the rule's reason, and exits 0 or 1.
import os
import re
import sys

ROOT = os.path.normpath(os.environ.get("srcdir") or os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("builddir") or "."

# The layers of docs/ARCHITECTURE.md: folder -> folders whose headers it may include.
LAYERS = {
    "base": "base",
    "http": "base http",
    "token": "base token",
    "shm": "base shm",
    "policy": "base token shm policy",
    "store": "base token shm store",
    "worker": "base http token shm policy store worker",
    "master": "base token shm policy store master",
    "signer": "base token shm policy signer",
    "auditor": "base shm auditor",
    "fetcher": "base token shm fetcher",
    "geo": "base shm geo",
    "ctl": "base token shm policy store ctl",
}
LIBRARIES = ("base", "http", "token", "shm", "policy", "store")
_breaches = 0


def files(*endings, folders=(*LAYERS, "tests", "bench")):
    for folder in folders:
        for at, _, names in sorted(os.walk(os.path.join(ROOT, folder))):
            for name in sorted(names):
                if name.endswith(endings):
                    yield os.path.relpath(os.path.join(at, name), ROOT)


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


def code(source):
    """The source without comments, strings and characters; lines stay where they are."""
    what = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(what, lambda m: "\n" * m[0].count("\n") or '""', source, flags=re.S)


def breach(path, line, reason):
    global _breaches
    _breaches += 1
    print(f"{path}:{line}: {reason}")


def end():
    sys.exit(1 if _breaches else 0)
