-- wrk … -- PREFIX COUNT SEED: the paths PREFIX1 to PREFIXCOUNT by Zipf's law (exponent 1). The sequence is drawn before the run, so
-- that a request costs the generator one table look-up.
dofile("common.lua")

local kDrawn = 200000
local drawn, position = {}, 0

function init(args)
  local count = tonumber(args[2])
  math.randomseed(tonumber(args[3]))
  local below, requests, total = {}, {}, 0   -- below[n]: the weight of all up to n
  for n = 1, count do
    total = total + 1 / n
    below[n] = total
    requests[n] = wrk.format("GET", args[1] .. n)
  end
  for i = 1, kDrawn do
    local wanted, low, high = math.random() * total, 1, count
    while low < high do
      local middle = math.floor((low + high) / 2)
      if below[middle] < wanted then low = middle + 1 else high = middle end
    end
    drawn[i] = requests[low]
  end
end

function request()
  position = position % kDrawn + 1
  return drawn[position]
end
