-- wrk … -- PREFIX COUNT: the paths PREFIX1 to PREFIXCOUNT one after the other, and again from the first.
-- With a COUNT of 0 it never begins again: every URL is asked for once.
dofile("common.lua")

local before, after, count
local position = 0

function init(args)
  local request = wrk.format("GET", args[1] .. "\0")
  local cut = string.find(request, "\0", 1, true)
  before, after = string.sub(request, 1, cut - 1), string.sub(request, cut + 1)
  count = tonumber(args[2])
end

function request()
  position = position + 1
  if count > 0 and position > count then position = 1 end
  return before .. position .. after
end
