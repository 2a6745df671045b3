// The rules that concern the options of one route; called by check.h.
#pragma once

#include "proxy/config/config.h"
#include "proxy/config/place.h"

namespace weir {

void check_route(const Config& config, const RouteConfig& route, Diagnostics& diagnostics);

}  // namespace weir
