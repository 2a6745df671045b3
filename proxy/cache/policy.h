// What a route says about caching: plain data, compiled from the config file, shared by all workers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/base/units.h"

namespace weir {

enum class CacheMode : std::uint8_t {
  off,     // forward; never look up, never store
  origin,  // the origin's own headers alone decide
  ttl,     // the route's ttl where the origin says nothing
};

enum class SetCookie : std::uint8_t { refuse, strip, store };

struct Adaptive {
  Duration min{};
  Duration max{};
};

struct Policy {
  CacheMode mode = CacheMode::off;
  Duration ttl{};                      // mode ttl
  bool override_origin = false;        // ttl stands above the origin's lifetimes (never above no-store, private)
  std::map<int, Duration> status_ttl;  // `status:` entries: lifetimes for further status codes
  std::optional<Duration> stale_while_revalidate;  // where the response doesn't say
  std::optional<Duration> stale_if_error;
  double refresh_ahead = 0;  // the last part of a life in which a hit starts a refresh: 0.2
  bool etag = false;         // make an ETag where the origin sends none
  SetCookie set_cookie = SetCookie::refuse;
  bool prefer_origin = false;  // ask the origin first, fall back on the kept copy
  Duration patience = std::chrono::seconds(1);
  std::optional<Adaptive> adaptive;
  unsigned max_variants = 16;
  Size max_object = 8_MiB;
  bool trust_client = false;        // a client's no-cache always reaches the origin
  bool store_unterminated = false;  // keep a body that ended with the connection
  Duration hit_for_miss = std::chrono::seconds(120);
  bool shared = true;               // kept in the shared tier, too
  bool coalesce_over_nodes = true;  // one fetch at a time for all nodes
};

// How the cache key is made (product.md "key"); see key.h.
struct KeySpec {
  enum class Query : std::uint8_t { all, only, except };
  struct Normalise {
    bool trim = false;
    bool lower = false;
  };
  struct User {
    enum class From : std::uint8_t { header, cookie } from = From::header;
    std::string name;
  };
  Query query_mode = Query::all;
  std::vector<std::string> query;              // names, for only / except
  std::map<std::string, Normalise> normalise;  // by query name; applied to the key and to what the origin sees
  std::vector<std::string> headers;            // lower case
  std::vector<std::string> cookies;
  std::optional<User> user;
};

}  // namespace weir
