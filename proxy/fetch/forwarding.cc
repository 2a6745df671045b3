// What the origin gets to see; see forwarding.h.
#include "proxy/fetch/forwarding.h"

#include <algorithm>
#include <array>

#include "proxy/base/text.h"
#include "proxy/cache/vary.h"

namespace weir {
namespace {

// A name as CGI and what has its ways (WSGI, Rack, PHP) read it: they know no `_` from a `-`. Cut where it is longer
// than any name that matters.
class Hyphened {
 public:
  explicit Hyphened(std::string_view name) : size_(std::min(name.size(), text_.size())) {
    std::replace_copy(name.begin(), name.begin() + size_, text_.begin(), '_', '-');
  }
  std::string_view text() const { return {text_.data(), size_}; }
  Name id() const { return name_of(text()); }

 private:
  std::array<char, 64> text_;
  std::size_t size_;
};

bool is_client_cert(std::string_view name) {
  return equals_ignoring_case(name, kClientCert) || equals_ignoring_case(name, "Client-Cert-Chain");
}

bool named(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return equals_ignoring_case(n, name); });
}

// weir writes it for each client or each request.
bool is_made_anew(std::string_view name) {
  const Hyphened hyphened(name);
  const Name id = hyphened.id();
  return id == Name::x_forwarded_for || id == Name::x_request_id || id == Name::traceparent ||
         is_client_cert(hyphened.text());
}

bool is_tag_field(const Field& field) {
  return field.id == Name::surrogate_key || field.id == Name::cache_tag || field.id == Name::xkey;
}

std::string lines_of(const Fields& fields, bool (*left_out)(const Field&)) {
  std::string lines;
  for (const Field& field : fields) {
    if (!left_out(field)) lines.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return lines;
}

std::string_view without_port(std::string_view authority) {
  const auto end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  return authority.substr(0, end);
}

bool has_weirs_name(const Field& field) {
  switch (field.id) {
    case Name::host:
    case Name::content_length:
    case Name::expect:
    case Name::forwarded:
    case Name::x_forwarded_for:
    case Name::x_forwarded_host:
    case Name::x_forwarded_port:
    case Name::x_forwarded_proto:
    case Name::x_real_ip:
    case Name::x_http_method_override:
    case Name::x_host:
    case Name::x_request_id:
    case Name::traceparent:
    case Name::via: return true;
    case Name::other: break;
    default: return false;
  }
  const auto begins = [&](std::string_view start) {
    return field.name.size() >= start.size() && equals_ignoring_case(field.name.substr(0, start.size()), start);
  };
  return begins("X-Forwarded-") || begins("X-Original-") || begins("X-Rewrite-") || begins("X-Method-Override") ||
         begins("X-HTTP-Method") || is_client_cert(field.name);
}

}  // namespace

bool is_weirs_own(const Field& field) {
  if (field.id != Name::other) return has_weirs_name(field);
  const Hyphened name(field.name);
  return has_weirs_name(Field{name.text(), {}, name.id()});
}

bool passes_for_another(const Field& field, const Route& route) {
  if (field.id != Name::other || field.name.find('_') == std::string_view::npos) return false;
  if (may_shape_shared_answer(field, route)) return false;  // the operator's own spelling
  const Hyphened name(field.name);
  return name.id() != Name::other || may_shape_shared_answer(Field{name.text(), {}, Name::other}, route);
}

std::string trailers_of_request(const Fields& trailers) {
  return lines_of(trailers, is_weirs_own);
}

std::string trailers_of_response(const Fields& trailers) {
  return lines_of(trailers, is_tag_field);
}

bool may_shape_shared_answer(const Field& field, const Route& route) {
  switch (field.id) {
    case Name::authorization:  // who shares an answer to it is the admission's to judge (freshness.h)
    case Name::tracestate:
    case Name::max_forwards:
    case Name::cache_control:
    case Name::pragma: return true;
    default: break;
  }
  if (named(route.key.headers, field.name) || named(route.forward, field.name)) return true;
  const auto& user = route.key.user;
  return user && user->from == KeySpec::User::From::header && equals_ignoring_case(user->name, field.name);
}

std::optional<std::vector<std::string>> varies_by(const Fields& response, const Route& route) {
  auto names = vary_names(response);
  if (!names) return names;
  if (std::any_of(names->begin(), names->end(), is_made_anew)) return std::nullopt;
  std::erase_if(*names, [&](const std::string& name) {
    const Field field{name, {}, name_of(name)};
    if (field.id == Name::via) return false;                // the client's goes on in weir's
    if (field.id == Name::x_forwarded_proto) return false;  // the request has weir's own word (exchange/receive.cc)
    if (field.id == Name::accept_encoding && route.coding) return true;  // the route's own word to the origin
    return is_weirs_own(field) || (!route.forward_all && !may_shape_shared_answer(field, route));
  });
  return names;
}

bool changes_scheme(const ResponseHead& response, const RequestHead& request, bool secure) {
  if (response.status < 300 || response.status >= 400) return false;
  const auto location = response.fields.value(Name::location);
  const std::string_view other = secure ? "http://" : "https://";
  if (!equals_ignoring_case(location.substr(0, other.size()), other)) return false;
  const auto authority = location.substr(other.size(), location.find_first_of("/?#", other.size()) - other.size());
  return equals_ignoring_case(without_port(authority), without_port(request.authority));
}

}  // namespace weir
