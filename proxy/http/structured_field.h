// Dictionaries of structured fields (RFC 8941 §3.2, §4.2.2), strictly: whatever the algorithm there fails on is no
// dictionary. Parameters and inner lists are checked and dropped: nothing that weir reads uses them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

struct StructuredItem {
  enum class Type : std::uint8_t { boolean, integer, decimal, string, token, bytes, inner_list };
  Type type = Type::boolean;
  std::int64_t number = 0;  // integer; boolean: 0 or 1
  std::string text;         // string (unescaped), token
};

struct StructuredMember {
  std::string_view key;  // into the text that was parsed
  StructuredItem item;
};

// In order, repeated keys included: the last one counts (a caller that goes through them and overwrites does it right).
std::optional<std::vector<StructuredMember>> parse_structured_dictionary(std::string_view text);

}  // namespace weir
