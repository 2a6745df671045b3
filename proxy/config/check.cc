// Rules of the whole file: listeners, admin, memory, upstreams, names of routes; see check.h.
#include "proxy/config/check.h"

#include <algorithm>
#include <set>

#include "proxy/base/text.h"
#include "proxy/config/check_listen.h"
#include "proxy/config/check_route.h"
#include "proxy/shared/redis_settings.h"

namespace weir {
namespace {

// More than any operator's own networks, and so nearly everybody: 0.0.0.0/1 and 128.0.0.0/1 are everybody together. The
// private networks of IPv6 (fc00::/7, fe80::/10) are large, and nobody comes from there who isn't near.
bool takes_in_strangers(const IpRange& range) {
  constexpr unsigned kV4Bits = 96;  // before those of IPv4
  static const Ip first_v4 = Ip::of(std::string_view("\0\0\0\0", 4));
  if (range.first.v4() && range.bits >= kV4Bits) return range.bits < kV4Bits + 8;
  const auto& bytes = range.first.bytes;
  const bool nearby = (range.bits >= 7 && (bytes[0] & 0xfe) == 0xfc) ||
                      (range.bits >= 10 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
  return (range.bits < 16 && !nearby) || range.contains(first_v4);
}

class Checker {
 public:
  Checker(Config& config, Diagnostics& diagnostics) : config_(config), diagnostics_(diagnostics) {}

  void check_all() {
    leave_out_what_is_off();
    check_listeners();
    check_tls(config_, diagnostics_);
    check_admin();
    check_who_is_believed();
    check_sizes();
    check_redis();
    check_upstreams();
    complete_routes();
    check_names();
    for (const auto& route : config_.routes) check_route(config_, route, diagnostics_);
  }

 private:
  Place at(std::string_view path) const {
    const auto found = config_.places.find(path);
    return found == config_.places.end() ? Place{1, 1} : found->second;
  }

  void say(Diagnostic::Severity severity, Place place, std::string what, std::string right) {
    diagnostics_.push_back({severity, config_.file, place, std::move(what), std::move(right)});
  }
  void error(Place place, std::string what, std::string right) {
    say(Diagnostic::Severity::error, place, std::move(what), std::move(right));
  }

  // One file for a laptop and for production: what has no address there isn't there.
  void leave_out_what_is_off() {
    for (std::size_t i = 0; i < config_.listen.size(); ++i) config_.listen[i].number = i;
    std::erase_if(config_.listen, [](const ListenConfig& one) { return one.address.off(); });
  }

  void check_listeners() {
    if (config_.listen.empty()) error(at("listen"), "nowhere to listen", "at least one address");
    std::set<std::string> seen;
    for (const ListenConfig& one : config_.listen) {
      const auto& address = one.address;
      const std::string path = "listen." + std::to_string(one.number);
      const bool refused = config_.places.contains(path) && !config_.places.contains(path + ".address");
      if (refused || address.port == 0 || seen.insert(address.text()).second) continue;
      error(at(path), address.text() + " a second time", "each address once");
    }
    if (config_.admin.address.port != 0 && seen.contains(config_.admin.address.text())) {
      error(at("admin"), "the admin endpoint on a public port, " + config_.admin.address.text(), "a port of its own");
    }
  }

  void check_admin() {
    if (!config_.admin.token.text.empty() || config_.admin.address.loopback()) return;
    error(at("admin.address"),
          config_.admin.address.text() + " can be reached from outside, and there is no admin.token",
          "a token, or a loopback address");
  }

  // Who may say who the client is: limits, logs and admin.purge_from go by what they say.
  void check_who_is_believed() {
    for (std::size_t i = 0; i < config_.listen.size(); ++i)
      check_believed(config_.listen[i].proxy_protocol, "listen." + std::to_string(i) + ".proxy_protocol");
    check_believed(config_.client.trusted_proxies, "client.trusted_proxies");
  }

  void check_believed(const std::vector<AddressRange>& ranges, const std::string& path) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const bool everybody = ranges[i].range.everybody();
      if (!everybody && !takes_in_strangers(ranges[i].range)) continue;
      const std::string item = path + "." + std::to_string(i);
      say(Diagnostic::Severity::warning, at(config_.places.contains(item) ? item : path),
          everybody ? "anybody may say here who he is" : "anybody in " + ranges[i].text + " may say here who he is",
          "the addresses of your balancers");
    }
  }

  void check_sizes() {
    const bool chosen = config_.places.contains("cache.max_object");
    if (chosen && config_.cache.max_object > config_.cache.memory / 10) {
      error(at("cache.max_object"), format_size(config_.cache.max_object) + " is more than the memory can take",
            "at most a tenth of cache.memory, which is " + format_size(config_.cache.memory));
    }
    if (config_.client.limits.line > config_.client.limits.head) {
      const Place place =
          config_.places.contains("client.limits.line") ? at("client.limits.line") : at("client.limits.head");
      error(place, "a line may be longer than the head it is part of", "line at most head");
    }
  }

