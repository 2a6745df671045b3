// Reachability of routes; see reach.h. Complete for paths that one earlier pattern covers; that several together could
// cover one is not looked for.
#include "proxy/route/reach.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kMostMatches = 2000;

struct Earlier {
  const RouteMatch* match;
  const Route* route;
};

// The route that takes all of one method's requests first; null: nobody. No method: any.
const Route* taker(const std::vector<Earlier>& covering, const std::string* method) {
  for (const auto& [match, route] : covering) {
    if (method == nullptr ? match->methods.empty() : match->matches_method(method_of(*method), *method)) return route;
  }
  return nullptr;
}

// Who takes all that `match` could: one route for each method, or one for all.
const Route* taker_of_all(const std::vector<Earlier>& covering, const RouteMatch& match) {
  if (match.methods.empty()) return taker(covering, nullptr);
  const Route* first = nullptr;
  for (const auto& method : match.methods) {
    const Route* const one = taker(covering, &method);
    if (one == nullptr) return nullptr;
    if (first == nullptr) first = one;
  }
  return first;
}

Place place_of_match(const RouteConfig& route, std::size_t index) {
  const auto found = route.places.find("match." + std::to_string(index));
  return found == route.places.end() ? route.place : found->second;
}

void unreachable(const Config& config, const Route& route, std::size_t index, const Route& first,
                 Diagnostics& diagnostics) {
  const RouteConfig& from = config.routes[route.number];
  const std::string line = std::to_string(config.routes[first.number].place.line);
  const bool itself = first.number == route.number;
  diagnostics.push_back({Diagnostic::Severity::error, config.file, place_of_match(from, index),
                         "route \"" + route.name + "\" can never be reached: " +
                             (itself ? "its own earlier match" : "\"" + first.name + "\" on line " + line) +
                             " takes all of " + from.match[index].text(),
                         "the special before the general"});
}

}  // namespace

void check_reach(const Config& config, const std::vector<Route>& routes, Diagnostics& diagnostics) {
  std::vector<Earlier> all;
  for (const Route& route : routes) {
    const bool whole = route.matches.size() == config.routes[route.number].match.size();  // else some had an error
    for (std::size_t i = 0; i < route.matches.size(); ++i) {
      const RouteMatch& match = route.matches[i];
      std::vector<Earlier> covering;
      std::copy_if(all.begin(), all.end(), std::back_inserter(covering),
                   [&](const Earlier& earlier) { return earlier.match->pattern.covers(match.pattern); });
      const Route* const first = taker_of_all(covering, match);
      if (first != nullptr && whole) unreachable(config, route, i, *first, diagnostics);
      all.push_back({&match, &route});
      if (all.size() <= kMostMatches) continue;
      diagnostics.push_back({Diagnostic::Severity::error, config.file, place_of_match(config.routes[route.number], i),
                             "too many matches", "at most 2000 over all routes"});
      return;
    }
  }
}

}  // namespace weir
