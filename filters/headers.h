// request.headers and response.headers: fields set, added and removed as the route says.
#pragma once

#include "proxy/route/filter.h"

namespace weir {

FilterPtr make_request_headers(const RouteConfig& route);
FilterPtr make_response_headers(const RouteConfig& route);

}  // namespace weir
