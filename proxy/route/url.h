// URLs as people, configs and origins write them ("http://host/path?x", "host/path", "/path"), in the form in which
// weir keys them: scheme and fragment dropped, host and path normalised, the query put as the URL's own route keys it.
// What is purged, invalidated by a write, looked up or warmed goes through here, so that all of it means the same copy.
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

// With the query that the route of a GET for it keys by, whatever route another method has: filtered, normalised,
// sorted.
PlainUrl as_keyed(const PlainUrl& url, const RouteTable& routes);

// A prefix or a pattern of URLs: "/path…" for any host, or "host/path…". Escapes become what keys hold (%61 is a, %c3
// is %C3); up to the first '?' it is taken for a path. Refuses what could match nothing.
Result<std::string> parse_url_part(std::string_view text);

}  // namespace weir
