-- For wrk: the figures as one line of JSON and, given a path with {n} in it, a number that changes
-- with each request. Arguments: path, first number, how many before it begins anew.
function init(args)
  if not args[1] then return end
  local before, after = args[1]:match('^(.*){n}(.*)$')
  local from, count, asked = tonumber(args[2]), tonumber(args[3]), 0
  request = function()
    local path = before .. string.format('%d', from + asked % count) .. after
    asked = asked + 1
    return wrk.format(nil, path)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"durationMs":%.3f,"failures":%d,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests,
    summary.duration / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000
  ))
end
