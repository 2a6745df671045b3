// RedisSettings: where Redis is and how it is spoken to, from the URLs of the config file:
//
//   redis://[user:password@]host[:port][/db]      rediss:// the same over TLS
//   unix:///path/to.sock[?db=N]                   user and password as above: unix://user:password@/path
//   sentinel://[user:password@]host[:port]/name[/db]   asks Sentinels for the primary `name`; sentinels:// over TLS
//
// Several redis URLs are the seeds of one cluster; several sentinel URLs are Sentinels of the same primary. User and
// password, percent-decoded, are those of the servers (Sentinels are asked without); the user may be empty.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/result.h"
#include "proxy/base/units.h"

namespace weir {

struct RedisEndpoint {
  std::string host;  // a name or an address, without brackets; empty: `path`
  std::uint16_t port = 6379;
  std::string path;  // of a unix socket

  std::string text() const;  // for people; holds no password
  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};

struct RedisSettings {
  enum class Topology : std::uint8_t { single, sentinel, cluster } topology = Topology::single;
  std::vector<RedisEndpoint> endpoints;  // the server; Sentinels; or seeds of the cluster
  std::string primary;                   // sentinel: what they call it
  std::string user, password;
  unsigned database = 0;
  bool tls = false;
  std::string ca_file;                                        // empty: what the system trusts
  bool verify = true;                                         // the certificate and its name
  Duration connect_timeout = std::chrono::milliseconds(250);  // until a connection stands: name, TCP, TLS, AUTH
  Size most_queued = 8_MiB;     // bytes waiting to be sent or answered, over all connections of one client
  Size largest_reply = 32_MiB;  // in memory; more is an error of the protocol
};

// Endpoints, topology and credentials from URLs; the rest is left as it is. Errors name the URL without its password.
Result<RedisSettings> parse_redis_urls(std::span<const std::string> urls);

}  // namespace weir
