// Cache-Status (RFC 9211) as weir writes it: what happened, in one line, without anything private.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/clock.h"

namespace weir {

enum class Forward : std::uint8_t { none, bypass, method, uri_miss, vary_miss, miss, request, stale, partial };

struct CacheStatus {
  bool hit = false;
  Forward forward = Forward::none;
  int forward_status = 0;        // written where non-zero
  std::optional<Seconds> ttl{};  // may be negative
  bool stored = false;
  bool collapsed = false;
  std::string_view detail{};  // a token; empty: none
};

// Appends `weir; hit; ttl=3412`. At most 160 bytes.
void append_cache_status(std::string& out, const CacheStatus& status);
// The same into memory of at least 160 bytes; returns the length. For the hot path.
std::size_t write_cache_status(char* out, const CacheStatus& status) noexcept;

}  // namespace weir
