// How urgent an answer is to its client (RFC 9218).
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

struct Priority {
  std::uint8_t urgency = 3;  // 0 first, 7 last
  bool incremental = false;  // of use in parts: shares with others of its urgency

  bool operator==(const Priority&) const = default;
};

// A Priority field's value, or a PRIORITY_UPDATE's. What isn't understood, or isn't said, is as usual.
Priority parse_priority(std::string_view text);

}  // namespace weir
