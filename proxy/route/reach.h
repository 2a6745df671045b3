// Finds routes that no request can reach, because earlier ones take all that they match.
#pragma once

#include <vector>

#include "proxy/config/config.h"
#include "proxy/route/route.h"

namespace weir {

// `routes` stand in the order of config.routes.
void check_reach(const Config& config, const std::vector<Route>& routes, Diagnostics& diagnostics);

}  // namespace weir
