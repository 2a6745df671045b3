// Writes the metrics, family by family; see prometheus.h. Latency buckets end at powers of two microseconds, where our
// histograms have an edge, so that no bucket is a guess.
#include "proxy/admin/prometheus.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>

#include "proxy/admin/certificates.h"
#include "proxy/admin/traffic.h"

namespace weir {
namespace {

constexpr unsigned kFirstPower = 6;  // 64 µs
constexpr unsigned kLastPower = 26;  // 67 s

struct Label {
  std::string_view name, value;
};

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

class Writer {
 public:
  // What follows belongs to this family.
  Writer& family(std::string_view name, std::string_view type, std::string_view what) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(what);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    return *this;
  }

  Writer& sample(std::initializer_list<Label> labels, std::string_view value, std::string_view suffix = {}) {
    out_.append(name_).append(suffix);
    char before = '{';
    for (const auto& label : labels) {
      out_.append(1, before).append(label.name).append("=\"");
      append_escaped(label.value);
      out_.push_back('"');
      before = ',';
    }
    if (labels.size() > 0) out_.push_back('}');
    out_.append(" ").append(value).append("\n");
    return *this;
  }
  Writer& sample(std::initializer_list<Label> labels, std::uint64_t value, std::string_view suffix = {}) {
    return sample(labels, std::to_string(value), suffix);
  }

  void single(std::string_view name, std::string_view type, std::string_view what, std::uint64_t value) {
    family(name, type, what).sample({}, value);
  }

  void histogram(std::string_view route, const Latencies& latencies) {
    std::uint64_t below = 0;
    std::size_t bucket = 0;
    for (unsigned power = kFirstPower; power <= kLastPower; ++power) {
      const auto bound = std::uint64_t{1} << power;
      while (bucket < latencies.counts.size() && Histogram::upper(bucket) <= bound) below += latencies.counts[bucket++];
      sample({{"route", route}, {"le", number(static_cast<double>(bound) / 1e6)}}, below, "_bucket");
    }
    while (bucket < latencies.counts.size()) below += latencies.counts[bucket++];
    sample({{"route", route}, {"le", "+Inf"}}, below, "_bucket");
    sample({{"route", route}}, number(static_cast<double>(latencies.sum) / 1e6), "_sum");
    sample({{"route", route}}, below, "_count");
  }

  std::string take() { return std::move(out_); }

 private:
  void append_escaped(std::string_view text) {
    for (const char c : text) {
      if (c == '\n') {
        out_ += "\\n";
      } else {
        if (c == '\\' || c == '"') out_.push_back('\\');
        out_.push_back(c);
      }
    }
  }

