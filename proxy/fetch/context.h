// What a request can reach: the node (shared by all workers), the snapshot of the config it began under, and its
// worker.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "proxy/base/line_log.h"
#include "proxy/base/metrics.h"
#include "proxy/cache/flight.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/outcome.h"
#include "proxy/cache/store.h"
#include "proxy/fetch/dictionaries.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/forwarded.h"
#include "proxy/http/h2_codec.h"
#include "proxy/net/background.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/loop.h"
#include "proxy/net/proxy_protocol.h"
#include "proxy/net/tls_failure.h"
#include "proxy/net/tls_server.h"
#include "proxy/route/table.h"
#include "proxy/shared/redis_tier.h"
#include "proxy/upstream/pool.h"

namespace weir {

// One worker's counters for one route. Written by that worker, read by the admin endpoint.
struct RouteCounters {
  std::array<Counter, kOutcomeWords.size()> outcomes;
  Counter client_bytes;  // bodies sent
  Counter fetches, fetch_failures, origin_bytes, stored;
  Counter shared_hits;   // of all hits, those that waited for Redis to have the copy
  Counter tunnels;       // begun
  Counter tunnel_bytes;  // what clients said in them
  Histogram latency;     // µs from the whole head to the last byte handed to the kernel
  Histogram first_byte;  // µs that origins took for their heads
};

// One worker's counters of what concerns connections, not routes. Written by that worker.
struct ClientCounters {
  Counter http2_connections, http2_connections_over, http2_streams;
  Counter http2_streams_refused;         // past those that may be open at once
  std::array<Counter, kH2Ends> goaways;  // sent, by reason
};

// All counters, by route name: they live on over reloads, and stay bounded by the names that configs ever used.
class Metrics {
 public:
  explicit Metrics(unsigned workers) : workers_(workers), clients_(workers) {}

  // Made at the first call for a name; any thread. The reference holds as long as this.
  RouteCounters& route(const std::string& name, unsigned worker) {
    const std::lock_guard lock(mutex_);
    auto& counters = routes_[name];
    while (counters.size() < workers_) counters.push_back(std::make_unique<RouteCounters>());
    return *counters[worker];
  }

  ClientCounters& clients(unsigned worker) { return clients_[worker]; }
  const std::vector<ClientCounters>& clients() const { return clients_; }

  // each(name, counters of one worker), for every route and worker.
  template <class Each>
  void for_each(Each each) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, counters] : routes_) {
      for (const auto& one : counters) each(name, *one);
    }
  }

  // Any thread.
  std::atomic<std::uint64_t> connections_open{0}, connections_accepted{0}, connections_refused{0};
  std::atomic<std::uint64_t> requests_malformed{0};  // refused before a route was known
  std::atomic<Time> misuse_reported{Time{}};         // of HTTP/2, in the log of the process: once a minute
  std::atomic<std::uint64_t> tunnels_open{0};

  // Handshakes of clients.
  std::atomic<std::uint64_t> tls_full{0}, tls_resumed{0}, tls12{0}, tls13{0};
  std::array<std::atomic<std::uint64_t>, kTlsFailureWords.size()> tls_failed{};       // by TlsFailure
  std::array<std::atomic<std::uint64_t>, kProxyRefusalWords.size()> proxy_refused{};  // by ProxyRefusal

 private:
  const unsigned workers_;
  std::vector<ClientCounters> clients_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<RouteCounters>>> routes_;
};

inline constexpr unsigned kBackgroundThreads = 2;

// One process. Any thread; the parts guard themselves.
struct Node {
  Node(Size memory, unsigned workers)
      : store(memory), flights(memory / 4), log(std::make_unique<MemoryLog>(rules)), metrics(workers) {}

  Store store;
  FlightTable flights;
  InvalidationRules rules;
  std::unique_ptr<InvalidationLog> log;
  Metrics metrics;
  std::atomic<bool> draining{false};
  std::array<std::atomic<unsigned>, 3> recodings{};  // under way, by RecodingPlace::Kind
  const Time started = MonotonicClock::now();
  DictionaryTable dictionaries{rules, background};
  // Both stop before the workers go: their work posts to loops. Looking up names has threads of its own, since it hangs
  // where the name server does.
  Background background{kBackgroundThreads}, names{kBackgroundThreads};
};

// How a public port takes the connections that are made from now on.
struct ListenerRules {
  std::string name;                      // as the file writes its address
  std::shared_ptr<const TlsServer> tls;  // null: without
  // Who must begin with a header of the PROXY protocol, and nobody else may connect. Empty: there is none.
  std::vector<AddressRange> proxy_protocol;
};

// A config that runs: const, shared by all workers, swapped whole.
struct Snapshot {
  std::shared_ptr<const Config> config;
  std::shared_ptr<const RouteTable> routes;
  std::vector<std::shared_ptr<Upstream>> upstreams;  // by Route::upstream
  std::shared_ptr<LineLog> access_log;               // null: none
  std::optional<TrustedProxies> trusted_proxies;     // none: who connects is the client
  std::vector<ListenerRules> listeners;              // as they were opened at the start
  std::uint64_t generation = 0;
};

// The same, with what one worker needs for it. Held by every request that waits, so that what it began under lives on.
struct WorkerSnapshot {
  std::shared_ptr<const Snapshot> shared;
  std::vector<std::shared_ptr<OriginPool>> pools;                // by Route::upstream
  std::vector<RouteCounters*> counters;                          // by Route::number
  RouteCounters* unrouted = nullptr;                             // requests that no route matches
  std::vector<std::shared_ptr<RouteDictionaries>> dictionaries;  // by Route::number; null: the route has none

  RouteDictionaries* dictionaries_of(const Route& route) const { return dictionaries[route.number].get(); }
};

class Fetch;
class Recoding;

struct WorkerContext {
  WorkerContext(Node& the_node, unsigned the_number);
  ~WorkerContext();

  Node& node;
  const unsigned number;
  BufferPool buffers;  // outlives what the loop still disposes of
  Loop loop;
  std::shared_ptr<const WorkerSnapshot> snapshot;
  // Memory that is used for one request after the other: the line of the access log, an answer's head that filters
  // edit.
  std::string log_text, log_line, edited_text;
  ResponseHead edited_head;
  KnownCodings known_codings;
  // What nodes share; null: this one caches alone.
  std::unique_ptr<Redis> redis;
  std::unique_ptr<RedisTier> tier;
  std::vector<std::unique_ptr<Fetch>> fetches;              // under way, in no order; each takes itself out
  std::unordered_set<std::shared_ptr<Recoding>> recodings;  // the same
};

}  // namespace weir
