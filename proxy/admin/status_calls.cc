// How weir is: alive, ready, how well it does, and the same as metrics and as a page.
#include "proxy/admin/calls.h"
#include "proxy/admin/certificates.h"
#include "proxy/admin/dashboard.h"
#include "proxy/admin/prometheus.h"

namespace weir {
namespace {

double seconds_since(Time then) {
  return std::chrono::duration<double>(MonotonicClock::now() - then).count();
}

void write_cache(JsonWriter& json, const Store::Statistics& store) {
  json.begin_object().field("status", "ok").field("bytes", store.bytes).field("budget", store.budget);
  json.field("objects", store.objects).field("evictions", store.evictions).end_object();
}

// A part that this weir has no connection to.
void write_off(JsonWriter& json, std::string_view name) {
  json.key(name).begin_object().field("status", "off").end_object();
}

void write_traffic(JsonWriter& json, const RouteTraffic& traffic) {
  json.field("requests", traffic.requests());
  write_hit_rate(json, traffic);
  json.key("latency_ms");
  write_latencies(json, traffic.latency);
  json.key("origin_first_byte_ms");
  write_latencies(json, traffic.first_byte);
}

}  // namespace

AdminReply health(const AdminRequest&, AdminContext&, std::string_view) {
  JsonWriter json;
  json.begin_object().field("status", "ok").end_object();
  return json_reply(json);
}

AdminReply ready(const AdminRequest&, AdminContext& context, std::string_view) {
  const bool yes = context.services.ready();
  JsonWriter json;
  json.begin_object().field("status", yes ? "ready" : context.services.node.draining ? "draining" : "starting");
  json.end_object();
  return json_reply(json, yes ? 200 : 503);
}

AdminReply performance(const AdminRequest&, AdminContext& context, std::string_view) {
  const Node& node = context.services.node;
  const auto snapshot = context.services.snapshot();
  const Traffic traffic = traffic_of(node.metrics);
  const auto recent = context.recent.window(MonotonicClock::now(), traffic);
  const auto certificates = certificates_of(*snapshot, wall_now());
  bool well = certificates_status(certificates) != "expired";
  for (const auto& upstream : snapshot->upstreams) well = well && upstream_status(*upstream) == "ok";
  if (context.services.sharing) well = well && context.services.sharing().status() == "ok";
  if (context.services.database) well = well && context.services.database().status() == "ok";

  JsonWriter json;
  json.begin_object().field("status", node.draining ? "draining" : well ? "ok" : "degraded");
  json.field("version", WEIR_VERSION).field("uptime_seconds", seconds_since(node.started));
  json.field("generation", snapshot->generation);
  json.field("connections", node.metrics.connections_open.load());
  write_traffic(json, traffic.all);
  json.key("recent").begin_object().field("seconds", recent.seconds);
  json.field("requests_per_second", recent.per_second(recent.traffic.all.requests()));
  json.field("fetches_per_second", recent.per_second(recent.traffic.all.fetches));
  write_traffic(json, recent.traffic.all);
  json.end_object();
  json.key("cache");
  write_cache(json, node.store.statistics());
  if (context.services.sharing) {
    json.key("redis");
    write_sharing(json, context.services.sharing());
  } else {
    write_off(json, "redis");
  }
  if (context.services.database) {
    json.key("database_listener");
    write_database(json, context.services.database());
  } else {
    write_off(json, "database_listener");
  }
  json.key("certificates");
  write_certificates(json, certificates);
  json.key("upstreams").begin_object();
  for (const auto& upstream : snapshot->upstreams) {
    json.key(upstream->options().name).begin_object().field("status", upstream_status(*upstream)).end_object();
  }
  json.end_object().end_object();
  return json_reply(json);
}

AdminReply metrics(const AdminRequest&, AdminContext& context, std::string_view) {
  return AdminReply{200, "text/plain; version=0.0.4; charset=utf-8", prometheus_text(context.services), {}};
}

AdminReply dashboard(const AdminRequest&, AdminContext&, std::string_view) {
  return dashboard_reply(random_nonce());
}

}  // namespace weir