  // Only one node would hear of what changes, and no other from that one.
  void check_postgres() {
    if (config_.invalidation.postgres.mode != PostgresMode::one) return;
    error(at("invalidation.postgres.mode"), "one node can't tell the others what it hears without a Redis",
          "auto or all, or cache.redis");
  }

  void check_redis() {
    auto& redis = config_.cache.redis;
    if (!redis || redis->url.empty()) return check_postgres();
    std::vector<std::string> urls;
    for (const Secret& url : redis->url) {
      if (!url.text.empty()) urls.push_back(url.text);
    }
    if (urls.empty()) {  // as where the environment says none: "${REDIS_URL:-}"
      redis.reset();
      return check_postgres();
    }
    const auto settings = parse_redis_urls(urls);
    if (!settings) return error(at("cache.redis.url"), settings.error().detail, "as redis://127.0.0.1:6379");
    const bool users = std::any_of(config_.routes.begin(), config_.routes.end(), [](const RouteConfig& route) {
      return route.key.user || !route.key.cookies.empty();
    });
    if (users && redis->secret.text.empty())
      say(Diagnostic::Severity::warning, at("cache.redis"),
          "routes tell users apart, and who can read Redis can guess who they are by their digests",
          "a secret, the same on all nodes");
    if (!redis->verify)
      say(Diagnostic::Severity::warning, at("cache.redis.verify"), "any server is taken for your Redis",
          "true, with ca_file where the certificate is your own");
  }

  void check_upstreams() {
    for (const auto& upstream : config_.upstreams) {
      const bool given = config_.places.contains("upstreams." + upstream.name + ".servers");
      if (given && upstream.servers.empty()) error(upstream.place, "an upstream without servers", "at least one URL");
      check_origin_tls(upstream);
    }
  }

  void check_origin_tls(const UpstreamConfig& upstream) {
    const std::string path = "upstreams." + upstream.name + ".tls";
    if (!upstream.tls || upstream.servers.empty()) return;
    if (!upstream.wants_tls())
      return error(at(path), "no server of upstream \"" + upstream.name + "\" speaks TLS", "an https:// server");
    const OriginTlsConfig& tls = *upstream.tls;
    if (tls.certificate.empty() != tls.key.empty())
      error(at(path), "a certificate and its key go together", "both certificate and key, or neither");
    if (!tls.verify)
      say(Diagnostic::Severity::warning, at(path + ".verify"),
          "anybody can pass for a server of upstream \"" + upstream.name + "\"",
          "true, with ca_file where the certificates are your own");
  }

  // Names that exist; a name is left out only where there is but one upstream.
  void complete_upstream(RouteConfig& route) {
    std::vector<std::string_view> names;
    for (const auto& upstream : config_.upstreams) names.push_back(upstream.name);
    if (names.empty()) return;
    if (route.upstream.empty()) {
      if (names.size() == 1) {
        route.upstream = names.front();
      } else {
        error(route.place ? route.place : at("upstreams"), "route \"" + route.name + "\" says no upstream",
              "one of " + listed_names(names));
      }
      return;
    }
    if (std::find(names.begin(), names.end(), route.upstream) != names.end()) return;
    const auto near = nearest(route.upstream, names);
    const auto place = route.places.find("upstream");
    error(place == route.places.end() ? route.place : place->second,
          "no upstream is called \"" + printable(route.upstream) + "\"",
          near.empty() ? "one of " + listed_names(names) : "did you mean \"" + printable(near) + "\"?");
  }

  static std::string listed_names(const std::vector<std::string_view>& names) {
    std::string out;
    for (const auto name : names) out += (out.empty() ? "" : ", ") + printable(name);
    return out;
  }

  void complete_routes() {
    if (config_.routes.empty() && !config_.places.contains("routes")) {
      RouteConfig all = route_for_all();
      static_cast<RouteOptions&>(all) = config_.defaults;
      config_.routes.push_back(std::move(all));
    }
    if (config_.routes.empty()) error(at("routes"), "no route", "at least one, or no `routes` at all");
    if (config_.routes.size() > kMaxRoutes) {
      error(config_.routes[kMaxRoutes].place, "too many routes", "at most 1000");
      config_.routes.resize(kMaxRoutes);
    }
    for (auto& route : config_.routes) complete_upstream(route);
  }

  void check_names() {
    std::map<std::string_view, unsigned> lines;
    for (const auto& route : config_.routes) {
      if (route.name.empty()) continue;
      const auto [first, is_new] = lines.try_emplace(route.name, route.place.line);
      if (is_new) continue;
      error(route.places.at("name"), "a second route called \"" + route.name + "\"",
            "a name of its own; the first stands on line " + std::to_string(first->second));
    }
  }

  Config& config_;
  Diagnostics& diagnostics_;
};

}  // namespace

void complete_and_check(Config& config, Diagnostics& diagnostics) {
  Checker(config, diagnostics).check_all();
}

}  // namespace weir
