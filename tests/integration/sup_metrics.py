#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The metrics of the whole node: well-formed, nothing twice, counters survive their process."""
import os
import re
import signal

import harness

SERIES = re.compile(r'^([a-z_:][a-z0-9_:]*)(\{[a-z_]+="(?:[^"\\]|\\.)*"(?:,[a-z_]+="(?:[^"\\]|\\.)*")*\})? (\S+)$')


def parse(text):
    """-> {series: value}; checks what promtool checks."""
    out, types, helps, seen_of = {}, {}, set(), []
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helps, f"HELP twice: {name}"
            helps.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types and name in helps, f"TYPE: {name}"
            types[name] = kind
        else:
            m = SERIES.match(line)
            assert m, f"malformed: {line}"
            family = re.sub(r"_(bucket|sum|count)$", "", m[1]) if m[1] not in types else m[1]
            assert family in types, f"no TYPE: {line}"
            assert types[family] != "counter" or family.endswith("_total"), family
            if not seen_of or seen_of[-1] != family:
                assert family not in seen_of, f"not together: {family}"
                seen_of.append(family)
            key = m[1] + (m[2] or "")
            assert key not in out, f"twice: {key}"
            out[key] = float(m[3])
    return out


def total(series, name):
    return sum(v for k, v in series.items() if k.split("{")[0] == name)


def text_is_well_formed_and_complete():
    with harness.Node() as node:
        for _ in range(20):
            node.request("GET", "/livez")
        node.request("GET", "/tenants/brand-a/jwks")
        status, headers, text = node.request("GET", "/metrics", port=node.admin_port)
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
        series = parse(text)
        enforced = node.status()["sandbox"]["seccomp"] == 2
        for name in ("sessiond_freshness_staleness_seconds", "sessiond_revocations", "sessiond_policy_generation",
                     "sessiond_revocation_capacity", "sessiond_writebacks_total"):
            assert name in series, name
        for role in ("master", "worker", "signer", "auditor"):
            # a build with sanitizers has no filter and must say so
            assert series['sessiond_sandbox_enforced{role="%s"}' % role] == enforced, role
        assert any(k.startswith("sessiond_build_info{version=") for k in series)
        assert total(series, "sessiond_http_requests_total") >= 20
        inf = series['sessiond_http_request_duration_seconds_bucket{le="+Inf"}']
        assert inf == series["sessiond_http_request_duration_seconds_count"] > 0
        assert series["sessiond_freshness_staleness_seconds"] < 1
        with open(os.path.join(harness.TOP, "docs/ALERTS.md"), encoding="utf-8") as f:
            names = set(re.findall(r"sessiond_[a-z_]+[a-z]", f.read()))
        assert len(names) >= 7 and not [n for n in names if f"# HELP {n} " not in text], names  # what rules are told to watch


def counters_survive_their_process():
    with harness.Node() as node:
        for _ in range(30):
            node.request("GET", "/livez")
        before = total(parse(node.metrics()), "sessiond_http_requests_total")
        old = set(node.pids("worker"))
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        node.wait(lambda: len([c for c in node.children("worker") if c["pid"] not in old]) == 2, 10)
        series = parse(node.metrics())
        assert total(series, "sessiond_http_requests_total") >= before
        assert series['sessiond_child_restarts_total{role="worker"}'] == 2


def reloads_are_counted():
    with harness.Node() as node:
        node.reload()
        node.write("tenants.d/brand-a.yaml", "nonsense\n")
        node.reload()
        series = parse(node.metrics())
        assert series['sessiond_reloads_total{result="unchanged"}'] == 1
        assert series['sessiond_reloads_total{result="refused"}'] == 1


harness.main([text_is_well_formed_and_complete, counters_survive_their_process, reloads_are_counted])
