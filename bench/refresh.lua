-- SPDX-License-Identifier: MIT
-- refresh - each answer's refresh token is used once, later. The first come from BENCH_BODIES.
-- A queue longer than the connections, so that no token is on its way twice.
dofile(os.getenv("BENCH_DIR") .. "/report.lua")

local queue, first, last = {}, 1, 0

function init()
    for _, body in ipairs(lines_of(os.getenv("BENCH_BODIES"))) do
        last = last + 1
        queue[last] = body
    end
end

function request()
    local body = queue[first]
    if first < last then
        queue[first] = nil
        first = first + 1
    end
    return post(body)
end

function response(status, _, body)
    local token = status == 200 and string.match(body, '"refresh_token":"([^"]+)"')
    if token then
        last = last + 1
        queue[last] = '{"refresh_token":"' .. token .. '"}'
    end
end
