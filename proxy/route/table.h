// RouteTable: the routes of one config file, in order; the first that matches wins. A const snapshot: reload makes a
// new one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/route/route.h"

namespace weir {

class RouteTable {
 public:
  explicit RouteTable(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The first route that matches, with `values` filled; null where none does. No allocation; any thread.
  const Route* match(Method method, std::string_view method_text, std::string_view path, RouteValues& values) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace weir
