// Socket addresses; see address.h.
#include "proxy/net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "proxy/base/text.h"

namespace weir {
namespace {

Error bad(std::string detail) {
  return Error{Side::config, Code::malformed, std::move(detail)};
}

const sockaddr_in& as_v4(const Address& a) {
  return reinterpret_cast<const sockaddr_in&>(a.storage);
}
const sockaddr_in6& as_v6(const Address& a) {
  return reinterpret_cast<const sockaddr_in6&>(a.storage);
}

// The address bytes, an IPv4-mapped IPv6 address as IPv4.
std::string_view address_bytes(const Address& a) {
  if (a.family() == AF_INET) return {reinterpret_cast<const char*>(&as_v4(a).sin_addr), 4};
  const auto* bytes = reinterpret_cast<const char*>(&as_v6(a).sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&as_v6(a).sin6_addr)) return {bytes + 12, 4};
  return {bytes, 16};
}

}  // namespace

std::uint16_t Address::port() const {
  return ntohs(family() == AF_INET ? as_v4(*this).sin_port : as_v6(*this).sin6_port);
}

void Address::set_port(std::uint16_t port) {
  if (family() == AF_INET) {
    reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
  }
}

std::string Address::host() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto bytes = address_bytes(*this);
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

Ip Address::ip() const {
  return Ip::of(address_bytes(*this));
}

std::string Address::text() const {
  if (local()) return std::string("unix:") + reinterpret_cast<const sockaddr_un&>(storage).sun_path;
  const std::string name = host();
  const bool v6 = name.find(':') != std::string::npos;
  return (v6 ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

bool Address::loopback() const {
  const auto bytes = address_bytes(*this);
  if (bytes.size() == 4) return static_cast<unsigned char>(bytes[0]) == 127;
  return IN6_IS_ADDR_LOOPBACK(&as_v6(*this).sin6_addr);
}

Result<Address> parse_ip(std::string_view host, std::uint16_t port) {
  const std::string text(host);
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    address.length = sizeof v4;
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
    if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1)
      return bad("'" + printable(host) + "' is not an IP address");
    v6.sin6_family = AF_INET6;
    address.length = sizeof v6;
  }
  address.set_port(port);
  return address;
}

Result<Address> unix_address(std::string_view path) {
  Address address;
  auto& local = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.size() >= sizeof local.sun_path) return bad("'" + printable(path) + "' is too long for a unix socket");
  local.sun_family = AF_UNIX;
  std::memcpy(local.sun_path, path.data(), path.size());
  address.length = sizeof local;
  return address;
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("'" + printable(text) + "' has no port (as in 0.0.0.0:8080)");
  auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets (as in [::]:8080)");
  }
  const auto port = parse_number(text.substr(colon + 1));
  if (!port || *port > 65535) return bad("'" + printable(text) + "' has no port from 0 to 65535");
  return parse_ip(host == "localhost" ? "127.0.0.1" : host, static_cast<std::uint16_t>(*port));
}

Result<std::vector<Address>> resolve_blocking(const std::string& host, std::uint16_t port) {
  if (auto literal = parse_ip(host, port)) return std::vector<Address>{*literal};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (status != 0) return Error{Side::origin, Code::not_found, host + ": " + ::gai_strerror(status)};
  std::vector<Address> found;
  for (const addrinfo* one = list; one != nullptr && found.size() < 64; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    Address address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
    address.set_port(port);
    found.push_back(address);
  }
  ::freeaddrinfo(list);
  if (found.empty()) return Error{Side::origin, Code::not_found, host + ": no address"};
  return found;
}

}  // namespace weir
