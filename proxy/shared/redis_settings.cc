// Redis' URLs; see redis_settings.h. An error shows of a URL only what was understood as no secret: the scheme, then
// the host, never what may be a password that was put in the wrong place.
#include "proxy/shared/redis_settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/net/address.h"

namespace weir {
namespace {

constexpr unsigned kMostDatabase = 65535;
constexpr std::size_t kMostPath = 107;  // sun_path, with its NUL
constexpr std::uint16_t kSentinelPort = 26379;

struct Scheme {
  std::string_view name;
  enum class Kind : std::uint8_t { redis, unix_socket, sentinel } kind;
  bool tls;
};

constexpr std::array kSchemes{
    Scheme{"redis", Scheme::Kind::redis, false},       Scheme{"rediss", Scheme::Kind::redis, true},
    Scheme{"unix", Scheme::Kind::unix_socket, false},  Scheme{"sentinel", Scheme::Kind::sentinel, false},
    Scheme{"sentinels", Scheme::Kind::sentinel, true},
};

// One URL, read.
struct Url {
  const Scheme* scheme = nullptr;
  std::string shown;  // what errors may show of it
  RedisEndpoint endpoint;
  std::string user, password, primary;
  unsigned database = 0;
};

Error bad(const Url& url, std::string_view detail) {
  return Error{Side::config, Code::malformed, url.shown + ": " + std::string(detail)};
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char low = to_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// False where a % begins no escape.
bool percent_decode(std::string_view text, std::string& into) {
  into.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      into += text[i];
      continue;
    }
    if (text.size() - i < 3) return false;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return false;
    into += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

bool is_name(std::string_view host) {
  const auto fits = [](char c) {
    return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '.' || c == '-' || c == '_';
  };
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), fits);
}

// "user:password", or nothing.
Result<void> read_credentials(std::string_view text, Url& url) {
  if (text.find_first_of("/?#@[]") != std::string_view::npos) {
    return bad(url, "in a user and a password / ? # @ [ ] are written as %2F %3F %23 %40 %5B %5D");
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    return bad(url, "before the @ stand a user and a password (user:password@), or a password alone (:password@)");
  }
  if (!percent_decode(text.substr(0, colon), url.user) || !percent_decode(text.substr(colon + 1), url.password)) {
    return bad(url, "in a user and a password % is written as %25");
  }
  if (url.password.empty()) return bad(url, "the password is empty");
  return {};
}

Result<void> read_port(std::string_view text, Url& url) {
  const auto port = parse_number(text);
  if (!port || *port == 0 || *port > 65535) {
    return bad(url,
               "the port is a number from 1 to 65535 (a user and a password stand before the host: user:password@)");
  }
  url.endpoint.port = static_cast<std::uint16_t>(*port);
  return {};
}

// "host", "host:port", "[::1]:port".
Result<void> read_authority(std::string_view text, Url& url) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    host = text.substr(1, std::min(end, text.size()) - 1);
    if (end == std::string_view::npos || host.find(':') == std::string_view::npos || !parse_ip(host, 0)) {
      return bad(url, "in brackets stands an IPv6 address, as in [::1]");
    }
    port = text.substr(end + 1);
    if (!port.empty() && port.front() != ':') return bad(url, "after ] comes the port, as in [::1]:6379");
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
    if (port.find(':', 1) != std::string_view::npos) return bad(url, "an IPv6 address stands in brackets, as in [::1]");
    if (!is_name(host)) return bad(url, "a host is missing, or is not a name or an address (redis://host:6379)");
  }
  url.endpoint.host = lower(host);
  url.endpoint.port = url.scheme->kind == Scheme::Kind::sentinel ? kSentinelPort : std::uint16_t{6379};
  url.shown = std::string(url.scheme->name) + "://" + url.endpoint.host;
  return port.empty() ? Result<void>{} : read_port(port.substr(1), url);
}

Result<void> read_database(std::string_view text, Url& url) {
  const auto number = parse_number(text);
  if (!number || *number > kMostDatabase) return bad(url, "the database is a number from 0 to 65535");
  url.database = static_cast<unsigned>(*number);
  return {};
}

Result<void> read_unix(std::string_view text, Url& url) {
  const auto question = text.find('?');
  if (!text.starts_with('/') || !percent_decode(text.substr(0, question), url.endpoint.path)) {
    return bad(url, "the path of a unix socket begins with / (unix:///run/redis.sock), and % is written as %25");
  }
  const std::string& path = url.endpoint.path;
  if (path.size() < 2 || path.size() > kMostPath || path.find('\0') != std::string::npos) {
    return bad(url, "the path of a unix socket has at most 107 bytes, none of them zero");
  }
  url.endpoint.port = 0;
  url.shown = "unix://" + printable(path);
  if (question == std::string_view::npos) return {};
  const std::string_view query = text.substr(question + 1);
  if (!query.starts_with("db=")) return bad(url, "only ?db=N may follow the path");
  return read_database(query.substr(3), url);
}

