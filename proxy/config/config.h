// Config: what one config file says, as plain structs. Made by load.h, turned into what runs by route/compile.h. Each
// struct describes its options once (describe.h); the member's initial value is the default.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/units.h"
#include "proxy/config/describe.h"
#include "proxy/config/formats.h"
#include "proxy/config/listen_config.h"
#include "proxy/config/place.h"
#include "proxy/config/route_config.h"
#include "proxy/config/scalar.h"
#include "proxy/http/forwarded.h"
#include "proxy/net/tls.h"

namespace weir {

struct AdminConfig {
  ListenAddress address{"127.0.0.1", 9090};
  Secret token;  // empty: none, and then loopback only
  std::vector<AddressRange> purge_from;

  static void describe(auto& field, auto& self) {
    field("address", self.address, "where the admin endpoint listens; without a token only a loopback address");
    field("token", self.token, "what `Authorization: Bearer` must carry; empty: none is asked for");
    field("purge_from", self.purge_from, "addresses and networks that may send PURGE and SOFTPURGE to the public port");
  }
};

struct RedisConfig {
  std::vector<Secret> url;
  std::string prefix = "weir";
  Duration timeout = std::chrono::milliseconds(25);
  Size compress_above = 1_KiB;
  std::string ca_file;
  bool verify = true;
  Secret secret;
  unsigned replicas = 0;

  static void describe(auto& field, auto& self) {
    field("url", self.url,
          "redis:// rediss:// unix:// sentinel://, with user:password and /db; several: the seeds of a cluster, or "
          "Sentinels; empty: this node caches alone",
          {.required = true, .example = "redis://127.0.0.1:6379"});
    field("prefix", self.prefix, "of all keys; nodes with the same one share everything", {.format = &kRouteName});
    field("timeout", self.timeout, "past it the request goes on without Redis", {.least = "1ms", .most = "10s"});
    field("compress_above", self.compress_above, "larger bodies are kept in zstd", {.most = "1GiB"});
    field("ca_file", self.ca_file, "who signs the certificate of a rediss:// server; left out: what the system trusts");
    field("verify", self.verify, "false: takes any certificate, and so anybody for your Redis");
    field("secret", self.secret, "signs what is kept, so that who can write to Redis can't make clients see it");
    field("replicas", self.replicas, "so many must have a purge before it is acknowledged", {.most = "16"});
  }
};

struct CacheConfig {
  Size memory = 256_MiB;
  Size max_object = 8_MiB;
  std::optional<RedisConfig> redis;

  static void describe(auto& field, auto& self) {
    field("memory", self.memory, "all that objects and their index may take", {.least = "1MiB", .most = "1024GiB"});
    field("max_object", self.max_object, "a larger response streams through unstored",
          {.least = "1KiB", .most = "16GiB"});
    field("redis", self.redis, "what nodes share: the cache's second tier, and the log of all purges",
          {.otherwise = "this node caches alone", .example = "{ url: \"redis://127.0.0.1:6379\" }"});
  }
};

// What a node does that doesn't hear of the others' purges: asks the origin about everything, or serves what it has.
enum class CutOff : std::uint8_t { revalidate, serve };
template <>
struct Words<CutOff> {
  static constexpr std::array<std::string_view, 2> kList{"revalidate", "serve"};
};

enum class PostgresMode : std::uint8_t { automatic, one, all };
template <>
struct Words<PostgresMode> {
  static constexpr std::array<std::string_view, 3> kList{"auto", "one", "all"};
};

struct PostgresConfig {
  Secret url;  // empty: no listener
  PostgresMode mode = PostgresMode::automatic;
  std::string schema = "weir";
  std::string reader = "weir";

  static void describe(auto& field, auto& self) {
    field("url", self.url,
          "postgres://user:password@host:5432/database, a direct connection (no pooler by transaction); empty: none",
          {.format = &kPostgresUrl});
    field("mode", self.mode,
          "who applies what comes: one node for all who share a Redis, or each for itself; auto: one where there is "
          "Redis");
    field("schema", self.schema, "where the outbox stands, as in `weir postgres-sql --schema`",
          {.format = &kDatabaseName});
    field("reader", self.reader,
          "the name under which the position is kept: one for all nodes of a cache, another for another cache",
          {.format = &kDatabaseName});
  }
};

struct InvalidationConfig {
  Duration lease = std::chrono::seconds(2);
  CutOff cut_off = CutOff::revalidate;
  PostgresConfig postgres;

