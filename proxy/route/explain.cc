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
#include "proxy/http/uri.h"

namespace weir {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

Error refused(std::string detail) {
  return Error{Side::client, Code::malformed, std::move(detail)};
}

// The request as the client side would hand it to look-up.
Result<RequestHead> read_request(std::string_view text, const FieldList& fields, Arena& arena) {
  RequestHead head;
  const auto space = text.find(' ');
  head.method_text = space == std::string_view::npos ? "GET" : text.substr(0, space);
  head.target = space == std::string_view::npos ? text : trim(text.substr(space + 1));
  if (!is_token(head.method_text)) return refused("\"" + printable(head.method_text) + "\" is no method");
  head.method = method_of(head.method_text);
  auto target = parse_target(head.target, head.method, arena);
  if (!target) return std::move(target).error();
  head.path = target->path;
  head.query = target->query;
  head.has_query = target->has_query;
  for (const auto& [name, value] : fields) {
    if (!is_token(name) || !is_field_value(value)) return refused("\"" + printable(name) + "\" is no valid header");
    head.fields.add(std::string_view(name), std::string_view(value));
  }
  const std::string_view host = head.fields.has(Name::host) ? head.fields.value(Name::host) : "localhost";
  auto authority = parse_authority(target->authority.empty() ? host : target->authority, false, arena);
  if (!authority) return std::move(authority).error();
  head.authority = *authority;
  return head;
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
    add("forwarded", route_.forward_all ? "the client's fields" : "harmless fields, and those in the key",
        place("cache"));
    if (route_.policy.mode == CacheMode::off) return;
    const auto may = eligible(request_, parse_request_cache_control(request_.fields), route_.policy);
    add("looked up", may.lookup ? "yes" : "no: " + std::string(may.why_not), "RFC 9111");
    add("kept", kept(may), "RFC 9111");
    if (request_.method != Method::get && request_.method != Method::head) return;
    OptionLines options(config_, from_, "cache", out_);
    RouteCacheConfig::describe(options, from_.cache);
    if (from_.cache.max_object) return;
    const auto common = config_.places.find("cache.max_object");
    add("cache.max_object", format_size(route_.policy.max_object),
        common == config_.places.end() ? "default" : line(common->second));
  }

  // What can be said of it before there is an answer.
  std::string kept(const Eligibility& may) const {
    if (!may.store) return "no: " + std::string(may.why_not);
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
  Asker asker_ = Asker::anyone;
  std::vector<ExplainedLine> out_;
};

}  // namespace

Result<Explained> explain(const Config& config, const RouteTable& routes, std::string_view request,
                          const FieldList& fields) {
  Arena arena;
  auto head = read_request(trim(request), fields, arena);
  if (!head) return std::move(head).error();
  Explained explained;
  explained.request = std::string(head->method_text) + " " + std::string(head->authority) + std::string(head->path);
  if (head->has_query) explained.request.append("?").append(head->query);
  RouteValues values;
  const Route* const route = routes.match(head->method, head->method_text, head->path, values);
  if (route == nullptr) {
    explained.lines.push_back({"route", "none: 404", "no route matches"});
  } else {
    explained.lines = Explainer(config, *route, *head, values).lines(arena);
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
