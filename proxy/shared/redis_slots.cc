// Slots; see redis_slots.h.
#include "proxy/shared/redis_slots.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::array<std::uint16_t, 256> crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

constexpr auto kCrc = crc_table();

std::optional<RedisEndpoint> endpoint(std::string_view host, std::optional<std::uint64_t> port,
                                      const RedisEndpoint& asked) {
  if (host.empty() || host == "?") host = asked.host;
  if (!is_host(host) || !port || *port == 0 || *port > 65535) return std::nullopt;
  return RedisEndpoint{std::string(host), static_cast<std::uint16_t>(*port), {}};
}

std::optional<std::uint64_t> natural(const RedisReply& reply) {
  if (reply.kind != RedisReply::Kind::integer || reply.integer < 0) return std::nullopt;
  return static_cast<std::uint64_t>(reply.integer);
}

std::optional<RedisSlotRange> parse_range(const RedisReply& reply, const RedisEndpoint& asked) {
  if (reply.elements.size() < 3 || reply.elements[2].elements.size() < 2) return std::nullopt;
  const auto first = natural(reply.elements[0]);
  const auto last = natural(reply.elements[1]);
  const auto& primary = reply.elements[2].elements;
  auto where = endpoint(primary[0].text, natural(primary[1]), asked);
  if (!first || !last || *first > *last || *last >= kRedisSlots || !where) return std::nullopt;
  return RedisSlotRange{static_cast<unsigned>(*first), static_cast<unsigned>(*last), std::move(*where)};
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) {
  std::uint16_t crc = 0;
  for (const char c : bytes) {
    const auto at = static_cast<std::uint8_t>((crc >> 8) ^ static_cast<std::uint8_t>(c));
    crc = static_cast<std::uint16_t>((crc << 8) ^ kCrc[at]);
  }
  return crc;
}

unsigned redis_slot(std::string_view key) {
  const auto open = key.find('{');
  if (open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % kRedisSlots;
}

Result<std::vector<RedisSlotRange>> parse_slots(const RedisReply& reply, const RedisEndpoint& asked) {
  const auto bad = [](std::string detail) { return Error{Side::redis, Code::unsupported, std::move(detail)}; };
  if (reply.is_error()) return bad("CLUSTER SLOTS: " + printable(reply.text.substr(0, 200)));
  std::vector<RedisSlotRange> ranges;
  for (const auto& element : reply.elements) {
    auto range = parse_range(element, asked);
    if (!range) return bad("CLUSTER SLOTS: an answer that makes no sense");
    ranges.push_back(std::move(*range));
  }
  if (ranges.empty()) return bad("CLUSTER SLOTS: no slot belongs to anybody yet");
  return ranges;
}

std::optional<RedisRedirect> parse_redirect(std::string_view error, const RedisEndpoint& asked) {
  RedisRedirect redirect;
  if (error.starts_with("ASK ")) {
    redirect.ask = true;
  } else if (!error.starts_with("MOVED ")) {
    return std::nullopt;
  }
  error.remove_prefix(error.find(' ') + 1);
  const auto space = error.find(' ');
  const auto colon = error.rfind(':');
  const auto slot = parse_number(error.substr(0, space));
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space || !slot ||
      *slot >= kRedisSlots) {
    return std::nullopt;
  }
  auto to = endpoint(error.substr(space + 1, colon - space - 1), parse_number(error.substr(colon + 1)), asked);
  if (!to) return std::nullopt;
  redirect.slot = static_cast<unsigned>(*slot);
  redirect.to = std::move(*to);
  return redirect;
}

bool is_host(std::string_view text) {
  const auto fits = [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' || c == '-' || c == '_' || c == ':';
  };
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace weir