Result<void> read_sentinel_path(std::string_view path, Url& url) {
  const auto slash = path.find('/');
  if (!percent_decode(path.substr(0, slash), url.primary) || url.primary.empty()) {
    return bad(url, "after the host comes what the Sentinels call the primary: sentinel://host:26379/name");
  }
  return slash == std::string_view::npos ? Result<void>{} : read_database(path.substr(slash + 1), url);
}

Result<void> read_network(std::string_view text, Url& url) {
  const auto slash = text.find('/');
  if (auto read = read_authority(text.substr(0, slash), url); !read) return read;
  const std::string_view path = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
  if (path.find_first_of("?#") != std::string_view::npos) return bad(url, "nothing may follow a ? or a #");
  if (url.scheme->kind == Scheme::Kind::sentinel) return read_sentinel_path(path, url);
  return path.empty() ? Result<void>{} : read_database(path, url);
}

Result<Url> read_url(std::string_view text, std::size_t number) {
  Url url;
  url.shown = "Redis URL " + std::to_string(number);
  const auto end = text.find("://");
  const std::string name = lower(text.substr(0, end));
  for (const Scheme& scheme : kSchemes) {
    if (end != std::string_view::npos && name == scheme.name) url.scheme = &scheme;
  }
  if (url.scheme == nullptr) {
    return bad(url, "begins with none of redis:// rediss:// unix:// sentinel:// sentinels://");
  }
  url.shown += " (" + std::string(url.scheme->name) + "://…)";
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    return bad(url, "holds a space or a control byte");
  }
  std::string_view rest = text.substr(end + 3);
  // The last @: a password that should have been percent-encoded must not be taken for a host, and shown.
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (auto read = read_credentials(rest.substr(0, at), url); !read) return std::move(read).error();
    rest = rest.substr(at + 1);
  }
  const bool is_unix = url.scheme->kind == Scheme::Kind::unix_socket;
  if (auto read = is_unix ? read_unix(rest, url) : read_network(rest, url); !read) return std::move(read).error();
  return url;
}

// What several URLs must agree in.
Result<void> compare(const Url& first, const Url& next) {
  using Kind = Scheme::Kind;
  if (first.scheme->kind == Kind::unix_socket || next.scheme->kind == Kind::unix_socket) {
    return bad(next, "a unix socket is one server: it stands alone");
  }
  if (first.scheme->kind != next.scheme->kind) {
    return bad(next, "redis:// URLs name servers, sentinel:// URLs name Sentinels: either the ones or the others");
  }
  if (first.scheme->tls != next.scheme->tls) return bad(next, "either all are spoken to over TLS or none");
  if (first.user != next.user || first.password != next.password) {
    return bad(next, "all have the same user and password");
  }
  if (first.database != next.database) return bad(next, "all have the same database");
  if (first.primary != next.primary) return bad(next, "all Sentinels are asked for the same primary");
  return {};
}

}  // namespace

std::string RedisEndpoint::text() const {
  if (host.empty()) return path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RedisSettings> parse_redis_urls(std::span<const std::string> urls) {
  using Topology = RedisSettings::Topology;
  RedisSettings settings;
  std::vector<Url> read;
  for (const std::string& text : urls) {
    auto url = read_url(text, read.size() + 1);
    if (!url) return std::move(url).error();
    if (!read.empty()) {
      if (auto same = compare(read.front(), *url); !same) return std::move(same).error();
    }
    const auto& known = settings.endpoints;
    if (std::find(known.begin(), known.end(), url->endpoint) != known.end()) return bad(*url, "is named twice");
    settings.endpoints.push_back(url->endpoint);
    read.push_back(std::move(*url));
  }
  if (read.empty()) return Error{Side::config, Code::malformed, "no Redis URL (redis://host:6379)"};
  Url& first = read.front();
  const bool sentinel = first.scheme->kind == Scheme::Kind::sentinel;
  settings.topology = sentinel ? Topology::sentinel : read.size() > 1 ? Topology::cluster : Topology::single;
  if (settings.topology == Topology::cluster && first.database != 0) {
    return bad(first, "a cluster has only the database 0");
  }
  settings.primary = std::move(first.primary);
  settings.user = std::move(first.user);
  settings.password = std::move(first.password);
  settings.database = first.database;
  settings.tls = first.scheme->tls;
  return settings;
}

}  // namespace weir
