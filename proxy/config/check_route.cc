// Rules between the options of one route, and the warnings about those that give up a protection; see check_route.h.
// What a route has from defaults can't be wrong for it, only without effect.
#include "proxy/config/check_route.h"

#include <algorithm>
#include <array>
#include <set>

#include "proxy/base/text.h"
#include "proxy/http/message.h"

namespace weir {
namespace {

class RouteChecker {
 public:
  RouteChecker(const Config& config, const RouteConfig& route, Diagnostics& diagnostics)
      : config_(config), route_(route), diagnostics_(diagnostics) {}

  void check_all() {
    check_methods();
    check_upgrade();
    check_cache();
    check_query();
    check_user();
    check_codings();
    check_dictionary();
    check_edits(route_.request.headers, "request.headers");
    check_edits(route_.response.headers, "response.headers");
    warn_of_cookies();
    warn_of_trust();
    warn_of_forwarding();
  }

 private:
  // Given by the route itself, not by defaults.
  bool own(std::string_view path) const {
    const auto found = route_.places.find(path);
    if (found == route_.places.end()) return false;
    const auto common = config_.defaults.places.find(path);
    return common == config_.defaults.places.end() || !(common->second == found->second);
  }
  Place at(std::string_view path) const {
    const auto found = route_.places.find(path);
    return found == route_.places.end() ? route_.place : found->second;
  }
  void say(Diagnostic::Severity severity, std::string_view path, std::string what, std::string right) {
    diagnostics_.push_back({severity, config_.file, at(path), std::move(what), std::move(right)});
  }
  void error(std::string_view path, std::string what, std::string right) {
    say(Diagnostic::Severity::error, path, std::move(what), std::move(right));
  }
  void warn(std::string_view path, std::string what, std::string right) {
    say(Diagnostic::Severity::warning, path, std::move(what), std::move(right));
  }

  bool every_method(bool (*holds)(Method)) const {
    return !route_.match.empty() &&
           std::all_of(route_.match.begin(), route_.match.end(), [&](const MatchConfig& match) {
             return !match.methods.empty() &&
                    std::all_of(match.methods.begin(), match.methods.end(),
                                [&](const std::string& method) { return holds(method_of(method)); });
           });
  }

  void check_methods() {
    if (every_method([](Method m) { return m != Method::get && m != Method::head; })) {
      for (const std::string_view path : {"cache.ttl", "cache.adaptive", "cache.status", "cache.etag"}) {
        if (own(path))
          error(path, std::string(path) + " never applies: only answers to GET and HEAD are kept", "leave it out");
      }
      if (own("tags"))
        error("tags", "tags never apply: only answers to GET and HEAD are kept",
              "leave them out, or write invalidate: { tags: … }");
    }
    if (own("invalidate") && every_method(is_safe)) {
      error("invalidate", "invalidate never applies: the route has no method that changes anything",
            "a route with POST, PUT, PATCH or DELETE");
    }
  }

  bool speaks_only_http2() const {
    const auto& all = config_.upstreams;
    return std::any_of(all.begin(), all.end(), [&](const UpstreamConfig& one) {
      return one.name == route_.upstream && one.protocol == OriginProtocol::h2;
    });
  }

  void check_upgrade() {
    for (std::size_t i = 0; i < route_.upgrade.size(); ++i)
      check_protocol(route_.upgrade[i], "upgrade." + std::to_string(i));
    if (own("upgrade") && every_method([](Method m) { return m != Method::get; })) {
      error("upgrade", "upgrade never applies: only a GET asks for one", "a route with GET");
    }
    if (own("upgrade") && !route_.upgrade.empty() && speaks_only_http2()) {
      error("upgrade", "upgrade never applies: upstream " + route_.upstream + " speaks HTTP/2 alone (protocol: h2)",
            "another upstream, or protocol: auto");
    }
    if (own("timeouts.idle") && route_.upgrade.empty()) {
      error("timeouts.idle", "idle never applies: it is the silence in a tunnel", "upgrade: [ websocket ], or no idle");
    }
  }

  // Any name may be one that clients and origin agreed on, so a slip looks like a protocol, and no client ever asks for
  // it.
  void check_protocol(const std::string& protocol, const std::string& item) {
    constexpr std::array<std::string_view, 6> kSwitches{"true", "false", "yes", "no", "on", "off"};
    constexpr std::array<std::string_view, 1> kKnown{"websocket"};
    const std::string path = route_.places.contains(item) ? item : "upgrade";
    const std::string name = lower(protocol.substr(0, protocol.find('/')));
    if (std::find(kSwitches.begin(), kSwitches.end(), name) != kSwitches.end())
      return error(path, "\"" + printable(protocol) + "\" is no protocol",
                   "upgrade: websocket, or upgrade: [] for none");
    const auto near = nearest(name, kKnown);
    if (!near.empty() && near != name)
      warn(path, "no protocol of note is called \"" + printable(protocol) + "\"",
           "did you mean \"" + std::string(near) + "\"?");
  }

