// compress: what the origin is asked for on a route that compresses for clients, and what it gets to see of the ETags
// that weir makes for its own codings. Who gets which coding is decided where answers are delivered
// (exchange/choose_form.h), since it concerns what is kept.
#pragma once

#include "proxy/route/filter.h"

namespace weir {

FilterPtr make_compress(const RouteConfig& route);

}  // namespace weir
