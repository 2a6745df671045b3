// Hosts and ports → one normal form, for Host fields, absolute-form targets and the origins of the config; see uri.h.
#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

constexpr std::size_t kLongestHost = 255;
constexpr CharSet kNormalHostChars = CharSet("-._").add_range('a', 'z').add_range('0', '9');
constexpr CharSet kAddressChars = CharSet("0123456789abcdefABCDEF:.");

struct Authority {
  std::string_view host;   // as sent; in brackets where it is IPv6; no final dot
  std::uint16_t port = 0;  // 0: none given
};

// A host that is in its normal form already, and has no port: what nearly every request brings.
bool is_normal_host(std::string_view raw) {
  if (raw.empty() || raw.size() > kLongestHost || raw.front() == '.' || raw.back() == '.') return false;
  char before = 0;
  for (const char c : raw) {
    if (!kNormalHostChars.has(c) || (c == '.' && before == '.')) return false;
    before = c;
  }
  return true;
}

bool is_host_name(std::string_view host) {
  const bool dots = host.front() == '.' || host.find("..") != std::string_view::npos;
  return host.size() <= kLongestHost && kHostChars.covers(host) && !dots;
}

// ":port" or nothing; an empty port is none (RFC 3986 §6.2.3). Leading zeros would be a second spelling.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text == ":") return std::uint16_t{0};
  if (text.front() != ':' || text[1] == '0' || text.size() > 6) return std::nullopt;
  const auto port = parse_number(text.substr(1));
  if (!port || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

std::optional<Authority> split_authority(std::string_view raw) {
  if (raw.empty()) return std::nullopt;
  const bool bracketed = raw.front() == '[';
  const auto end = bracketed ? raw.find(']') : std::min(raw.find(':'), raw.size());
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  auto host = raw.substr(0, bracketed ? end + 1 : end);
  const auto port = parse_port(raw.substr(host.size()));
  if (!port) return std::nullopt;
  if (!bracketed) {
    if (!is_host_name(host)) return std::nullopt;
    if (host.back() == '.') host.remove_suffix(1);  // the same host, spelled out to the root
  }
  return Authority{host, *port};
}

// The one spelling of an IPv6 address (RFC 5952), with brackets; empty where `host` is none. Zones are refused.
std::string_view normal_ipv6(std::string_view host, std::array<char, INET6_ADDRSTRLEN + 2>& out) {
  const auto inner = host.substr(1, host.size() - 2);
  if (inner.size() >= INET6_ADDRSTRLEN || !kAddressChars.covers(inner)) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::memcpy(text.data(), inner.data(), inner.size());
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.data(), &address) != 1) return {};
  out[0] = '[';
  if (::inet_ntop(AF_INET6, &address, out.data() + 1, INET6_ADDRSTRLEN) == nullptr) return {};
  const std::size_t length = std::strlen(out.data());
  out[length] = ']';
  return {out.data(), length + 1};
}

bool has_upper_case(std::string_view text) {
  for (const char c : text) {
    if (to_lower(c) != c) return true;
  }
  return false;
}

Error refuse(Side side, std::string_view what, std::string_view raw) {
  return Error{side, Code::malformed, std::string(what).append(printable(raw.substr(0, 100)))};
}

Error bad_url(std::string_view url) {
  return refuse(Side::config, "an origin is http://HOST[:PORT], https://HOST[:PORT] or unix:/PATH, not ", url);
}

// unix:/run/api.sock, unix:///run/api.sock.
Result<OriginUrl> parse_unix_url(std::string_view url) {
  constexpr std::size_t kLongestPath = 107;
  auto path = url.substr(std::string_view("unix:").size());
  if (path.starts_with("///")) path.remove_prefix(2);
  if (!path.starts_with('/') || path.starts_with("//") || path.ends_with('/') || path.size() > kLongestPath) {
    return bad_url(url);
  }
  if (find_control(path) != path.size()) return bad_url(url);
  OriginUrl origin;
  origin.path = path;
  return origin;
}

}  // namespace

Result<std::string_view> parse_authority(std::string_view raw, bool tls, Arena& arena) {
  if (is_normal_host(raw)) return raw;
  const auto parts = split_authority(raw);
  if (!parts) return refuse(Side::client, "not a valid host: ", raw);
  std::array<char, INET6_ADDRSTRLEN + 2> address;
  std::string_view host = parts->host;
  if (host.front() == '[') {
    host = normal_ipv6(host, address);
    if (host.empty()) return refuse(Side::client, "not a valid IPv6 address: ", raw);
  }
  std::array<char, 6> port_text;
  char* port_end = port_text.data();
  if (parts->port != 0 && parts->port != (tls ? 443 : 80)) {
    *port_end++ = ':';
    port_end = std::to_chars(port_end, port_text.data() + port_text.size(), parts->port).ptr;
  }
  const std::string_view port(port_text.data(), static_cast<std::size_t>(port_end - port_text.data()));
  const bool as_sent = raw.size() == host.size() + port.size() && raw.starts_with(host) && !has_upper_case(host);
  if (as_sent) return raw;
  char* const normal = arena.take(host.size() + port.size());
  for (std::size_t i = 0; i < host.size(); ++i) normal[i] = to_lower(host[i]);
  std::memcpy(normal + host.size(), port.data(), port.size());
  return std::string_view(normal, host.size() + port.size());
}

std::string OriginUrl::text() const {
  if (host.empty()) return "unix:" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<OriginUrl> parse_origin_url(std::string_view url) {
  if (url.starts_with("unix:")) return parse_unix_url(url);
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return bad_url(url);
  const auto scheme = url.substr(0, colon);
  OriginUrl origin;
  origin.tls = equals_ignoring_case(scheme, "https");
  if (!origin.tls && !equals_ignoring_case(scheme, "http")) return bad_url(url);
  auto rest = url.substr(colon + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto parts = split_authority(rest);
  if (!parts) return bad_url(url);
  std::array<char, INET6_ADDRSTRLEN + 2> address;
  if (parts->host.front() == '[') {
    const auto host = normal_ipv6(parts->host, address);
    if (host.empty()) return bad_url(url);
    origin.host = host.substr(1, host.size() - 2);
  } else {
    origin.host = lower(parts->host);
  }
  origin.port = parts->port != 0 ? parts->port : static_cast<std::uint16_t>(origin.tls ? 443 : 80);
  return origin;
}

}  // namespace weir
