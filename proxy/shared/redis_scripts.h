// The scripts that weir has Redis run: what must not be interrupted by another node. Each touches names of one key
// only, which lie in one slot. They need EVAL and the commands that they call, of Redis 6.2 or later.
#pragma once

#include <string_view>

namespace weir::redis_scripts {

// KEYS: lease. ARGV: token, ms. → "" taken, or what stands there
inline constexpr std::string_view kTake = R"(
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return '' end
return redis.call('GET', KEYS[1]) or 'gone')";

// KEYS: lease. ARGV: token, ms. → 1 prolonged, 0 it is somebody else's or nobody's
inline constexpr std::string_view kRenew = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2]))";

// KEYS: lease. ARGV: token. → 1 given up, 0 it wasn't ours
inline constexpr std::string_view kRelease = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1]))";

// KEYS: lease. ARGV: token, what stands there from now on, ms. → 1 marked, 0 it wasn't ours
inline constexpr std::string_view kMark = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1)";

// KEYS: entry, lease. ARGV: token, ms, the seal of the entry that the asker knows or "". → {PTTL, the entry}; or, where
// there is none or that one, as kTake
inline constexpr std::string_view kFindOrTake = R"(
if ARGV[3] == '' or redis.call('GETRANGE', KEYS[1], -#ARGV[3], -1) ~= ARGV[3] then
  local found = redis.call('GET', KEYS[1])
  if found then return {redis.call('PTTL', KEYS[1]), found} end
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return '' end
return redis.call('GET', KEYS[2]) or 'gone')";

// KEYS: entry, where the note stands, lease. ARGV: the entry, when it ends (ms since 1970), ms until then, the note or
// "", the token or "". → 1 written, 0 the lease is lost. Notes live as long as the longest-lived variant; a lease ends
// where what it was for is there.
inline constexpr std::string_view kPut = R"(
if ARGV[5] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[5] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
if ARGV[4] ~= '' then
  if redis.call('GET', KEYS[2]) ~= ARGV[4] then
    redis.call('SET', KEYS[2], ARGV[4], 'PXAT', ARGV[2])
  elseif redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then
    redis.call('PEXPIREAT', KEYS[2], ARGV[2])
  end
end
if ARGV[5] ~= '' then redis.call('DEL', KEYS[3]) end
return 1)";

// KEYS: entry. ARGV: its seal. → 1 gone, 0 another stands there by now
inline constexpr std::string_view kErase = R"(
if redis.call('GETRANGE', KEYS[1], -#ARGV[1], -1) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1]))";

// KEYS: any of one slot. ARGV: ms. What stands there goes soon, but not before those who read it now are done.
inline constexpr std::string_view kRetire = R"(
for _, name in ipairs(KEYS) do redis.call('PEXPIRE', name, ARGV[1]) end
return #KEYS)";

}  // namespace weir::redis_scripts
