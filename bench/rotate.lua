-- SPDX-License-Identifier: MIT
-- rotate - the bodies of the file BENCH_BODIES, one a line, in turn for ever.
dofile(os.getenv("BENCH_DIR") .. "/report.lua")

local ready, at = {}, 0

function init()
    for i, body in ipairs(lines_of(os.getenv("BENCH_BODIES"))) do
        ready[i] = post(body)
    end
end

function request()
    at = at % #ready + 1
    return ready[at]
end
