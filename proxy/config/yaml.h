// The config file as a const tree with the place of everything in it. yaml-cpp is heard of here only: what it accepts
// silently and people don't mean (repeated keys, merge keys, several documents, unclosed quotes, tags) is refused.
// Bounded in bytes, nodes and depth, aliases counted as what they stand for. Knows nothing of options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/place.h"

namespace weir {

struct YamlEntry;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map } kind = Kind::null;
  Place place;
  std::string text;                // scalar
  std::vector<YamlNode> items;     // list
  std::vector<YamlEntry> entries;  // map; in the file's order, keys unique

  const YamlEntry* find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  Place place;
  YamlNode value;
};

inline constexpr std::size_t kMaxConfigBytes = 1 << 20;
inline constexpr std::size_t kMaxConfigNodes = 100'000;
inline constexpr std::size_t kMaxConfigDepth = 64;

// The one document in `text`; an empty one is a null node. Where it has none, `diagnostics` has got the reason; it may
// also get errors beside a tree.
std::optional<YamlNode> parse_yaml(const std::string& file, std::string_view text, Diagnostics& diagnostics);

}  // namespace weir
