// Adds up and subtracts counters; see traffic.h. A counter that is read while it grows may be one behind another:
// differences never go below zero.
#include "proxy/admin/traffic.h"

#include <numeric>

namespace weir {
namespace {

void subtract_to_zero(std::uint64_t& from, std::uint64_t what) {
  from -= std::min(from, what);
}

void write_milliseconds(JsonWriter& json, std::string_view name, const Latencies& latencies, double q) {
  json.key(name);
  if (latencies.total() == 0) {
    json.null();
  } else {
    json.value(static_cast<double>(quantile(latencies.counts, q)) / 1000);
  }
}

}  // namespace

std::uint64_t Latencies::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void Latencies::add(const Latencies& other) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
}

void Latencies::subtract(const Latencies& earlier) {
  for (std::size_t i = 0; i < counts.size(); ++i) subtract_to_zero(counts[i], earlier.counts[i]);
  subtract_to_zero(sum, earlier.sum);
}

std::uint64_t RouteTraffic::requests() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

std::optional<double> RouteTraffic::hit_rate() const {
  const auto asked = requests() - of(Outcome::bypass);
  if (asked == 0) return std::nullopt;
  const auto kept = of(Outcome::hit) + of(Outcome::updating) + of(Outcome::stale);
  return static_cast<double>(kept) / static_cast<double>(asked);
}

void RouteTraffic::add(const RouteCounters& counters) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += counters.outcomes[i].read();
  client_bytes += counters.client_bytes.read();
  origin_bytes += counters.origin_bytes.read();
  fetches += counters.fetches.read();
  fetch_failures += counters.fetch_failures.read();
  stored += counters.stored.read();
  redis_hits += counters.shared_hits.read();
  tunnels += counters.tunnels.read();
  tunnel_bytes += counters.tunnel_bytes.read();
  latency.add(counters.latency);
  first_byte.add(counters.first_byte);
}

void RouteTraffic::add(const RouteTraffic& other) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
  client_bytes += other.client_bytes;
  origin_bytes += other.origin_bytes;
  fetches += other.fetches;
  fetch_failures += other.fetch_failures;
  stored += other.stored;
  redis_hits += other.redis_hits;
  tunnels += other.tunnels;
  tunnel_bytes += other.tunnel_bytes;
  latency.add(other.latency);
  first_byte.add(other.first_byte);
}

void RouteTraffic::subtract(const RouteTraffic& earlier) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) subtract_to_zero(outcomes[i], earlier.outcomes[i]);
  subtract_to_zero(client_bytes, earlier.client_bytes);
  subtract_to_zero(origin_bytes, earlier.origin_bytes);
  subtract_to_zero(fetches, earlier.fetches);
  subtract_to_zero(fetch_failures, earlier.fetch_failures);
  subtract_to_zero(stored, earlier.stored);
  subtract_to_zero(redis_hits, earlier.redis_hits);
  subtract_to_zero(tunnels, earlier.tunnels);
  subtract_to_zero(tunnel_bytes, earlier.tunnel_bytes);
  latency.subtract(earlier.latency);
  first_byte.subtract(earlier.first_byte);
}

Traffic traffic_of(const Metrics& metrics) {
  Traffic traffic;
  metrics.for_each([&](const std::string& name, const RouteCounters& counters) { traffic.routes[name].add(counters); });
  for (const auto& [name, route] : traffic.routes) traffic.all.add(route);
  return traffic;
}

Traffic since(const Traffic& earlier, Traffic now) {
  now.all.subtract(earlier.all);
  for (auto& [name, route] : now.routes) {
    const auto before = earlier.routes.find(name);
    if (before != earlier.routes.end()) route.subtract(before->second);
  }
  return now;
}

void write_latencies(JsonWriter& json, const Latencies& latencies) {
  json.begin_object();
  write_milliseconds(json, "p50", latencies, 0.50);
  write_milliseconds(json, "p95", latencies, 0.95);
  write_milliseconds(json, "p99", latencies, 0.99);
  json.end_object();
}

void write_hit_rate(JsonWriter& json, const RouteTraffic& traffic) {
  const auto rate = traffic.hit_rate();
  json.key("hit_rate");
  if (rate) {
    json.value(*rate);
  } else {
    json.null();
  }
}

}  // namespace weir
