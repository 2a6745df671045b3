// Traffic: the workers' counters added up, by route and over all. A copy that nobody else writes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proxy/base/json.h"
#include "proxy/base/metrics.h"
#include "proxy/cache/outcome.h"
#include "proxy/fetch/context.h"

namespace weir {

struct Latencies {
  Histogram::Counts counts{};
  std::uint64_t sum = 0;  // µs

  std::uint64_t total() const;
  void add(const Histogram& histogram) { histogram.add_to(counts, sum); }
  void add(const Latencies& other);
  void subtract(const Latencies& earlier);
};

struct RouteTraffic {
  std::array<std::uint64_t, kOutcomeWords.size()> outcomes{};
  std::uint64_t client_bytes = 0, origin_bytes = 0, fetches = 0, fetch_failures = 0, stored = 0, redis_hits = 0;
  std::uint64_t tunnels = 0, tunnel_bytes = 0;
  Latencies latency, first_byte;

  std::uint64_t of(Outcome outcome) const { return outcomes[static_cast<std::size_t>(outcome)]; }
  std::uint64_t requests() const;
  // The share of requests that the store answered without waiting for an origin (hit, updating, stale) among all that
  // were a matter for the cache (not bypass). Nothing where there was none.
  std::optional<double> hit_rate() const;

  void add(const RouteCounters& counters);
  void add(const RouteTraffic& other);
  // What came since `earlier`, of the same counters.
  void subtract(const RouteTraffic& earlier);
};

struct Traffic {
  std::map<std::string, RouteTraffic> routes;
  RouteTraffic all;
};
Traffic traffic_of(const Metrics& metrics);
Traffic since(const Traffic& earlier, Traffic now);

// {"p50":0.064,"p95":1.2,"p99":3.1} in milliseconds; null for each where nothing was recorded.
void write_latencies(JsonWriter& json, const Latencies& latencies);
// A number between 0 and 1, or null.
void write_hit_rate(JsonWriter& json, const RouteTraffic& traffic);

}  // namespace weir
