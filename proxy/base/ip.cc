// IP addresses; see ip.h.
#include "proxy/base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::size_t kV4At = 12;  // where the bytes of IPv4 begin
constexpr unsigned kV4Bits = 8 * kV4At;
constexpr std::array<std::uint8_t, kV4At> kV4Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_v6(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

}  // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};  // with an end, as inet_pton wants it
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  Ip ip;
  if (is_v6(text)) {
    if (::inet_pton(AF_INET6, copy.data(), ip.bytes.data()) != 1) return std::nullopt;
  } else {
    std::copy(kV4Mapped.begin(), kV4Mapped.end(), ip.bytes.begin());
    if (::inet_pton(AF_INET, copy.data(), ip.bytes.data() + kV4At) != 1) return std::nullopt;
  }
  return ip;
}

Ip Ip::of(std::string_view bytes) {
  Ip ip;
  WEIR_CHECK(bytes.size() == 4 || bytes.size() == ip.bytes.size());
  if (bytes.size() == 4) std::copy(kV4Mapped.begin(), kV4Mapped.end(), ip.bytes.begin());
  std::memcpy(ip.bytes.data() + ip.bytes.size() - bytes.size(), bytes.data(), bytes.size());
  return ip;
}

bool Ip::v4() const {
  return std::equal(kV4Mapped.begin(), kV4Mapped.end(), bytes.begin());
}

bool Ip::loopback() const {
  if (v4()) return bytes[kV4At] == 127;
  Ip one;
  one.bytes.back() = 1;
  return *this == one;
}

IpText Ip::text() const {
  IpText text;
  const bool four = v4();
  ::inet_ntop(four ? AF_INET : AF_INET6, bytes.data() + (four ? kV4At : 0), text.bytes.data(),
              static_cast<socklen_t>(text.bytes.size()));
  text.size = static_cast<std::uint8_t>(std::strlen(text.bytes.data()));
  return text;
}

std::optional<IpRange> IpRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  const auto ip = Ip::parse(host);
  if (!ip) return std::nullopt;
  if (slash == std::string_view::npos) return IpRange{*ip, 128};
  const unsigned most = is_v6(host) ? 128 : 32;
  const auto bits = parse_number(text.substr(slash + 1));
  if (!bits || *bits > most) return std::nullopt;
  return IpRange{*ip, static_cast<unsigned>(*bits) + 128 - most};
}

bool IpRange::contains(const Ip& ip) const {
  const unsigned whole = bits / 8;
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + whole, ip.bytes.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((first.bytes[whole] ^ ip.bytes[whole]) >> (8 - rest)) == 0;
}

bool IpRange::everybody() const {
  return bits == 0 || (bits == kV4Bits && first.v4());
}

}  // namespace weir
