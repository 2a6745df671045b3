// Invalidation by unsafe requests; see invalidate.h.
#include "proxy/fetch/invalidate.h"

#include <string>

#include "proxy/http/uri.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

void add_url(std::vector<InvalidationRecord>& records, std::string value, bool soft) {
  records.push_back({Kind::url, std::move(value), soft});
}

// A URL named by the response, where it lies on the same host; a relative one does.
void add_named(std::vector<InvalidationRecord>& records, const Fetch& fetch, std::string_view location) {
  if (location.empty() || location.size() > 4096) return;
  Arena arena;
  if (location.front() == '/' && location.substr(0, 2) != "//") {
    if (auto target = parse_target(location, Method::get, arena)) {
      const std::string query = target->has_query ? "?" + std::string(target->query) : "";
      add_url(records, std::string(fetch.request.authority).append(target->path) + query, false);
    }
    return;
  }
  const auto target = parse_target(location, Method::get, arena);
  if (!target || target->authority != fetch.request.authority) return;
  const std::string query = target->has_query ? "?" + std::string(target->query) : "";
  add_url(records, std::string(target->authority).append(target->path) + query, false);
}

void add_rules(std::vector<InvalidationRecord>& records, const Fetch& fetch) {
  const InvalidateRules& rules = fetch.route.invalidate;
  const auto render = [&](const Template& text, std::string start) {
    text.render(fetch.values, start);
    return start;
  };
  const std::string host(fetch.request.authority);
  for (const auto& tag : rules.tags) records.push_back({Kind::tag, render(tag, ""), rules.soft});
  for (const auto& url : rules.urls) add_url(records, render(url, host), rules.soft);
  for (const auto& prefix : rules.prefixes) records.push_back({Kind::prefix, render(prefix, host), rules.soft});
}

}  // namespace

std::vector<InvalidationRecord> invalidations(const Fetch& fetch, const ResponseHead& response) {
  std::vector<InvalidationRecord> records;
  if (is_safe(fetch.request.method) || response.status < 200 || response.status >= 400) return records;
  std::string target = std::string(fetch.request.authority).append(fetch.request.path);
  // Keys hold the query sorted; the target's own is made the same way.
  if (fetch.key.has_query) target.append("?").append(fetch.key.query);
  add_url(records, std::move(target), false);
  add_named(records, fetch, response.fields.value(Name::location));
  add_named(records, fetch, response.fields.value(Name::content_location));
  add_rules(records, fetch);
  return records;
}

}  // namespace weir
