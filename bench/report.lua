-- SPDX-License-Identifier: MIT
-- report - what all loads share: the head of a request, and one line of figures at the end, which
-- bench/run reads: "figures KEY=VALUE ...". From the environment: BENCH_PATH, BENCH_KEY.
local path = os.getenv("BENCH_PATH")
local headers = {
    ["Content-Type"] = "application/json",
    ["X-API-Key"] = os.getenv("BENCH_KEY"),
}

function post(body)
    return wrk.format("POST", path, headers, body)
end

-- Lines of a file as a list.
function lines_of(name)
    local all = {}
    for line in io.lines(name) do
        all[#all + 1] = line
    end
    return all
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        "figures requests=%d us=%d p50=%d p99=%d refused=%d broken=%d\n",
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.status, e.connect + e.read + e.write + e.timeout))
end
