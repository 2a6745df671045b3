// What the cache holds and how it does: figures by route, and what is kept for one URL. Walks of the store are bounded.
#include <algorithm>
#include <charconv>

#include "proxy/admin/calls.h"
#include "proxy/admin/parameters.h"
#include "proxy/admin/stored.h"
#include "proxy/admin/traffic.h"
#include "proxy/base/text.h"
#include "proxy/route/url.h"

namespace weir {
namespace {

constexpr std::size_t kMostKeys = 100;
constexpr std::size_t kMostVariants = 100;

void write_results(JsonWriter& json, const RouteTraffic& traffic) {
  json.key("results").begin_object();
  for (std::size_t i = 0; i < kOutcomeWords.size(); ++i) json.field(kOutcomeWords[i], traffic.outcomes[i]);
  json.end_object();
  json.key("hits_by_tier").begin_object().field("memory", traffic.of(Outcome::hit)).end_object();
}

// The inside of an object: since the start, and `recent`: in the last seconds.
void write_traffic(JsonWriter& json, const RouteTraffic& traffic, const RouteTraffic& lately,
                   const RecentTraffic::Window& recent) {
  json.field("requests", traffic.requests());
  write_hit_rate(json, traffic);
  json.field("hits", traffic.of(Outcome::hit)).field("misses", traffic.of(Outcome::miss));
  json.field("stale", traffic.of(Outcome::stale)).field("coalesced", traffic.of(Outcome::coalesced));
  write_results(json, traffic);
  json.field("client_bytes", traffic.client_bytes).field("origin_bytes", traffic.origin_bytes);
  json.field("fetches", traffic.fetches).field("fetch_failures", traffic.fetch_failures);
  json.field("stored", traffic.stored);
  json.key("latency_ms");
  write_latencies(json, traffic.latency);
  json.key("origin_first_byte_ms");
  write_latencies(json, traffic.first_byte);
  json.key("recent").begin_object().field("seconds", recent.seconds);
  json.field("requests_per_second", recent.per_second(lately.requests()));
  json.field("fetches_per_second", recent.per_second(lately.fetches));
  write_hit_rate(json, lately);
  json.key("latency_ms");
  write_latencies(json, lately.latency);
  json.end_object();
}

void write_store(JsonWriter& json, const Node& node) {
  const auto store = node.store.statistics();
  json.field("objects", store.objects).field("keys", store.keys).field("bytes", store.bytes);
  json.field("budget", store.budget).field("body_bytes", store.body_bytes);
  json.field("shared_body_bytes", store.shared_body_bytes).field("evictions", store.evictions);
  json.field("inserts", store.inserts).field("refused", store.refused).field("hit_for_miss", store.hit_for_miss);
  json.field("flights", std::uint64_t{node.flights.size()}).field("flight_bytes", node.flights.bytes());
  json.field("invalidation_position", node.rules.head());
}

// The objects with the most hits of those looked at.
void write_hottest(JsonWriter& json, const Node& node, std::size_t wanted) {
  auto objects = node.store.sample(kMostWalked);
  const auto hotter = [](const ObjectPtr& a, const ObjectPtr& b) { return a->hits.load() > b->hits.load(); };
  const auto end = objects.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, objects.size()));
  std::partial_sort(objects.begin(), end, objects.end(), hotter);
  json.key("hottest").begin_array();
  for (auto at = objects.begin(); at != end; ++at) {
    const Object& object = **at;
    json.begin_object().field("url", readable_key(object.key)).field("hits", std::uint64_t{object.hits.load()});
    json.field("bytes", object.body ? object.body->size() : 0);
    json.field("ttl", whole_seconds(object.life.ttl(MonotonicClock::now()))).end_object();
  }
  json.end_array();
}

// How many keys `keys=` asks for.
Result<std::size_t> wanted_keys(const AdminRequest& request) {
  constexpr std::array<std::string_view, 1> kNames{"keys"};
  const auto parameters = Parameters::parse(request.query, kNames);
  if (!parameters) return parameters.error();
  const auto text = parameters->value("keys");
  if (!text) return std::size_t{0};
  const auto number = parse_number(*text);
  if (!number || *number > kMostKeys)
    return Error{Side::client, Code::malformed, "keys must be a number from 0 to 100"};
  return static_cast<std::size_t>(*number);
}

}  // namespace

AdminReply cache_stats(const AdminRequest& request, AdminContext& context, std::string_view) {
  const auto keys = wanted_keys(request);
  if (!keys) return error_reply(400, keys.error().detail);
  const Node& node = context.services.node;
  const Traffic traffic = traffic_of(node.metrics);
  const auto recent = context.recent.window(MonotonicClock::now(), traffic);
  const RouteTraffic none;

  JsonWriter json;
  json.begin_object();
  json.field("uptime_seconds", std::chrono::duration<double>(MonotonicClock::now() - node.started).count());
  write_store(json, node);
  write_traffic(json, traffic.all, recent.traffic.all, recent);
  json.key("routes").begin_object();
  for (const auto& [name, route] : traffic.routes) {
    const auto lately = recent.traffic.routes.find(name);
    json.key(name).begin_object();
    write_traffic(json, route, lately == recent.traffic.routes.end() ? none : lately->second, recent);
    json.end_object();
  }
  json.end_object();
  if (*keys > 0) write_hottest(json, node, *keys);
  json.end_object();
  return json_reply(json);
}

AdminReply cache_entry(const AdminRequest& request, AdminContext& context, std::string_view) {
  constexpr std::array<std::string_view, 1> kNames{"url"};
  const auto parameters = Parameters::parse(request.query, kNames);
  if (!parameters) return error_reply(400, parameters.error().detail);
  const auto text = parameters->value("url");
  if (!text) return error_reply(400, "which URL? /admin/cache/entry?url=/path");
  const auto url = parse_plain_url(*text);
  if (!url) return error_reply(400, url.error().detail);

  const auto snapshot = context.services.snapshot();
  const PlainUrl keyed = as_keyed(*url, *snapshot->routes);
  const StoredSearch found = find_stored(context.services.node.store, keyed);
  const auto shown = std::min(found.objects.size(), kMostVariants);
  JsonWriter json;
  json.begin_object().field("url", keyed.text());
  json.field("found", std::uint64_t{found.objects.size()})
      .field("complete", found.complete && shown == found.objects.size());
  json.key("variants").begin_array();
  for (std::size_t i = 0; i < shown; ++i) {
    write_stored(json, *found.objects[i], context.services.node.rules, *snapshot->routes, MonotonicClock::now());
  }
  json.end_array().end_object();
  return json_reply(json, found.objects.empty() ? 404 : 200);
}

}  // namespace weir
