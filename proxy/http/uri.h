// Request targets and authorities in one normal form, so that routing, key and origin read the same thing
// (RFC 3986 §6.2.2, RFC 9112 §3.2). Anything a second reader could take differently is refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/result.h"
#include "proxy/http/message.h"

namespace weir {

struct Target {
  std::string_view path;   // unreserved bytes decoded, hex upper case, dot segments removed; "*" for OPTIONS *
  std::string_view query;  // as sent, hex upper case
  bool has_query = false;
  std::string_view authority;  // of an absolute-form target, else empty; normalised
};

// Views point into `raw` where nothing changed, else into `arena`. Refused: '#', '\', controls, 8-bit bytes, broken
// escapes, encoded NUL CR LF (also in the query), paths that climb above the root, authority-form, '*' but for OPTIONS,
// absolute-form with another scheme than http/https, userinfo.
Result<Target> parse_target(std::string_view raw, Method method, Arena& arena);

// A piece of a target, cut anywhere or with wildcards in it: escapes as parse_target writes them, up to the first '?'
// as of a path. Refused: bytes that no target may hold, broken escapes, dot segments.
Result<std::string_view> parse_target_part(std::string_view raw, Arena& arena);

// host[:port], as in Host: lower case, default port 80/443 dropped (`tls` decides which), IPv6 in brackets checked,
// no userinfo, no empty host.
Result<std::string_view> parse_authority(std::string_view raw, bool tls, Arena& arena);

// For configuration: http://host:port of a server, or unix:/path/to.sock. Of a URL path, query, userinfo are refused;
// of a socket what can't be one: 107 bytes at most.
struct OriginUrl {
  bool tls = false;
  std::string host;  // without brackets; empty: `path`
  std::uint16_t port = 0;
  std::string path;  // of a unix socket

  std::string text() const;  // as it is written, with the port
};
Result<OriginUrl> parse_origin_url(std::string_view url);

// The query's name=value pairs, in order; names decoded for comparing only where `decode_name` is called.
template <class Each>
void for_each_query_pair(std::string_view query, Each each) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (!pair.empty()) each(pair.substr(0, pair.find('=')), pair);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
}

std::string percent_decode(std::string_view text);

}  // namespace weir
