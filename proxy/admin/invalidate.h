// The body of an invalidation, read into records of the log. No effect; see invalidation_calls.cc.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/base/units.h"
#include "proxy/cache/invalidation.h"
#include "proxy/route/table.h"

namespace weir {

struct WantedInvalidation {
  std::vector<InvalidationRecord> records;
  std::optional<Duration> wait;
};

// {"tags":[…],"urls":[…],"prefix":…,"pattern":…,"all":true,"soft":false,"wait":"2s"}: at least one of the first five. A
// URL is put as its route keys it.
Result<WantedInvalidation> parse_invalidation(std::string_view body, const RouteTable& routes);

// {"pattern":…} or nothing: all.
Result<InvalidationRecord> parse_clearing(std::string_view body);

}  // namespace weir
