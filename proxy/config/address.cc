// Addresses in the config file: where to listen, and networks that may purge; see scalar.h. Literal addresses only, no
// names: what weir binds to and whom it trusts must not depend on a resolver.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "proxy/base/text.h"
#include "proxy/config/scalar.h"

namespace weir {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

Error not_a(std::string_view text, std::string_view shape, std::string_view right) {
  std::string detail = "\"" + printable(text) + "\" is not ";
  return Error{Side::config, Code::malformed, detail.append(shape).append(": ").append(right)};
}

bool is_v6(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

// IPv4 as ::ffff:a.b.c.d, so that one comparison does for both.
std::optional<Bytes> parse_ip(std::string_view text) {
  const std::string copy(text);
  Bytes bytes{};
  if (is_v6(text)) {
    if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) return std::nullopt;
  } else {
    bytes[10] = bytes[11] = 0xff;
    if (inet_pton(AF_INET, copy.c_str(), bytes.data() + 12) != 1) return std::nullopt;
  }
  return bytes;
}

bool same_bits(const Bytes& a, const Bytes& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

bool ListenAddress::loopback() const {
  const auto bytes = parse_ip(host);
  if (!bytes) return false;
  if (!v6()) return (*bytes)[12] == 127;
  Bytes one{};
  one[15] = 1;
  return *bytes == one;
}

std::string ListenAddress::text() const {
  return (v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool AddressRange::contains(std::string_view address) const {
  const auto other = parse_ip(address);
  return other && same_bits(bytes, *other, bits);
}

Result<ListenAddress> Scalar<ListenAddress>::parse(std::string_view text) {
  constexpr std::string_view kRight = "ADDRESS:PORT, as in 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080";
  const auto wrong = [&] { return not_a(text, "an address to listen on", kRight); };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto port = parse_number(text.substr(colon + 1));
  if (bracketed != is_v6(host) || !parse_ip(host) || !port || *port > 65535) return wrong();
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}
std::string Scalar<ListenAddress>::format(const ListenAddress& value) {
  return value.text();
}

Result<PublicAddress> Scalar<PublicAddress>::parse(std::string_view text) {
  if (text.empty()) return PublicAddress{{"", 0}};
  auto address = Scalar<ListenAddress>::parse(text);
  if (!address) return std::move(address).error();
  return PublicAddress{std::move(*address)};
}
std::string Scalar<PublicAddress>::format(const PublicAddress& value) {
  return value.off() ? std::string() : value.text();
}

Result<AddressRange> Scalar<AddressRange>::parse(std::string_view text) {
  constexpr std::string_view kRight = "as in 127.0.0.1, 10.0.0.0/8, ::1 or fd00::/8";
  const auto wrong = [&] { return not_a(text, "an address or network", kRight); };
  const auto slash = text.find('/');
  const auto host = text.substr(0, slash);
  const auto bytes = parse_ip(host);
  if (!bytes) return wrong();
  const unsigned most = is_v6(host) ? 128 : 32;
  AddressRange range{*bytes, 128, std::string(text)};
  if (slash != std::string_view::npos) {
    const auto bits = parse_number(text.substr(slash + 1));
    if (!bits || *bits > most) return wrong();
    range.bits = static_cast<unsigned>(*bits) + 128 - most;
  }
  return range;
}
std::string Scalar<AddressRange>::format(const AddressRange& value) {
  return value.text;
}

}  // namespace weir
