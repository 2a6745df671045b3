// What a route says about content codings: plain data, compiled from `compress:`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/units.h"
#include "proxy/coding/levels.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/type_list.h"

namespace weir {

// Whose bytes the dictionaries of a route are (RFC 9842).
enum class DictionarySource : std::uint8_t { previous, trained };

struct DictionaryPolicy {
  DictionarySource source = DictionarySource::previous;
  std::string match;              // of Use-As-Dictionary: which URLs it is good for
  std::vector<std::string> tags;  // of all answers of the route: their purge ends a trained one
  friend bool operator==(const DictionaryPolicy&, const DictionaryPolicy&) = default;
};

struct CodingPolicy {
  std::vector<ContentCoding> order;                        // offered; the first wins among equals
  Size min_size = 1_KiB;                                   // a smaller content goes as it is
  std::optional<TypeList> types;                           // without: compresses_well() decides
  std::array<std::optional<int>, kContentCodings> levels;  // by coding, for content that a client waits for
  std::string accept_encoding = "identity";                // what the origin is asked for
  std::optional<DictionaryPolicy> dictionary;

  bool wants_type(std::string_view content_type) const {
    return types ? types->has(content_type) : compresses_well(content_type);
  }
  int level(ContentCoding coding, Effort effort, std::optional<Size> size) const {
    const auto& own = levels[static_cast<std::size_t>(coding)];
    return own && effort == Effort::fast ? *own : level_of(coding, effort, size);
  }
};

}  // namespace weir
