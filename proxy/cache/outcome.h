// The result words: what became of a request, said the same way in metrics, logs, dashboard and `weir top`.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

enum class Outcome : std::uint8_t {
  hit,          // served from the store, fresh
  miss,         // nothing usable was kept; this request led the fetch
  expired,      // something was kept but too old; a whole new answer came
  revalidated,  // something was kept but too old; the origin said 304
  stale,        // served though too old, because the origin failed or was too slow
  updating,     // served though too old, while a fetch refreshes it (stale-while-revalidate)
  coalesced,    // shared another request's fetch
  bypass,       // not a matter for the cache: method, route or request said so
  uncacheable,  // asked the origin; the answer may not be kept
  error,        // weir made the answer: bad request, refused, origin failed with nothing to fall back on
};

inline constexpr std::array<std::string_view, 10> kOutcomeWords{
    "hit", "miss", "expired", "revalidated", "stale", "updating", "coalesced", "bypass", "uncacheable", "error"};

constexpr std::string_view word(Outcome o) {
  return kOutcomeWords[static_cast<std::size_t>(o)];
}

enum class Tier : std::uint8_t { none, memory };

}  // namespace weir
