// Entity tags and conditional requests (RFC 9110 §8.8, §13).
#pragma once

#include <optional>
#include <string_view>

#include "proxy/base/clock.h"
#include "proxy/http/headers.h"

namespace weir {

struct EntityTag {
  bool weak = false;
  std::string_view opaque;  // without quotes
};

std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept;
bool strong_match(const EntityTag& a, const EntityTag& b) noexcept;
bool weak_match(const EntityTag& a, const EntityTag& b) noexcept;

// Whether one of the list (over all lines; "*" too) matches weakly. Malformed members don't match.
bool matches_any(const Fields& request, Name list_field, std::string_view etag_of_object) noexcept;

enum class Precondition : std::uint8_t { none, passes, not_modified, failed };

// What a cache answers from a stored response with these validators (RFC 9110 §13.2.2, RFC 9111 §4.3.2) for GET and
// HEAD: If-None-Match first; If-Modified-Since only without it and only where the date is valid. If-Match /
// If-Unmodified-Since are the origin's to judge: `none` here. `last_modified` empty: the object's Date serves (pass
// it), else none.
Precondition evaluate_preconditions(const Fields& request, std::string_view etag, std::string_view last_modified,
                                    WallTime now) noexcept;

}  // namespace weir
