// Ip: an IP address as a value, sixteen bytes, IPv4 as ::ffff:a.b.c.d, so that one comparison does for both kinds and
// an IPv4 client of a socket that speaks IPv6 is who it is. IpRange: one address or a network of them. Literals only,
// no names, no zones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

// An address as people write it, in its one normal form (RFC 5952).
struct IpText {
  std::array<char, 46> bytes{};
  std::uint8_t size = 0;
  operator std::string_view() const { return {bytes.data(), size}; }
};

struct Ip {
  std::array<std::uint8_t, 16> bytes{};

  // "127.0.0.1", "::1": without port or brackets. Numbers of IPv4 have no zeros in front.
  static std::optional<Ip> parse(std::string_view text);
  // Four bytes or sixteen.
  static Ip of(std::string_view bytes);

  bool v4() const;
  bool loopback() const;
  IpText text() const;
  friend bool operator==(const Ip&, const Ip&) = default;
};

struct IpRange {
  Ip first;
  unsigned bits = 128;

  // "10.0.0.0/8", "::1".
  static std::optional<IpRange> parse(std::string_view text);
  bool contains(const Ip& ip) const;
  // All addresses, or all of IPv4.
  bool everybody() const;
};

}  // namespace weir
