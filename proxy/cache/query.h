// The query in the form that is keyed and forwarded: filtered, normalised, stably sorted by decoded name, so that one
// resource has one key and the origin reads what the key says. Used by key and by the URLs of invalidations.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/cache/policy.h"

namespace weir {

struct QueryForm {
  std::string_view text;  // the argument itself where nothing changed, else in the arena
  bool present = false;   // "/a?" and "/a" are two targets
};
QueryForm query_form(const KeySpec& spec, std::string_view query, bool has_query, Arena& arena);

}  // namespace weir
