// Vary (RFC 9110 §12.5.5, RFC 9111 §4.1): which stored variant a request selects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proxy/cache/object.h"
#include "proxy/http/headers.h"

namespace weir {

inline constexpr std::size_t kMaxVaryNames = 8;

// The names of all Vary lines: lower case, sorted, unique. nullopt: `*`, too many, or not a list of tokens (don't
// store).
std::optional<std::vector<std::string>> vary_names(const Fields& response);

// A request's value for a Vary name in normal form: lines joined, white space around list members removed;
// Accept-Encoding and Accept-Language case-folded and sorted by their meaning. A missing field is not an empty one.
std::string vary_value(const Fields& request, std::string_view name);

bool vary_matches(const Object& object, const Fields& request);

}  // namespace weir
