// What Redis runs for the invalidation log, in Lua: each script is one step that nothing comes between. The log is a
// stream whose ids are 0-N; N is the position. See docs/formats/invalidation-log.md.
#pragma once

#include <string_view>

namespace weir {

// KEYS log, nodes. ARGV node, its position, the mark there, its beat, about it, a fresh mark, 1 where it has reported
// before; then nodes to be forgotten, each with the report that it is forgotten for: it may be back. A node reports
// what it has applied, and learns where the log stands: {status, first, last, the mark at last, 1 where its own report
// was missing, {node, report, …}}. The status is `new` (the node knows nothing yet), `known` (its position is part of
// this log's history), or `lost` (it isn't: records were lost, or trimmed before it read them). A node that missed a
// record says so with the mark 0 at its position.
inline constexpr std::string_view kReportScript = R"lua(
local log, nodes = KEYS[1], KEYS[2]
local node, applied, mark, beat, about, fresh = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local function number(id) return tonumber(string.match(id, '%-(%d+)$')) end
local function text(n) return string.format('%.0f', n) end
local function field(record, name)
  for i = 1, #record[2], 2 do if record[2][i] == name then return record[2][i + 1] end end
  return ''
end
-- The first record of a history that nobody has seen: past every position that anybody can know.
local function begin(least)
  local now = redis.call('TIME')
  local n = math.max(tonumber(now[1]) * 1000000 + tonumber(now[2]), least + 1)
  redis.call('XADD', log, '0-' .. text(n), 'kind', 'start', 'node', node, 'mark', fresh, 'prev', '0')
end
local function last_record() return redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1] end

local status, known = 'known', tonumber(applied)
local last = last_record()
if not last then
  local top = 0
  if redis.call('EXISTS', log) == 1 then
    local info = redis.call('XINFO', 'STREAM', log)
    for i = 1, #info, 2 do if info[i] == 'last-generated-id' then top = number(info[i + 1]) end end
  end
  begin(math.max(known, top))
  status = 'lost'
elseif known > 0 then
  local mine = redis.call('XRANGE', log, '0-' .. applied, '0-' .. applied)[1]
  if not mine or field(mine, 'mark') ~= mark then
    -- Trimmed, it is this node's alone to begin anew. Else records that it knew are gone, and others must know, too.
    local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
    if known >= number(first[1]) then begin(math.max(known, number(last[1]))) end
    status = 'lost'
  end
end
if known == 0 then status = 'new' end
local first = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
last = last_record()

local missing = 0
if status == 'known' then
  if ARGV[7] == '1' and redis.call('HEXISTS', nodes, node) == 0 then missing = 1 end
  for i = 8, #ARGV, 2 do
    if redis.call('HGET', nodes, ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', nodes, ARGV[i]) end
  end
  redis.call('HSET', nodes, node, applied .. ' ' .. beat .. ' ' .. about)
end
return {status, text(number(first[1])), text(number(last[1])), field(last, 'mark'), missing, redis.call('HGETALL', nodes)}
)lua";

// KEYS log. ARGV position and mark of the appender, how many records are kept, then kind, value, soft, time, node and
// mark of each record. The position of the last one; an error where the log isn't the one that the appender knows.
inline constexpr std::string_view kAppendScript = R"lua(
local log, applied, mark, keep = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local function field(record, name)
  for i = 1, #record[2], 2 do if record[2][i] == name then return record[2][i + 1] end end
  return ''
end
local mine = redis.call('XRANGE', log, '0-' .. applied, '0-' .. applied)[1]
if not mine or field(mine, 'mark') ~= mark then return redis.error_reply('WEIRLOST another history') end
local prev = field(redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1], 'mark')
local id
for i = 4, #ARGV, 6 do
  id = redis.call('XADD', log, 'NOMKSTREAM', 'MAXLEN', '~', keep, '0-*', 'kind', ARGV[i], 'value', ARGV[i + 1],
                  'soft', ARGV[i + 2], 'time', ARGV[i + 3], 'node', ARGV[i + 4], 'mark', ARGV[i + 5], 'prev', prev)
  prev = ARGV[i + 5]
end
return string.match(id, '%-(%d+)$')
)lua";

}  // namespace weir
