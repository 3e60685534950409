-- SPDX-License-Identifier: MIT
-- create - a session for a user never seen before, each time. BENCH_RUN keeps runs apart.
dofile(os.getenv("BENCH_DIR") .. "/report.lua")

local run, count = os.getenv("BENCH_RUN"), 0

function request()
    count = count + 1
    return post(string.format(
        '{"user_id":"created-%s-%d","scope":"orders:read orders:write"}', run, count))
end
