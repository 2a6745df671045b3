// The same normal form as a request's target goes through, so that what people write matches what is stored; see url.h.
#include "proxy/route/url.h"

#include <algorithm>

#include "proxy/base/arena.h"
#include "proxy/base/text.h"
#include "proxy/cache/query.h"
#include "proxy/http/grammar.h"
#include "proxy/http/uri.h"

namespace weir {
namespace {

constexpr std::size_t kLongest = 8192;

Error wrong(std::string_view text, std::string_view why) {
  return Error{Side::client, Code::malformed, "\"" + printable(text.substr(0, 200)) + "\": " + std::string(why)};
}

// Takes "http://" or "https://" off; true for the latter.
bool take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    text.remove_prefix(scheme.size());
    return scheme.size() == 8;
  }
  return false;
}

}  // namespace

std::string PlainUrl::text() const {
  return has_query ? host + path + '?' + query : host + path;
}

Result<PlainUrl> parse_plain_url(std::string_view text) {
  if (text.empty() || text.size() > kLongest) return wrong(text, "a URL has 1 to 8192 bytes");
  std::string_view left = text;
  const bool tls = take_scheme(left);
  left = left.substr(0, left.find('#'));
  const auto end = std::min(left.find_first_of("/?"), left.size());
  Arena arena;
  PlainUrl url;
  if (end > 0) {
    auto host = parse_authority(left.substr(0, end), tls, arena);
    if (!host) return wrong(text, host.error().detail);
    url.host = *host;
  } else if (!text.starts_with('/')) {  // nor with a scheme and no host
    return wrong(text, "a URL is http://host/path, host/path or /path");
  }
  std::string target(left.substr(end));
  if (!target.starts_with('/')) target.insert(0, "/");
  const auto parsed = parse_target(target, Method::get, arena);
  if (!parsed) return wrong(text, parsed.error().detail);
  url.path = parsed->path;
  url.query = parsed->query;
  url.has_query = parsed->has_query;
  return url;
}

PlainUrl as_keyed(const PlainUrl& url, const RouteTable& routes) {
  RouteValues values;
  const Route* route = routes.match(Method::get, "GET", url.path, values);
  Arena arena;
  const auto form = query_form(route ? route->key : KeySpec{}, url.query, url.has_query, arena);
  return PlainUrl{url.host, url.path, std::string(form.text), form.present};
}

// The host of a prefix may be cut anywhere and that of a pattern hold wildcards: only a whole plain one can be
// normalised.
Result<std::string> parse_url_part(std::string_view text) {
  std::string_view left = text;
  const bool tls = take_scheme(left);
  if (left.empty() || left.size() > kLongest) return wrong(text, "it has 1 to 8192 bytes");
  if (!kTargetChars.covers(left)) return wrong(text, "it holds a byte that no URL may hold");
  if (left.size() < text.size() && left.starts_with('/')) return wrong(text, "a scheme without a host");
  const auto slash = std::min(left.find('/'), left.size());
  auto host = left.substr(0, slash);
  Arena arena;
  if (!host.empty() && slash < left.size() && host.find_first_of("*?") == std::string_view::npos) {
    const auto normal = parse_authority(host, tls, arena);
    if (!normal) return wrong(text, normal.error().detail);
    host = *normal;
  }
  const auto rest = parse_target_part(left.substr(slash), arena);
  if (!rest) return wrong(text, rest.error().detail);
  return std::string(host).append(*rest);
}

}  // namespace weir