  static void describe(auto& field, auto& self) {
    field("lease", self.lease,
          "how long a node trusts its memory without hearing from the shared log; so long a purge waits for a dead one",
          {.least = "200ms", .most = "1m"});
    field("cut_off", self.cut_off, "what it does then: asks the origin about all it has, or serves it, purged or not");
    field("postgres", self.postgres, "follows a database whose tables `weir postgres-sql` gave triggers");
  }
};

enum class Balance : std::uint8_t { round_robin, least_conn, hash };
template <>
struct Words<Balance> {
  static constexpr std::array<std::string_view, 3> kList{"round_robin", "least_conn", "hash"};
};

enum class OriginProtocol : std::uint8_t { automatic, h1, h2 };
template <>
struct Words<OriginProtocol> {
  static constexpr std::array<std::string_view, 3> kList{"auto", "h1", "h2"};
};

struct ConnectionsConfig {
  unsigned max = 64;
  unsigned queue = 256;
  Duration queue_timeout = std::chrono::seconds(2);

  static void describe(auto& field, auto& self) {
    field("max", self.max, "requests under way to each server, and so connections", {.least = "1", .most = "65536"});
    field("queue", self.queue, "requests that may wait for one; past it 503", {.most = "1000000"});
    field("queue_timeout", self.queue_timeout, "how long they wait; past it 503", {.least = "1ms", .most = "1h"});
  }
};

struct OriginTimeouts {
  Duration connect = std::chrono::seconds(1);
  Duration first_byte = std::chrono::seconds(10);
  Duration between_bytes = std::chrono::seconds(30);

  static void describe(auto& field, auto& self) {
    field("connect", self.connect, "until the connection stands, TLS and all", {.least = "1ms", .most = "1h"});
    field("first_byte", self.first_byte, "from the whole request to the answer's head", {.least = "1ms", .most = "1d"});
    field("between_bytes", self.between_bytes, "silence within an answer, or in taking a request's body",
          {.least = "1ms", .most = "1d"});
  }
};

struct OriginTlsConfig {
  std::string ca_file;
  std::string server_name;
  bool verify = true;
  std::string certificate, key;

  static void describe(auto& field, auto& self) {
    field("ca_file", self.ca_file, "who signs the servers' certificates (PEM); left out: whom the system trusts");
    field("server_name", self.server_name,
          "whom the certificate must be for, also sent as SNI; left out: the host of each server",
          {.format = &kServerName});
    field("verify", self.verify, "false: takes any certificate, and so anybody for your API");
    field("certificate", self.certificate, "weir's own, with its chain (PEM), for servers that ask for one");
    field("key", self.key, "its key (PEM)");
  }
};

struct UpstreamConfig {
  static constexpr bool kNamed = true;
  std::string name;
  Place place;
  std::vector<OriginUrl> servers;
  OriginProtocol protocol = OriginProtocol::automatic;
  Balance balance = Balance::round_robin;
  ConnectionsConfig connections;
  OriginTimeouts timeouts;
  std::optional<OriginTlsConfig> tls;
  std::shared_ptr<const TlsContext> tls_context;  // opened by open_origin_tls(); null: no server wants it

  bool wants_tls() const;
  OriginTlsConfig tls_or_default() const { return tls.value_or(OriginTlsConfig{}); }

  static void describe(auto& field, auto& self) {
    field("servers", self.servers, "one URL, or a list of those that answer alike",
          {.required = true, .example = "http://127.0.0.1:3000"});
    field("protocol", self.protocol,
          "auto: HTTP/2 where an https:// server offers it, else HTTP/1.1; h2 without TLS: by prior knowledge");
    field("balance", self.balance, "who gets the next request; hash: by the cache key");
    field("connections", self.connections, "to each server");
    field("timeouts", self.timeouts, "past one the fetch fails, and a kept copy or 504 is the answer");
    field("tls", self.tls, "how https:// servers are known",
          {.otherwise = "by a certificate for their host, from whom the system trusts",
           .example = "{ ca_file: \"ca.crt\" }"});
  }
};

struct ClientTimeouts {
  Duration head = std::chrono::seconds(10);
  Duration idle = std::chrono::seconds(60);
  Duration slow = std::chrono::seconds(30);

