// prepare: what to ask the origin. The client's fields are never passed on as they are: hop-by-hop ones go, weir sets
// its own X-Forwarded-*, and on routes whose lifetime comes from `ttl` only what can't change the answer for others
// remains (hostile.md 13, 26).
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/fetch/fetch.h"

namespace weir {
namespace {

// Never a client's to say, whatever the route: weir sets some of them itself.
bool is_weirs_own(const Field& field) {
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
         begins("X-HTTP-Method");
}

bool named(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return equals_ignoring_case(n, name); });
}

// On a route with a ttl: says who asks or how to trace it, names what is keyed, or was widened by the operator.
bool may_shape_shared_answer(const Field& field, const Route& route) {
  switch (field.id) {
    case Name::authorization:  // an answer to it is not shared unless it says so itself
    case Name::tracestate:
    case Name::max_forwards:
    case Name::cache_control:
    case Name::pragma: return true;
    default: break;
  }
  if (named(route.key.headers, field.name) || named(route.forward, field.name)) return true;
  const auto& user = route.key.user;
  if (user && user->from == KeySpec::User::From::header && equals_ignoring_case(user->name, field.name)) return true;
  return false;
}

// Only the keyed cookies of the Cookie lines, as one line.
void add_keyed_cookies(Fetch& f) {
  const KeySpec& spec = f.route.key;
  std::string line;
  const auto add = [&](const std::string& name) {
    const auto value = cookie_value(f.request.fields, name);
    if (value.empty()) return;
    if (!line.empty()) line += "; ";
    line.append(name).append("=").append(value);
  };
  for (const auto& name : spec.cookies) add(name);
  if (spec.user && spec.user->from == KeySpec::User::From::cookie && !named(spec.cookies, spec.user->name))
    add(spec.user->name);
  if (!line.empty()) f.to_origin.add(Name::cookie, f.arena.copy(line));
}

// What a shared fetch must not carry: one client's own conditions and ranges (weir answers those itself).
bool is_condition(Name id) {
  return id == Name::if_none_match || id == Name::if_modified_since || id == Name::range || id == Name::if_range;
}

void copy_fields(Fetch& f) {
  const bool open = f.route.forward_all || !f.store;
  f.to_origin.reserve(f.request.fields.size() + 10);
  for (const Field& field : f.request.fields) f.to_origin.add(field);
  remove_hop_by_hop(f.to_origin);
  f.to_origin.remove_if([&](const Field& field) {
    if (is_weirs_own(field) || (f.store && is_condition(field.id))) return true;
    return !open && !may_shape_shared_answer(field, f.route);
  });
  if (!open && !f.to_origin.has(Name::cookie)) add_keyed_cookies(f);
}

void add_validators(Fetch& f) {
  if (!f.kept) return;
  if (!f.kept->etag.empty()) f.to_origin.add(Name::if_none_match, f.kept->etag);
  if (!f.kept->last_modified.empty()) f.to_origin.add(Name::if_modified_since, f.kept->last_modified);
  f.conditional = !f.kept->etag.empty() || !f.kept->last_modified.empty();
}

void add_weirs_own(Fetch& f) {
  f.to_origin.add(Name::x_forwarded_for, f.client_address);
  f.to_origin.add(Name::x_forwarded_proto, "http");
  f.to_origin.add(Name::x_forwarded_host, f.request.authority);
  f.to_origin.add(Name::x_request_id, f.request_id);
  f.to_origin.add(Name::traceparent, f.traceparent);
  const auto* earlier = f.request.fields.find(Name::via);
  const std::string_view own = f.request.version == Version::http10 ? "1.0 weir" : "1.1 weir";
  f.to_origin.add(Name::via, earlier == nullptr ? own : f.arena.join(f.request.fields.joined(Name::via), ", ", own));
}

Next prepare(Fetch& f) {
  copy_fields(f);
  if (f.store) add_validators(f);
  f.ranged = f.to_origin.has(Name::range);
  add_weirs_own(f);
  auto context = f.context();
  for (const auto& filter : f.route.filters) filter->on_origin_request(f.to_origin, context);
  const bool keyed = f.store;
  const auto query = keyed ? f.key.query : f.request.query;
  const bool has_query = keyed ? f.key.has_query : f.request.has_query;
  f.target = has_query ? f.arena.join(f.request.path, "?", query) : f.request.path;
  f.step_ = &kConnect;
  return Next::run;
}

}  // namespace

const FetchStep kPrepare{"prepare", prepare};

}  // namespace weir
