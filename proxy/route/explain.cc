// Walks a request through the table as the exchange would, without sending anything; see explain.h. The values come
// from the descriptions of the options, so none can be forgotten here.
#include "proxy/route/explain.h"

#include <algorithm>

#include "proxy/base/arena.h"
#include "proxy/base/json.h"
#include "proxy/base/text.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/key.h"
#include "proxy/config/shape.h"
#include "proxy/http/grammar.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/upgrade.h"
#include "proxy/route/request_refusals.h"
#include "proxy/route/url.h"

namespace weir {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

Error refused(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

H1Limits limits_of(const ClientLimits& client) {
  return {.head = client.head, .line = client.line, .fields = client.fields};
}

// The request as the client side would hand it to look-up, by the same rules: it is written down as HTTP/1.1 and
// parsed.
class AskedRequest {
 public:
  explicit AskedRequest(const ClientLimits& client) : limits_(limits_of(client)), parser_(limits_) {}

  // An error where it is none at all. Where it is one that weir refuses by its head, refusal() says so.
  Result<void> read(std::string_view text, const FieldList& fields) {
    const auto space = text.find(' ');
    plain_.method_text = space == std::string_view::npos ? "GET" : text.substr(0, space);
    plain_.target = space == std::string_view::npos ? text : trim(text.substr(space + 1));
    if (!is_token(plain_.method_text)) return refused("\"" + printable(plain_.method_text) + "\" is no method");
    plain_.method = method_of(plain_.method_text);
    for (const auto& [name, value] : fields) {
      if (!is_token(name) || !is_field_value(value)) return refused("\"" + printable(name) + "\" is no valid header");
      plain_.fields.add(std::string_view(name), std::string_view(value));
    }
    Refusal why;
    if (!judge_target(plain_, arena_, why)) {
      if (plain_.method != Method::connect) return why.error();
      plain_.path = plain_.target;  // no slip of the pen: it is asked whether weir is a tunnel
      refusal_ = why;
      return {};
    }
    const bool named = plain_.fields.has(Name::host);
    host_ = "localhost";
    if (!plain_.authority.empty()) host_ = plain_.authority;
    if (named) host_ = plain_.fields.value(Name::host);
    if (!judge_host(plain_, host_, false, arena_, why)) return why.error();
    text_.append(plain_.method_text).append(" ").append(plain_.target).append(" HTTP/1.1\r\n");
    if (!named) text_.append("Host: ").append(host_).append("\r\n");
    for (const auto& [name, value] : fields) text_.append(name).append(": ").append(value).append("\r\n");
    text_ += "\r\n";
    std::size_t consumed = 0;
    if (parser_.next(text_, consumed) != H1Event::head)
      (void)refusal_.as(parser_.error_status(), parser_.error().detail);
    remove_named_in_connection(head().fields);
    return {};
  }

  const Refusal& refusal() const { return refusal_; }
  RequestHead& head() { return refusal_.status == 0 ? parser_.head() : plain_; }

 private:
  const H1Limits limits_;
  Arena arena_;
  std::string text_, host_;  // the heads are views of them
  RequestHead plain_;        // as far as it is known where the whole is refused
  H1RequestParser parser_;
  Refusal refusal_;
};

void add_refusal(std::vector<ExplainedLine>& lines, const Refusal& why, const std::string& place) {
  lines.push_back({"refused", std::to_string(why.status) + ": " + why.detail, place});
  lines.push_back({"forwarded", "nothing: no origin is asked", place});
}

// Who sends it isn't known here, only who may.
void add_purge(std::vector<ExplainedLine>& lines, const Config& config, const RouteTable& routes,
               const RequestHead& request) {
  const auto found = config.places.find("admin.purge_from");
  const std::string place =
      found == config.places.end() ? "default" : config.file + ":" + std::to_string(found->second.line);
  Refusal why;
  (void)why.as(405, kNotServed);
  if (const auto& allowed = config.admin.purge_from; !allowed.empty()) {
    const PlainUrl url{std::string(request.authority), std::string(request.path), std::string(request.query),
                       request.has_query};
    const bool soft = request.method == Method::softpurge;
    lines.push_back({soft ? "makes stale url" : "drops url", as_keyed(url, routes).text(), place});
    why.detail += ", but for clients in " + inline_value(allowed, {});
  }
  add_refusal(lines, why, place);
}

// The options of one struct as lines, those below it with a dot.
class OptionLines {
 public:
  OptionLines(const Config& config, const RouteConfig& route, std::string path, std::vector<ExplainedLine>& out)
      : config_(config), route_(route), path_(std::move(path)), out_(out) {}

  template <class T>
  void operator()(std::string_view name, const T& value, std::string_view, const Rules& rules = {}) {
    const std::string path = path_ + "." + std::string(name);
    if constexpr (kIsOptional<T>) {
      if (value) OptionLines(config_, route_, path_, out_)(name, *value, {}, rules);
    } else if constexpr (Described<T>) {
      OptionLines inside(config_, route_, path, out_);
      T::describe(inside, value);
    } else {
      const std::string text = inline_value(value, rules);
      const bool said = route_.places.contains(path);
      if (said || !(text == "[]" || text == "{}" || text == "\"\"")) out_.push_back({path, text, place(path)});
    }
  }

 private:
  std::string place(const std::string& path) const {
    const auto found = route_.places.find(path);
    if (found == route_.places.end()) return "default";
    return config_.file + ":" + std::to_string(found->second.line);
  }

  const Config& config_;
  const RouteConfig& route_;
  std::string path_;
  std::vector<ExplainedLine>& out_;
};

class Explainer {
 public:
  Explainer(const Config& config, const Route& route, const RequestHead& request, RouteValues values)
      : config_(config), route_(route), from_(config.routes[route.number]), request_(request), values_(values) {}

  std::vector<ExplainedLine> lines(Arena& arena) {
    add("route", route_.name, route_.place);
    add("match", route_.match_text, place("match"));
    for (std::size_t i = 0; i < values_.count; ++i) {
      add("${" + std::string(values_.list[i].name) + "}", std::string(values_.list[i].value), place("match"));
    }
    if (is_refused()) return std::move(out_);
    add_upstream();
    add_key(arena);
    add_cache();
    add_templates("tag", route_.tags, "tags");
    add_invalidation();
    OptionLines request(config_, from_, "request", out_);
    RequestConfig::describe(request, from_.request);
    OptionLines response(config_, from_, "response", out_);
    ResponseConfig::describe(response, from_.response);
    for (const auto& protocol : from_.upgrade) add("upgrade", protocol, place("upgrade"));
    OptionLines timeouts(config_, from_, "timeouts", out_);
    RouteTimeoutsConfig::describe(timeouts, from_.timeouts);
    for (const auto name : route_.filter_names) add("filter", std::string(name), place(std::string(name)));
    return std::move(out_);
  }

 private:
  void add(std::string what, std::string value, std::string place) {
    out_.push_back({std::move(what), std::move(value), std::move(place)});
  }

  std::string line(Place at) const { return at ? config_.file + ":" + std::to_string(at.line) : "default"; }
  std::string place(const std::string& path) const {
    const auto found = from_.places.find(path);
    return found == from_.places.end() ? "default" : line(found->second);
  }

  // What the exchange asks before it looks anything up (exchange/receive.cc), but for filters.
  bool is_refused() {
    Refusal why;
    std::string option = "request.max_body";
    bool good = judge_body_size(request_, route_, why);
    may_ = eligible(request_, parse_request_cache_control(request_.fields), route_.policy);
    const auto protocol = choose_upgrade(request_.upgrade, route_.upgrades);
    if (good && !protocol.empty()) {
      may_ = kUpgraded;
      option = "upgrade";
      good = judge_upgrade(request_, protocol, why);
    }
    if (good) {
      option = "cache";
      good = judge_body(request_, may_, why);
    }
    if (!good) add_refusal(out_, why, place(option));
    return !good;
  }

  void add_upstream() {
    const UpstreamConfig& upstream = config_.upstreams[route_.upstream];
    add("upstream", upstream.name, from_.places.contains("upstream") ? place("upstream") : line(upstream.place));
    for (const auto& server : upstream.servers) add("server", Scalar<OriginUrl>::format(server), line(upstream.place));
    add("protocol", protocol_of(upstream), line(upstream.place));
    if (upstream.wants_tls()) add_origin_tls(upstream);
  }

  static std::string protocol_of(const UpstreamConfig& upstream) {
    if (upstream.protocol == OriginProtocol::automatic)
      return upstream.wants_tls() ? "h2 where a server offers it by TLS, else h1" : "h1";
    return std::string(Words<OriginProtocol>::kList[static_cast<std::size_t>(upstream.protocol)]);
  }

  void add_origin_tls(const UpstreamConfig& upstream) {
    const OriginTlsConfig tls = upstream.tls_or_default();
    const std::string whom = tls.server_name.empty() ? "the server's host" : tls.server_name;
    const std::string signer = tls.ca_file.empty() ? "whom the system trusts" : tls.ca_file;
    const auto at = config_.places.find("upstreams." + upstream.name + ".tls");
    add("server's certificate", tls.verify ? "for " + whom + ", signed by " + signer : "any: it may be anybody",
        at == config_.places.end() ? "default" : line(at->second));
    if (!tls.certificate.empty()) add("weir's certificate", tls.certificate, line(at->second));
  }

  void add_key(Arena& arena) {
    const Key key = make_key(route_.key, request_, arena);
    values_.user = key.user;
    asker_ = key.asker;
    const std::string query = key.has_query ? "?" + std::string(key.query) : "";
    add("key", std::string(request_.authority) + std::string(request_.path) + query, place("key"));
    for (const auto& name : route_.key.headers) add("key header", name, place("key.headers"));
    for (const auto& name : route_.key.cookies) add("key cookie", name, place("key.cookies"));
    if (route_.key.user)
      add("key user", route_.key.user->name + " (hashed: " + std::string(key.user) + ")", place("key.user"));
  }

  void add_cache() {
    constexpr std::array<std::string_view, 3> kModes{"off", "origin", "ttl"};
    add("cache", std::string(kModes[static_cast<std::size_t>(route_.policy.mode)]), place("cache"));
    add("forwarded", forwarded(), place("cache"));
    if (route_.policy.mode == CacheMode::off) return;
    add("looked up", may_.lookup ? "yes" : "no: " + std::string(may_.why_not), "RFC 9111");
    add("kept", kept(), "RFC 9111");
    if (request_.method != Method::get && request_.method != Method::head) return;
    OptionLines options(config_, from_, "cache", out_);
    RouteCacheConfig::describe(options, from_.cache);
    if (from_.cache.max_object) return;
    const auto common = config_.places.find("cache.max_object");
    add("cache.max_object", format_size(route_.policy.max_object),
        common == config_.places.end() ? "default" : line(common->second));
  }

  // Only an answer that others may get must not depend on what is not in the key (fetch/prepare.cc).
  std::string forwarded() const {
    if (route_.forward_all) return "the client's fields";
    if (may_.store) return "harmless fields, and those in the key";
    return "the client's fields and query: nothing is kept (" + std::string(may_.why_not) + ")";
  }

  // What can be said of it before there is an answer.
  std::string kept() const {
    if (!may_.store) return "no: " + std::string(may_.why_not);
    if (asker_ == Asker::credentials) return "only if public, s-maxage or must-revalidate (Authorization)";
    return "if the answer allows it";
  }

  void add_templates(const std::string& what, const std::vector<Template>& templates, const std::string& path) {
    for (std::size_t i = 0; i < templates.size(); ++i) {
      std::string text;
      templates[i].render(values_, text);
      add(what, std::move(text), place(path + "." + std::to_string(i)));
    }
  }

  void add_invalidation() {
    if (is_safe(request_.method)) return;
    const std::string soft = route_.invalidate.soft ? "makes stale " : "drops ";
    add_templates(soft + "tag", route_.invalidate.tags, "invalidate.tags");
    add_templates(soft + "url", route_.invalidate.urls, "invalidate.urls");
    add_templates(soft + "prefix", route_.invalidate.prefixes, "invalidate.prefixes");
  }

  const Config& config_;
  const Route& route_;
  const RouteConfig& from_;
  const RequestHead& request_;
  RouteValues values_;
  Eligibility may_;
  Asker asker_ = Asker::anyone;
  std::vector<ExplainedLine> out_;
};

}  // namespace

Result<Explained> explain(const Config& config, const RouteTable& routes, std::string_view request,
                          const FieldList& fields) {
  AskedRequest asked(config.client.limits);
  if (auto read = asked.read(trim(request), fields); !read) return std::move(read).error();
  const RequestHead& head = asked.head();
  Explained explained;
  explained.request = std::string(head.method_text) + " " + std::string(head.authority) + std::string(head.path);
  if (head.has_query) explained.request.append("?").append(head.query);
  Refusal why = asked.refusal();
  if (why.status != 0 || !judge_method(head, why)) {
    add_refusal(explained.lines, why, "before any route");
    return explained;
  }
  if (head.method == Method::purge || head.method == Method::softpurge) {
    add_purge(explained.lines, config, routes, head);
    return explained;
  }
  RouteValues values;
  const Route* const route = routes.match(head.method, head.method_text, head.path, values);
  if (route == nullptr) {
    explained.lines.push_back({"route", "none: 404", "no route matches"});
  } else {
    Arena arena;
    explained.lines = Explainer(config, *route, head, values).lines(arena);
  }
  return explained;
}

std::string Explained::text() const {
  std::size_t first = 0;
  std::size_t second = 0;
  for (const auto& line : lines) {
    first = std::max(first, line.what.size());
    second = std::max(second, std::min<std::size_t>(line.value.size(), 48));
  }
  std::string out = request + "\n";
  for (const auto& line : lines) {
    std::string row = "  " + line.what;
    row.resize(std::max(row.size(), first + 4), ' ');
    row += printable(line.value);
    row.resize(std::max(row.size() + 2, first + second + 6), ' ');
    out += row + line.place + "\n";
  }
  return out;
}

std::string Explained::json() const {
  JsonWriter json;
  json.begin_object().field("request", request).key("lines").begin_array();
  for (const auto& line : lines) {
    json.begin_object().field("what", line.what).field("value", line.value).field("place", line.place).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace weir