  static void describe(auto& field, auto& self) {
    field("head", self.head, "from the first byte of a request's head to its last", {.least = "10ms", .most = "1h"});
    field("idle", self.idle, "how long a connection may wait for its next request", {.least = "10ms", .most = "1d"});
    field("slow", self.slow, "how long a client may send or read more slowly than min_rate",
          {.least = "100ms", .most = "1d"});
  }
};

struct ClientLimits {
  Size head = 32_KiB;
  Size line = 8_KiB;
  unsigned fields = 100;
  unsigned connections = 100000;

  static void describe(auto& field, auto& self) {
    field("head", self.head, "a larger request head is a 431", {.least = "1KiB", .most = "48KiB"});
    field("line", self.line, "a longer request line is a 414, a longer field a 431",
          {.least = "256B", .most = "48KiB"});
    field("fields", self.fields, "more fields in a head are a 431", {.least = "8", .most = "1000"});
    field("connections", self.connections, "held at once, over all workers", {.least = "1", .most = "10000000"});
  }
};

template <>
struct Words<ForwardedField> {
  static constexpr std::array<std::string_view, 2> kList{"X-Forwarded-For", "Forwarded"};
};

struct ClientConfig {
  ClientTimeouts timeouts;
  Size min_rate = 1_KiB;
  ClientLimits limits;
  std::vector<AddressRange> trusted_proxies;
  ForwardedField address_from = ForwardedField::x_forwarded_for;

  static void describe(auto& field, auto& self) {
    field("timeouts", self.timeouts, "past one the connection closes");
    field("min_rate", self.min_rate, "bytes a second that a client must at least send or read", {.most = "1GiB"});
    field("limits", self.limits, "what a client may ask of weir");
    field("trusted_proxies", self.trusted_proxies,
          "proxies before weir that are believed when they say who the client is");
    field("address_from", self.address_from,
          "the field in which they say it; the scheme is in X-Forwarded-Proto, or in Forwarded, too");
  }
};

struct Config {
  std::string file;  // as named on the command line; "" where none is
  Places places;     // of what stands outside defaults and routes
  std::vector<ListenConfig> listen{ListenConfig{}};
  AdminConfig admin;
  unsigned workers = 0;  // 0: one a core
  CacheConfig cache;
  InvalidationConfig invalidation;
  std::vector<UpstreamConfig> upstreams;
  ClientConfig client;
  AccessLogConfig access_log;
  Duration drain = std::chrono::seconds(30);
  RouteOptions defaults;
  std::vector<RouteConfig> routes;  // each merged with defaults already

  static void describe(auto& field, auto& self) {
    field("listen", self.listen, "the public ports");
    field("admin", self.admin, "the admin endpoint, a listener of its own");
    field("workers", self.workers, "event loops; auto: one a core", {.least = "1", .most = "256", .word = "auto"});
    field("cache", self.cache, "the memory that all routes share");
    field("invalidation", self.invalidation, "what makes copies invalid, beside requests and the admin endpoint");
    field("upstreams", self.upstreams, "the APIs behind, by name", {.required = true});
    field("client", self.client, "how patient weir is with clients");
    field("access_log", self.access_log, "a JSON line for each request: off, stdout, or a file");
    field("drain", self.drain, "how long requests under way may take after SIGTERM", {.most = "1d"});
    field("defaults", self.defaults, "every route starts from these");
    field("routes", self.routes, "the first that matches wins",
          {.otherwise = "one route, all, that matches everything"});
  }
};

// What a file without routes has: every request, and of the answers what the origin's headers allow to keep.
RouteConfig route_for_all();

// For `weir run --origin URL`: one upstream, standard HTTP caching, no access log.
Config quick_config(const OriginUrl& origin, const ListenAddress& listen, const ListenAddress& admin);

}  // namespace weir
