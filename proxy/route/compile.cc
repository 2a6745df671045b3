// Compiles routes; see compile.h. A route with an error is left out of what later checks look at, the others go on, so
// that one run shows all that is wrong.
#include "proxy/route/compile.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/config/origin_tls.h"
#include "proxy/route/options.h"
#include "proxy/route/reach.h"
#include "proxy/route/url.h"

namespace weir {
namespace {

using Known = std::vector<std::string_view>;

class RouteCompiler {
 public:
  RouteCompiler(const Config& config, const RouteConfig& from, Diagnostics& diagnostics)
      : config_(config), from_(from), diagnostics_(diagnostics) {}

  Route compile(std::uint32_t number, std::span<const FilterType> filters) {
    Route route;
    route.number = number;
    route.name = from_.name;
    route.place = config_.file.empty() ? "default" : config_.file + ":" + std::to_string(from_.place.line);
    if (!from_.place) route.place = "default";
    compile_matches(route);
    route.upstream = upstream_number();
    route.policy = policy_of(config_, from_);
    route.coding = coding_policy_of(from_.compress);
    route.key = key_spec_of(from_.key);
    route.forward_all = route.policy.mode == CacheMode::off ||
                        (route.policy.mode == CacheMode::origin && route.policy.status_ttl.empty());
    for (const auto& name : from_.request.forward) route.forward.push_back(lower(name));
    route.max_request_body = from_.request.max_body;
    for (const auto& protocol : from_.upgrade) route.upgrades.push_back(lower(protocol));
    route.timeouts = timeouts_of(from_.timeouts);
    compile_templates(route);
    if (route.coding && route.coding->dictionary) compile_dictionary(route, route.coding->dictionary);
    add_filters(route, filters);
    return route;
  }

 private:
  Place at(const std::string& path) const {
    const auto found = from_.places.find(path);
    return found == from_.places.end() ? from_.place : found->second;
  }

  void refused(const std::string& path, const Error& error) {
    diagnostics_.push_back(diagnose(config_.file, at(path), error.detail));
  }

  void compile_matches(Route& route) {
    for (std::size_t i = 0; i < from_.match.size(); ++i) {
      const auto& match = from_.match[i];
      route.match_text += (i == 0 ? "" : ", ") + match.text();
      if (match.path.empty()) continue;  // an error said before
      auto pattern = Pattern::parse(match.path);
      if (pattern) {
        route.matches.push_back({match.methods, std::move(*pattern)});
      } else {
        refused("match." + std::to_string(i), pattern.error());
      }
    }
  }

  // The route's first path as a URL pattern: a * for each name, and for all that follows what such patterns would take
  // for more than a character.
  std::string dictionary_match() const {
    constexpr std::string_view kSpecial = "*:()?+\\\"";
    constexpr std::size_t kLongest = 200;
    const std::string path = from_.match.empty() ? std::string("/") : from_.match.front().path;
    std::string match;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (kSpecial.find(path[i]) != std::string_view::npos || match.size() == kLongest) return match + "*";
      match += path[i] == '{' ? '*' : path[i];
      if (path[i] == '{') i = std::min(path.find('}', i), path.size());
    }
    return match.ends_with('/') ? match + "*" : match;
  }

  // Purged with the tags that all answers of the route have. Where the key tells clients apart, what one of them gets
  // is no dictionary for others: said to who asks for it on the route itself, and left out where defaults do.
  void compile_dictionary(const Route& route, std::optional<DictionaryPolicy>& policy) const {
    if (route.key.user || !route.key.cookies.empty() || !route.key.headers.empty()) return policy.reset();
    policy->match = dictionary_match();
    for (const Template& tag : route.tags) {
      if (tag.constant()) policy->tags.push_back(tag.text());
    }
  }

  std::uint32_t upstream_number() const {
    const auto found = std::find_if(config_.upstreams.begin(), config_.upstreams.end(),
                                    [&](const UpstreamConfig& upstream) { return upstream.name == from_.upstream; });
    return found == config_.upstreams.end() ? 0 : static_cast<std::uint32_t>(found - config_.upstreams.begin());
  }

  // What every match of the route fills in.
  Known known_names(const Route& route) {
    Known known = route.matches.front().pattern.names();
    for (const auto& match : route.matches) {
      const Known also = match.pattern.names();
      std::erase_if(known,
                    [&](std::string_view name) { return std::find(also.begin(), also.end(), name) == also.end(); });
    }
    if (!from_.key.user) return known;
    if (std::find(known.begin(), known.end(), "user") != known.end()) {
      refused("match", Error{Side::config, Code::malformed,
                             "{user} is not clear where key.user is set: another name, as {user_id}"});
    }
    known.emplace_back("user");
    return known;
  }

