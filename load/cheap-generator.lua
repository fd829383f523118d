-- wrk: the same requests over and over, made once, and the result as one line of JSON.
-- Arguments behind "--", three for each request: method, path, and a JSON body or nothing.

local json = { ["content-type"] = "application/json" }
local requests = {}
local last = 0

function init(args)
  for at = 1, #args, 3 do
    local body = args[at + 2]
    if body == "" then
      requests[#requests + 1] = wrk.format(args[at], args[at + 1])
    else
      requests[#requests + 1] = wrk.format(args[at], args[at + 1], json, body)
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"non2xx":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
