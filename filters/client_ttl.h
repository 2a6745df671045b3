// response.client_ttl: the lifetime that browsers see, apart from the one that weir keeps by.
#pragma once

#include "proxy/route/filter.h"

namespace weir {

FilterPtr make_client_ttl(const RouteConfig& route);

}  // namespace weir
