// The rules of the config file that concern more than one option. Fills in what follows from the rest: a route's
// upstream where there is only one, the route of a file without routes. Patterns and templates are checked by
// route/compile.h.
#pragma once

#include "proxy/config/config.h"
#include "proxy/config/place.h"

namespace weir {

inline constexpr std::size_t kMaxRoutes = 1000;

void complete_and_check(Config& config, Diagnostics& diagnostics);

}  // namespace weir
