// URLs as people write them to the admin endpoint ("http://host/path?x", "host/path", "/path"), in the form in which
// weir keys them: scheme and fragment dropped, host and path normalised.
#pragma once

#include <string>
#include <string_view>

#include "proxy/base/result.h"
#include "proxy/route/table.h"

namespace weir {

struct PlainUrl {
  std::string host;  // empty: any
  std::string path;
  std::string query;
  bool has_query = false;

  std::string text() const;  // "host/path?query"
};

// Refuses what no request could ask for; the error quotes it.
Result<PlainUrl> parse_plain_url(std::string_view text);

// With the query that the route of a GET for it keys by: filtered, normalised, sorted.
PlainUrl as_keyed(const PlainUrl& url, const RouteTable& routes);

}  // namespace weir
