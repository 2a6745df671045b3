// Route: one entry of `routes:` made ready to run. Const after compile, shared by all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/units.h"
#include "proxy/cache/coding_policy.h"
#include "proxy/cache/policy.h"
#include "proxy/http/message.h"
#include "proxy/route/filter.h"
#include "proxy/route/pattern.h"
#include "proxy/route/template.h"

namespace weir {

// What an unsafe request through this route makes invalid once the origin answered 2xx or 3xx, beside its own target.
struct InvalidateRules {
  std::vector<Template> tags;
  std::vector<Template> urls;  // paths on the same host
  std::vector<Template> prefixes;
  bool soft = false;
};

// How long its answers may take; unset: as the upstream says, and as long as it takes.
struct RouteTimeouts {
  std::optional<Duration> first_byte, between_bytes, total;
  Duration idle = std::chrono::minutes(5);  // of a tunnel in which nothing moves
};

// One of a route's `match:` entries.
struct RouteMatch {
  std::vector<std::string> methods;  // empty: any. GET stands for HEAD too.
  Pattern pattern;

  bool matches_method(Method method, std::string_view text) const;
};

struct Route {
  std::uint32_t number = 0;  // its place in the table
  std::string name;
  std::string place;                // FILE:LINE, for explain
  std::vector<RouteMatch> matches;  // any of them
  std::string match_text;           // as the config file has it, for people
  std::uint32_t upstream = 0;       // number in Config::upstreams
  Policy policy;
  std::optional<CodingPolicy> coding;  // without: bodies go as the origin coded them
  KeySpec key;
  std::vector<Template> tags;
  InvalidateRules invalidate;
  std::vector<std::string> upgrades;  // protocols that a GET may go over to; lower case
  RouteTimeouts timeouts;
  bool forward_all = false;          // all harmless and unharmed request fields reach the origin (modes off and origin)
  std::vector<std::string> forward;  // `request.forward:` further request fields that may reach the origin; lower case
  Size max_request_body = 0;         // 413 past it
  std::vector<FilterPtr> filters;    // request order
  std::vector<std::string_view> filter_names;  // of the same, for explain
  bool looks_at_requests = false;              // some filter does
  bool edits_client_response = false;          // the same
};

}  // namespace weir
