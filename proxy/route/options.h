// The cache, coding and key options of a route as the cache folder wants them. No errors: what could be wrong was said
// before.
#pragma once

#include <optional>

#include "proxy/cache/coding_policy.h"
#include "proxy/cache/policy.h"
#include "proxy/config/config.h"
#include "proxy/route/route.h"

namespace weir {

Policy policy_of(const Config& config, const RouteConfig& route);
std::optional<CodingPolicy> coding_policy_of(const CompressConfig& compress);
KeySpec key_spec_of(const KeyConfig& key);
RouteTimeouts timeouts_of(const RouteTimeoutsConfig& timeouts);

}  // namespace weir