  // `normal`: brings the text into the form of what it will be compared with; ${names} stay as they are.
  template <class Normal>
  std::vector<Template> templates(const std::vector<TemplateText>& texts, const std::string& path, const Known& known,
                                  Normal normal) {
    std::vector<Template> out;
    for (std::size_t i = 0; i < texts.size() && diagnostics_.size() <= kMostDiagnostics; ++i) {
      const Result<std::string> text = normal(texts[i].text);
      auto made = text ? Template::parse(*text, known) : Result<Template>(text.error());
      if (made) {
        out.push_back(std::move(*made));
      } else {
        refused(path + "." + std::to_string(i), made.error());
      }
    }
    return out;
  }

  void compile_templates(Route& route) {
    if (route.matches.empty()) return;  // no names are known; the error was said
    const Known known = known_names(route);
    const auto as_it_is = [](const std::string& text) { return Result<std::string>(text); };
    const auto as_url = [](const std::string& text) {
      const auto url = parse_plain_url(text);
      return url ? Result<std::string>(url->text()) : Result<std::string>(url.error());
    };
    route.tags = templates(from_.tags, "tags", known, as_it_is);
    route.invalidate.tags = templates(from_.invalidate.tags, "invalidate.tags", known, as_it_is);
    route.invalidate.urls = templates(from_.invalidate.urls, "invalidate.urls", known, as_url);
    route.invalidate.prefixes = templates(from_.invalidate.prefixes, "invalidate.prefixes", known, parse_url_part);
    route.invalidate.soft = from_.invalidate.soft;
  }

  void add_filters(Route& route, std::span<const FilterType> filters) {
    for (const FilterType& type : filters) {
      FilterPtr filter = type.make(from_);
      if (!filter) continue;
      route.looks_at_requests = route.looks_at_requests || filter->looks_at_requests();
      route.edits_client_response = route.edits_client_response || filter->edits_client_response();
      route.filters.push_back(std::move(filter));
      route.filter_names.push_back(type.name);
    }
  }

  const Config& config_;
  const RouteConfig& from_;
  Diagnostics& diagnostics_;
};

Prepared prepare_loaded(Loaded loaded, std::span<const FilterType> filters, Certificates certificates) {
  Prepared prepared;
  prepared.diagnostics = std::move(loaded.diagnostics);
  if (!loaded.config) return prepared;
  if (certificates == Certificates::read) prepared.tls = open_certificates(*loaded.config, prepared.diagnostics);
  open_origin_tls(*loaded.config, prepared.diagnostics);
  auto compiled = compile(*loaded.config, filters);
  prepared.diagnostics.insert(prepared.diagnostics.end(), compiled.diagnostics.begin(), compiled.diagnostics.end());
  put_in_order(prepared.diagnostics);
  if (has_errors(prepared.diagnostics)) return prepared;
  prepared.config = std::make_shared<const Config>(std::move(*loaded.config));
  prepared.routes = std::move(compiled.routes);
  return prepared;
}

}  // namespace

Compiled compile(const Config& config, std::span<const FilterType> filters) {
  Compiled compiled;
  std::vector<Route> routes;
  for (const auto& from : config.routes) {
    RouteCompiler compiler(config, from, compiled.diagnostics);
    routes.push_back(compiler.compile(static_cast<std::uint32_t>(routes.size()), filters));
  }
  check_reach(config, routes, compiled.diagnostics);
  if (!has_errors(compiled.diagnostics)) compiled.routes = std::make_shared<const RouteTable>(std::move(routes));
  return compiled;
}

Prepared prepare_file(const std::string& path, std::span<const FilterType> filters, const Environment& environment,
                      Certificates certificates) {
  return prepare_loaded(load_file(path, environment), filters, certificates);
}

Prepared prepare_text(std::string file, std::string_view text, std::span<const FilterType> filters,
                      const Environment& environment, Certificates certificates) {
  return prepare_loaded(load_text(std::move(file), text, environment), filters, certificates);
}

Prepared prepare(Config config, std::span<const FilterType> filters) {
  return prepare_loaded(Loaded{std::move(config), {}}, filters, Certificates::read);
}

}  // namespace weir