  std::string out_;
  std::string_view name_;
};

void write_requests(Writer& out, const Traffic& traffic) {
  out.family("weir_requests_total", "counter", "Requests by route and result.");
  for (const auto& [name, route] : traffic.routes) {
    for (std::size_t i = 0; i < kOutcomeWords.size(); ++i) {
      out.sample({{"route", name}, {"result", kOutcomeWords[i]}}, route.outcomes[i]);
    }
  }
  out.family("weir_hits_total", "counter", "Hits by route and by the tier that had the copy.");
  for (const auto& [name, route] : traffic.routes) {
    const auto hits = route.of(Outcome::hit);
    out.sample({{"route", name}, {"tier", "memory"}}, hits - std::min(hits, route.redis_hits));
    out.sample({{"route", name}, {"tier", "redis"}}, route.redis_hits);
  }
  out.family("weir_request_duration_seconds", "histogram",
             "From the whole request head to the last byte handed to the kernel.");
  for (const auto& [name, route] : traffic.routes) out.histogram(name, route.latency);
  out.family("weir_origin_first_byte_seconds", "histogram", "From a request sent to the head of the origin's answer.");
  for (const auto& [name, route] : traffic.routes) out.histogram(name, route.first_byte);
}

void write_bytes(Writer& out, const Traffic& traffic) {
  struct Row {
    std::string_view name, what;
    std::uint64_t RouteTraffic::*count;
  };
  constexpr Row kRows[] = {
      {"weir_client_bytes_total", "Body bytes sent to clients.", &RouteTraffic::client_bytes},
      {"weir_origin_bytes_total", "Body bytes received from origins.", &RouteTraffic::origin_bytes},
      {"weir_fetches_total", "Requests sent to origins.", &RouteTraffic::fetches},
      {"weir_fetch_failures_total", "Requests to origins that got no whole answer.", &RouteTraffic::fetch_failures},
      {"weir_stored_total", "Answers that were stored.", &RouteTraffic::stored},
      {"weir_tunnels_total", "Upgrades that the origin granted.", &RouteTraffic::tunnels},
      {"weir_tunnel_client_bytes_total", "Bytes that clients sent in tunnels.", &RouteTraffic::tunnel_bytes},
  };
  for (const auto& row : kRows) {
    out.family(row.name, "counter", row.what);
    for (const auto& [name, route] : traffic.routes) out.sample({{"route", name}}, route.*row.count);
  }
}

void write_cache(Writer& out, const Node& node) {
  const auto store = node.store.statistics();
  out.single("weir_cache_budget_bytes", "gauge", "What the cache may take of memory.", store.budget);
  out.single("weir_cache_bytes", "gauge", "What it takes: objects, index, allocator slack.", store.bytes);
  out.single("weir_cache_body_bytes", "gauge", "Of that, bodies.", store.body_bytes);
  out.single("weir_cache_shared_body_bytes", "gauge", "Saved by keeping same bodies once.", store.shared_body_bytes);
  out.single("weir_cache_objects", "gauge", "Stored responses.", store.objects);
  out.single("weir_cache_keys", "gauge", "Distinct keys of them.", store.keys);
  out.single("weir_cache_hit_for_miss", "gauge", "Keys whose answer is known to be uncacheable.", store.hit_for_miss);
  out.single("weir_cache_inserts_total", "counter", "Objects put into the store.", store.inserts);
  out.single("weir_cache_evictions_total", "counter", "Objects that made room for others.", store.evictions);
  out.single("weir_cache_refused_total", "counter", "Objects that did not fit.", store.refused);
  out.single("weir_flights", "gauge", "Fetches that others may join.", node.flights.size());
  out.single("weir_flight_bytes", "gauge", "Body bytes of fetches under way.", node.flights.bytes());
  out.single("weir_invalidation_position", "counter", "The last applied position of the invalidation log.",
             node.rules.head());
  out.single("weir_invalidation_rules", "gauge", "Tags, URLs, prefixes and patterns remembered.",
             node.rules.remembered());
}

void write_upstreams(Writer& out, const Snapshot& snapshot) {
  struct Row {
    std::string_view name, type, what;
    std::uint64_t (*value)(const OriginServer&);
  };
  constexpr Row kRows[] = {
      {"weir_upstream_usable", "gauge", "1: resolved, not drained, and the last request to it was answered.",
       [](const OriginServer& s) { return std::uint64_t{s.state() == OriginServer::State::ok}; }},
      {"weir_upstream_drained", "gauge", "1: taken out by the operator.",
       [](const OriginServer& s) { return std::uint64_t{s.drained()}; }},
      {"weir_upstream_busy", "gauge", "Requests under way.",
       [](const OriginServer& s) { return std::uint64_t{s.busy()}; }},
      {"weir_upstream_queued", "gauge", "Requests that wait for a connection.",
       [](const OriginServer& s) { return std::uint64_t{s.queued()}; }},
      {"weir_upstream_connections", "gauge", "Open connections.", [](const OriginServer& s) { return s.open.load(); }},
      {"weir_upstream_requests_total", "counter", "Requests sent.",
       [](const OriginServer& s) { return s.requests.load(); }},
      {"weir_upstream_failures_total", "counter", "Connects, sends and answers that failed.",
       [](const OriginServer& s) { return s.failures(); }},
      {"weir_upstream_connects_total", "counter", "Connections begun.",
       [](const OriginServer& s) { return s.connects.load(); }},
      {"weir_upstream_http2", "gauge", "1: the last connection that was made speaks HTTP/2.",
       [](const OriginServer& s) { return std::uint64_t{s.spoken.load() == OriginServer::Spoken::http2}; }},
      {"weir_upstream_unverified", "gauge", "1: any certificate is taken (tls.verify: false).",
       [](const OriginServer& s) { return std::uint64_t{s.unverified()}; }},
      {"weir_upstream_tls_handshakes_total", "counter", "TLS handshakes done.",
       [](const OriginServer& s) { return s.handshakes.load(); }},
      {"weir_upstream_tls_resumed_total", "counter", "Of these, those that went on from an earlier session.",
       [](const OriginServer& s) { return s.handshakes_resumed.load(); }},
  };
  for (const auto& row : kRows) {
    out.family(row.name, row.type, row.what);
    for (const auto& upstream : snapshot.upstreams) {
      for (const auto& server : upstream->servers()) {
        out.sample({{"upstream", upstream->options().name}, {"server", server->options().text}}, row.value(*server));
      }
    }
  }
}

void write_clients(Writer& out, const Node& node, const Snapshot& snapshot) {
  const Metrics& metrics = node.metrics;
  out.single("weir_connections", "gauge", "Open client connections.", metrics.connections_open.load());
  out.single("weir_connections_accepted_total", "counter", "Client connections.", metrics.connections_accepted.load());
  out.single("weir_connections_refused_total", "counter", "Past the limit.", metrics.connections_refused.load());
  out.single("weir_requests_malformed_total", "counter", "Requests that break the grammar.",
             metrics.requests_malformed.load());
  out.single("weir_tunnels", "gauge", "Open tunnels, after an upgrade.", metrics.tunnels_open.load());
  out.single("weir_log_lines_dropped_total", "counter", "Access log lines that the sink did not take.",
             snapshot.access_log ? snapshot.access_log->dropped() : 0);
  out.single("weir_config_generation", "gauge", "Grows by one with each reload.", snapshot.generation);
  out.single("weir_draining", "gauge", "1: no new connections, about to end.", node.draining ? 1 : 0);
}

void write_proxy_protocol(Writer& out, const Metrics& metrics) {
  out.family("weir_proxy_protocol_refused_total", "counter", "Connections without the PROXY header they need.");
  for (std::size_t i = 0; i < kProxyRefusalWords.size(); ++i)
    out.sample({{"reason", kProxyRefusalWords[i]}}, metrics.proxy_refused[i].load());
}

void write_tls(Writer& out, const Metrics& metrics, const Snapshot& snapshot) {
  out.family("weir_tls_handshakes_total", "counter", "Of clients, those that went well.");
  out.sample({{"kind", "full"}}, metrics.tls_full.load()).sample({{"kind", "resumed"}}, metrics.tls_resumed.load());
  out.family("weir_tls_handshakes_failed_total", "counter", "Of clients, by reason.");
  for (std::size_t i = 0; i < kTlsFailureWords.size(); ++i)
    out.sample({{"reason", kTlsFailureWords[i]}}, metrics.tls_failed[i].load());
  out.family("weir_tls_connections_total", "counter", "Of clients, by version of TLS.");
  out.sample({{"version", "1.2"}}, metrics.tls12.load()).sample({{"version", "1.3"}}, metrics.tls13.load());
  out.family("weir_certificate_expiry_seconds", "gauge", "Until the certificate expires; negative: since it did.");
  const auto certificates = certificates_of(snapshot, wall_now());
  for (const CertificateLook& one : certificates)
    out.sample({{"certificate", one.file}}, std::to_string(one.seconds_left));
  out.family("weir_ocsp_expiry_seconds", "gauge", "Until what is stapled expires; 0 or less: nothing is stapled.");
  for (const CertificateLook& one : certificates) {
    if (one.ocsp_seconds_left) out.sample({{"certificate", one.file}}, std::to_string(*one.ocsp_seconds_left));
  }
}

void write_http2(Writer& out, const Metrics& metrics) {
  std::uint64_t begun = 0, over = 0, streams = 0, refused = 0;
  std::array<std::uint64_t, kH2Ends> goaways{};
  for (const ClientCounters& worker : metrics.clients()) {
    begun += worker.http2_connections.read();
    over += worker.http2_connections_over.read();
    streams += worker.http2_streams.read();
    refused += worker.http2_streams_refused.read();
    for (std::size_t i = 0; i < kH2Ends; ++i) goaways[i] += worker.goaways[i].read();
  }
  out.single("weir_http2_connections", "gauge", "Open client connections that speak HTTP/2.",
             begun - std::min(begun, over));
  out.single("weir_http2_connections_total", "counter", "Client connections that spoke HTTP/2.", begun);
  out.single("weir_http2_streams_total", "counter", "Requests that came over HTTP/2.", streams);
  out.single("weir_http2_streams_refused_total", "counter", "Past those that a connection may have open.", refused);
  out.family("weir_http2_goaways_total", "counter", "Sent, by reason.");
  for (std::size_t i = 0; i < kH2Ends; ++i) out.sample({{"reason", word(static_cast<H2End>(i))}}, goaways[i]);
}

void write_sharing(Writer& out, const SharingLook& look) {
  const SharingCounts& counts = look.counts;
  out.single("weir_log_following", "gauge", "1: this node reads the shared log.", look.log.following ? 1 : 0);
  out.single("weir_log_trusted", "gauge", "1: it has heard of it lately enough to trust its memory.",
             look.log.trusted ? 1 : 0);
  out.single("weir_log_behind", "gauge", "Records that this node has yet to apply.",
             look.log.last > look.log.position ? look.log.last - look.log.position : 0);
  out.single("weir_log_nodes", "gauge", "Nodes that have reported lately.", look.log.nodes.size());
  out.single("weir_log_appended_total", "counter", "Records that this node appended.", look.log.appended);
  out.single("weir_log_applied_total", "counter", "Records that it applied.", look.log.applied);
  out.single("weir_log_lost_total", "counter", "Times that all it had became invalid: the log was lost or trimmed.",
             look.log.lost);
  out.single("weir_log_unlogged", "gauge", "Records of writes that the log hasn't got yet.", look.log.insisting);
  out.single("weir_redis_finds_total", "counter", "Looks into the shared tier.", counts.finds);
  out.single("weir_redis_hits_total", "counter", "Entries found there, fresh or not.", counts.hits);
  out.family("weir_redis_misses_total", "counter", "By reason.");
  for (std::size_t i = 0; i < counts.misses.size(); ++i)
    out.sample({{"reason", word_of(static_cast<TierMiss>(i))}}, counts.misses[i]);
  out.single("weir_redis_puts_total", "counter", "Entries written.", counts.puts);
  out.single("weir_redis_puts_dropped_total", "counter", "Not written: Redis unwell, or too much waiting.",
             counts.puts_dropped);
  out.single("weir_redis_puts_fenced_total", "counter", "Not written: the lease was lost.", counts.puts_fenced);
  out.single("weir_redis_deletions_total", "counter", "Of entries that don't hold or don't verify.", counts.deletions);
  out.single("weir_redis_read_bytes_total", "counter", "Of entries.", counts.bytes_read);
  out.single("weir_redis_written_bytes_total", "counter", "Of entries.", counts.bytes_written);
  out.family("weir_redis_leases_total", "counter", "How asking for the right to fetch ended.");
  out.sample({{"result", "taken"}}, counts.leases_taken).sample({{"result", "held"}}, counts.leases_held);
  out.sample({{"result", "passed"}}, counts.leases_passed).sample({{"result", "lost"}}, counts.leases_lost);
  out.single("weir_redis_commands_total", "counter", "Sent.", counts.commands);
  out.single("weir_redis_errors_total", "counter", "Answered with an error.", counts.errors);
  out.single("weir_redis_timeouts_total", "counter", "Not answered in time.", counts.timeouts);
  out.single("weir_redis_refused_total", "counter", "Not sent: the breaker was open, or too much waited.",
             counts.refused);
  out.single("weir_redis_connects_total", "counter", "Connections made.", counts.connects);
}

void write_database(Writer& out, const DatabaseLook& look) {
  out.single("weir_database_well", "gauge", "1: the listener is connected and follows, or waits for who does.",
             look.state.well() ? 1 : 0);
  out.single("weir_database_rows_total", "counter", "Rows of the outbox that the log has got.", look.rows);
  out.single("weir_database_everything_total", "counter", "Times that all became invalid: the position was lost.",
             look.everything);
  out.single("weir_database_losses_total", "counter", "Connections and tries that failed.", look.losses);
}

// Resident bytes, 0 where they can't be read.
std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(statm >> size >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void write_process(Writer& out, const Node& node) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const double up = std::chrono::duration<double>(MonotonicClock::now() - node.started).count();
  out.family("weir_build_info", "gauge", "The version, as a label.").sample({{"version", WEIR_VERSION}}, 1);
  out.family("weir_uptime_seconds", "gauge", "Since the start.").sample({}, number(up));
  out.single("process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  out.family("process_cpu_seconds_total", "counter", "User and system time.");
  out.sample({}, number(seconds(used.ru_utime) + seconds(used.ru_stime)));
}

}  // namespace

std::string prometheus_text(const AdminServices& services) {
  const Node& node = services.node;
  const auto running = services.snapshot();
  const Snapshot& snapshot = *running;
  const Traffic traffic = traffic_of(node.metrics);
  Writer out;
  write_requests(out, traffic);
  write_bytes(out, traffic);
  write_cache(out, node);
  write_upstreams(out, snapshot);
  write_clients(out, node, snapshot);
  write_http2(out, node.metrics);
  write_proxy_protocol(out, node.metrics);
  write_tls(out, node.metrics, snapshot);
  if (services.sharing) write_sharing(out, services.sharing());
  if (services.database) write_database(out, services.database());
  write_process(out, node);
  return out.take();
}

}  // namespace weir