  void check_cache() {
    const auto& cache = route_.cache;
    if (cache.override_origin && !cache.ttl && !cache.adaptive && own("cache.override")) {
      error("cache.override", "override without a ttl", "a ttl to put above the origin's headers");
    }
    if (cache.adaptive && cache.adaptive->min > cache.adaptive->max) {
      error("cache.adaptive", "min is more than max", "min at most max");
    }
    if (cache.max_object && *cache.max_object > config_.cache.memory / 10 && own("cache.max_object")) {
      error("cache.max_object", format_size(*cache.max_object) + " is more than the memory can take",
            "at most a tenth of cache.memory, which is " + format_size(config_.cache.memory));
    }
  }

  static bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  void check_query() {
    const auto& key = route_.key;
    if (key.query && !key.query_except.empty()) {
      error(own("key.query_except") ? "key.query_except" : "key.query", "both query and query_except", "one of them");
    }
    for (const auto& [name, how] : key.normalise) {
      if ((key.query && !contains(*key.query, name)) || contains(key.query_except, name)) {
        error("key.normalise." + name, "\"" + printable(name) + "\" is not in the key, so it can't be normalised",
              "a parameter that counts");
      }
    }
  }

  void check_codings() {
    if (route_.compress.on && route_.compress.encodings.empty()) {
      error("compress.encodings", "no coding is offered", "zstd, br and gzip, or compress: off");
    }
  }

  void check_dictionary() {
    const KeyConfig& key = route_.key;
    if (route_.compress.dictionary && own("compress.dictionary") &&
        (key.user || !key.cookies.empty() || !key.headers.empty())) {
      error("compress.dictionary", "the key tells clients apart: what one gets is no dictionary for others",
            "a route without key.user, key.cookies and key.headers, or no dictionary");
    }
  }

  void check_user() {
    if (!route_.key.user) return;
    if (route_.key.user->header.empty() == route_.key.user->cookie.empty()) {
      error("key.user", "either a header or a cookie says who the user is",
            "{ header: Authorization } or { cookie: session }");
    }
    const auto& header = route_.key.user->header;
    if (!header.empty() && own("key.user.header") && name_of(header) != Name::authorization &&
        name_of(header) != Name::cookie) {
      warn("key.user.header", "whoever sends " + header + " is taken for that user",
           "good only where something in front of weir sets it");
    }
  }

  // Names of fields are blind to case, keys of YAML are not.
  template <class Edits>
  void check_edits(const Edits& edits, const std::string& path) {
    check_names(edits.set, path + ".set");
    check_names(edits.add, path + ".add");
  }
  template <class Map>
  void check_names(const Map& map, const std::string& path) {
    std::set<std::string> seen;
    for (const auto& [name, value] : map) {
      if (seen.insert(lower(name)).second) continue;
      error(std::string(path).append(".").append(name),
            std::string("the field \"").append(name).append("\" a second time"), "each field once, in whatever case");
    }
  }

  void warn_of_cookies() {
    if (route_.cache.set_cookie == SetCookie::store) {
      warn("cache.set_cookie", "the cookies of one client's answer are handed to all", "set_cookie: refuse");
    } else if (route_.cache.set_cookie == SetCookie::strip) {
      warn("cache.set_cookie", "clients never get the cookies that the origin sets here", "set_cookie: refuse");
    }
  }

  void warn_of_trust() {
    if (route_.cache.trust_client) {
      warn("cache.trust_client", "any client can make each of its requests reach the origin", "trust_client: false");
    }
    if (route_.cache.store_unterminated) {
      warn("cache.store_unterminated", "an answer that was cut off can be kept as if it were whole",
           "store_unterminated: false");
    }
  }

  bool keyed(std::string_view field) const {
    const auto& key = route_.key;
    const auto same = [&](std::string_view name) { return equals_ignoring_case(name, field); };
    return std::any_of(key.headers.begin(), key.headers.end(), same) || (key.user && same(key.user->header));
  }

  void warn_of_forwarding() {
    if (route_.cache.mode() != CacheMode::ttl) return;
    const auto& forward = route_.request.forward;
    for (std::size_t i = 0; i < forward.size(); ++i) {
      if (keyed(forward[i])) continue;
      warn("request.forward." + std::to_string(i),
           forward[i] +
               " reaches the origin, and is not in the key: if the answer depends on it, clients get one another's",
           "key: { headers: [ " + forward[i] + " ] }");
    }
  }

  const Config& config_;
  const RouteConfig& route_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_route(const Config& config, const RouteConfig& route, Diagnostics& diagnostics) {
  RouteChecker(config, route, diagnostics).check_all();
}

}  // namespace weir
