// Finds the route of a request: in order, the first that matches; see table.h.
#include "proxy/route/table.h"

#include <algorithm>

namespace weir {

bool RouteMatch::matches_method(Method method, std::string_view text) const {
  if (methods.empty()) return true;
  return std::any_of(methods.begin(), methods.end(), [&](const std::string& allowed) {
    return allowed == text || (method == Method::head && allowed == "GET");
  });
}

const Route* RouteTable::match(Method method, std::string_view method_text, std::string_view path,
                               RouteValues& values) const {
  for (const Route& route : routes_) {
    for (const RouteMatch& match : route.matches) {
      if (match.matches_method(method, method_text) && match.pattern.match(path, values)) return &route;
    }
  }
  values.count = 0;
  return nullptr;
}

}  // namespace weir
