// Invalidation by unsafe requests; see invalidate.h.
#include "proxy/fetch/invalidate.h"

#include <string>

#include "proxy/route/url.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

// As it is kept: by the route of a GET for it, not by that of the request that makes it invalid.
void add_url(std::vector<InvalidationRecord>& records, const Fetch& fetch, const PlainUrl& url, bool soft) {
  records.push_back({Kind::url, as_keyed(url, *fetch.snapshot->shared->routes).text(), soft});
}

// A URL that the response or the route names, where it lies on the same host; a path does.
void add_named(std::vector<InvalidationRecord>& records, const Fetch& fetch, std::string_view text, bool soft) {
  auto url = parse_plain_url(text);
  if (!url || text.starts_with("//")) return;  // no request could ask for it, so nothing is kept for it
  if (url->host.empty()) url->host = fetch.request.authority;
  if (url->host == fetch.request.authority) add_url(records, fetch, *url, soft);
}

void add_rules(std::vector<InvalidationRecord>& records, const Fetch& fetch) {
  const InvalidateRules& rules = fetch.route.invalidate;
  const auto render = [&](const Template& text, std::string start) {
    text.render(fetch.values, start);
    return start;
  };
  const std::string host(fetch.request.authority);
  for (const auto& tag : rules.tags) records.push_back({Kind::tag, render(tag, ""), rules.soft});
  for (const auto& url : rules.urls) add_named(records, fetch, render(url, ""), rules.soft);
  for (const auto& prefix : rules.prefixes) records.push_back({Kind::prefix, render(prefix, host), rules.soft});
}

}  // namespace

bool may_invalidate(const Fetch& fetch) {
  const InvalidateRules& rules = fetch.route.invalidate;
  if (!rules.tags.empty() || !rules.urls.empty() || !rules.prefixes.empty()) return true;
  RouteValues values;
  const Route* reader = fetch.snapshot->shared->routes->match(Method::get, "GET", fetch.request.path, values);
  return reader != nullptr && reader->policy.mode != CacheMode::off;
}

std::vector<InvalidationRecord> invalidations(const Fetch& fetch, const ResponseHead& response) {
  std::vector<InvalidationRecord> records;
  if (is_safe(fetch.request.method) || response.status < 200 || response.status >= 400) return records;
  const RequestHead& request = fetch.request;
  add_url(records, fetch,
          {std::string(request.authority), std::string(request.path), std::string(request.query), request.has_query},
          false);
  add_named(records, fetch, response.fields.value(Name::location), false);
  add_named(records, fetch, response.fields.value(Name::content_location), false);
  add_rules(records, fetch);
  return records;
}

}  // namespace weir
