// The PROXY protocol, versions 1 (text) and 2 (binary): how a balancer that only passes bytes on says, before the first
// of them, who made the connection. Pure: bytes in, what they say out; no sockets, no memory of its own. What is not
// exactly such a header is refused, never guessed at (the specification:
// haproxy.org/download/2.9/doc/proxy-protocol.txt).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/base/ip.h"

namespace weir {

// The longest that is taken: one of version 2 may carry more than addresses, as a client's certificate.
inline constexpr std::size_t kMostProxyHeader = 4096;

// Why a connection was refused that should have begun with a header; few words, for a metric.
enum class ProxyRefusal : std::uint8_t {
  peer,       // it is not one that may send it
  missing,    // what came is no header
  malformed,  // it begins as one
  too_long,
  closed,  // it went away before its end
  timeout,
};
inline constexpr std::array<std::string_view, 6> kProxyRefusalWords{"peer",     "missing", "malformed",
                                                                    "too_long", "closed",  "timeout"};

struct ProxyHeader {
  enum class State : std::uint8_t { incomplete, whole, refused } state = State::incomplete;
  ProxyRefusal why = ProxyRefusal::missing;  // refused
  std::size_t length = 0;                    // whole: its bytes, what follows is the client's
  // The client's address. None: the balancer speaks for itself (LOCAL), or doesn't know one (UNKNOWN, a unix socket);
  // then the connection's own holds.
  std::optional<Ip> client;
};

// Of what has come until now, from the first byte of the connection on. Incomplete: all of it belongs to the header,
// and is less than kMostProxyHeader.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace weir
