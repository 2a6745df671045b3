// PostgresTarget: where PostgreSQL is and how it is spoken to, from the URL of the config file, in libpq's own grammar:
//
//   postgres://[user[:password]@][host[:port][,…]]/[database][?option=value&…]
//
// What the URL leaves out comes from the environment (PGPASSWORD …), as for psql. Unix sockets:
// ?host=/var/run/postgresql.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/base/result.h"

namespace weir {

struct PostgresTarget {
  struct Host {
    std::string name;     // a name, an address, or the folder of a unix socket; empty: libpq's default socket
    std::string address;  // given by ?hostaddr=; else empty
    std::string port;     // empty: libpq's default

    bool is_socket() const { return name.empty() || name.front() == '/' || name.front() == '@'; }
    std::string text() const;  // for people
  };
  std::vector<Host> hosts;                                   // tried in order; at least one
  std::vector<std::pair<std::string, std::string>> options;  // all others, as libpq calls them
  std::string password;                                      // among the options as well: never to be shown

  // `text` with the password hidden, on one line: for what libpq or a server says.
  std::string safe(std::string_view text) const;
};

// The error never quotes the URL.
Result<PostgresTarget> parse_postgres_url(std::string_view url);
inline bool is_postgres_url(std::string_view url) {
  return parse_postgres_url(url).ok();
}

}  // namespace weir
