// What the config does with a request, and where in the file each of it stands; sends nothing. For `weir explain` and
// GET /admin/explain.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/config/config.h"
#include "proxy/route/table.h"

namespace weir {

struct ExplainedLine {
  std::string what;  // "route", "cache.ttl", "tag"
  std::string value;
  std::string place;  // FILE:LINE, or "default"
};
struct Explained {
  std::string request;  // as it was understood: GET example.com/api/videos/42?a=1&b=2
  std::vector<ExplainedLine> lines;

  std::string text() const;
  std::string json() const;
};

// `request`: "GET /path?query" or only the path, or "GET http://host/path"; `fields`: name and value of each header. It
// is taken for one by HTTP/1.1 without TLS. An error where it is no request at all; of one that weir refuses, whatever
// an origin would say, the line "refused" has the status and why.
Result<Explained> explain(const Config& config, const RouteTable& routes, std::string_view request,
                          const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace weir
