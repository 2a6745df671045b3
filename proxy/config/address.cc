// Addresses in the config file: where to listen, and networks that are trusted; see scalar.h. Literal addresses only,
// no names: what weir binds to and whom it trusts must not depend on a resolver.
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/config/scalar.h"

namespace weir {
namespace {

Error not_a(std::string_view text, std::string_view shape, std::string_view right) {
  std::string detail = "\"" + printable(text) + "\" is not ";
  return Error{Side::config, Code::malformed, detail.append(shape).append(": ").append(right)};
}

}  // namespace

bool ListenAddress::loopback() const {
  const auto ip = Ip::parse(host);
  return ip && ip->loopback();
}

std::string ListenAddress::text() const {
  return (v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool any_contains(const std::vector<AddressRange>& ranges, const Ip& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const AddressRange& one) { return one.contains(address); });
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
  const bool v6 = host.find(':') != std::string_view::npos;
  if (bracketed != v6 || !Ip::parse(host) || !port || *port > 65535) return wrong();
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
  const auto range = IpRange::parse(text);
  if (!range) return not_a(text, "an address or network", kRight);
  return AddressRange{*range, std::string(text)};
}
std::string Scalar<AddressRange>::format(const AddressRange& value) {
  return value.text;
}

}  // namespace weir
