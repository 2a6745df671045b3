// A Redis cluster's words, without I/O: which slot a key is in, who has which slots, where an error reply sends one.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/shared/redis_reply.h"
#include "proxy/shared/redis_settings.h"

namespace weir {

inline constexpr unsigned kRedisSlots = 16384;

std::uint16_t crc16(std::string_view bytes);  // XMODEM's
// Only what stands in the first {braces} counts, if anything does: keys with the same word there share a slot.
unsigned redis_slot(std::string_view key);

struct RedisSlotRange {
  unsigned first = 0, last = 0;  // both belong to it
  RedisEndpoint primary;
};
// The answer to CLUSTER SLOTS. `asked`: whose answer it is; a server that doesn't know its own address names none.
Result<std::vector<RedisSlotRange>> parse_slots(const RedisReply& reply, const RedisEndpoint& asked);

struct RedisRedirect {
  bool ask = false;  // this once, with ASKING before it; else for good
  unsigned slot = 0;
  RedisEndpoint to;
};
// Of "MOVED 3999 127.0.0.1:6381" or "ASK …".
std::optional<RedisRedirect> parse_redirect(std::string_view error, const RedisEndpoint& asked);

// A name or an address: what may be looked up and shown.
bool is_host(std::string_view text);

}  // namespace weir
