// Socket addresses: IPv4 and IPv6, and paths of unix sockets, as values.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/ip.h"
#include "proxy/base/result.h"

namespace weir {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  bool local() const { return family() == AF_UNIX; }  // a path: the next four are not for it
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string host() const;  // without port or brackets
  Ip ip() const;
  std::string text() const;  // 127.0.0.1:80, [::1]:80, unix:/run/api.sock
  bool loopback() const;
  friend bool operator==(const Address& a, const Address& b) { return a.text() == b.text(); }
};

// "127.0.0.1", "::1" (no name look-up). nullopt-like error where it isn't a literal.
Result<Address> parse_ip(std::string_view host, std::uint16_t port);
// At most 107 bytes of path.
Result<Address> unix_address(std::string_view path);
// "0.0.0.0:8080", "[::]:8080".
Result<Address> parse_address(std::string_view text);

// Blocks: getaddrinfo. Only from a background thread or before serving.
Result<std::vector<Address>> resolve_blocking(const std::string& host, std::uint16_t port);

}  // namespace weir
