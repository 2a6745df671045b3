// The cache and key options of a route as the cache folder wants them. No errors: what could be wrong was said before.
#pragma once

#include "proxy/cache/policy.h"
#include "proxy/config/config.h"

namespace weir {

Policy policy_of(const Config& config, const RouteConfig& route);
KeySpec key_spec_of(const KeyConfig& key);

}  // namespace weir
