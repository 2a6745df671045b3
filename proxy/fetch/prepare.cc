// prepare: what to ask the origin. The client's fields are never passed on as they are: hop-by-hop ones go, weir sets
// its own X-Forwarded-*, and on routes whose lifetime comes from `ttl` only what can't change the answer for others
// remains (hostile.md 13, 26).
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/fetch/fetch.h"
#include "proxy/fetch/forwarding.h"
#include "proxy/http/range.h"

namespace weir {
namespace {

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
  const auto& user = spec.user;
  if (user && user->from == KeySpec::User::From::cookie &&
      std::find(spec.cookies.begin(), spec.cookies.end(), user->name) == spec.cookies.end())
    add(user->name);
  if (!line.empty()) f.to_origin.add(Name::cookie, f.arena.copy(line));
}

// What a fetch for the store must not carry: one client's own conditions and ranges (weir answers those itself).
bool is_condition(Name id) {
  return id == Name::if_none_match || id == Name::if_modified_since || id == Name::range || id == Name::if_range;
}

// Trailers pass both ways, where nothing is kept that would lose them.
void add_trailer_words(Fetch& f) {
  if (!f.store && f.upgrade.empty() && takes_trailers(f.request.fields)) f.to_origin.add(Name::te, "trailers");
  const auto announced = f.request.fields.value(Name::trailer);
  if (!announced.empty() && f.upload && f.request.framing == Framing::chunked)
    f.to_origin.add(Name::trailer, announced);
}

void copy_fields(Fetch& f) {
  const bool open = f.route.forward_all || !f.strict;
  f.to_origin.reserve(f.request.fields.size() + 10);
  for (const Field& field : f.request.fields) f.to_origin.add(field);
  remove_hop_by_hop(f.to_origin);
  f.to_origin.remove_if([&](const Field& field) {
    if (is_weirs_own(field)) return true;
    if (is_condition(field.id)) return f.store;
    if (f.store && passes_for_another(field, f.route)) return true;
    return !open && !may_shape_shared_answer(field, f.route);
  });
  if (!open && !f.to_origin.has(Name::cookie)) add_keyed_cookies(f);
}

// Many ranges, and such as overlap, cost an origin more than the whole: then it is the whole (hostile.md 31).
void check_range(Fetch& f) {
  const auto range = f.to_origin.value(Name::range);
  const bool several_lines = f.to_origin.count(Name::range) > 1;
  if (range.empty()) return;
  if (!several_lines && !std::holds_alternative<WholeBody>(resolve_range(range, ~std::uint64_t{0}))) return;
  f.to_origin.remove(Name::range);
  f.to_origin.remove(Name::if_range);
}

void add_validators(Fetch& f) {
  if (!f.kept) return;
  if (!f.kept->etag.empty()) f.to_origin.add(Name::if_none_match, f.kept->etag);
  if (!f.kept->last_modified.empty()) f.to_origin.add(Name::if_modified_since, f.kept->last_modified);
  f.conditional = !f.kept->etag.empty() || !f.kept->last_modified.empty();
}

// The version is that of the message as it came (RFC 9110 §7.6.3).
std::string_view own_via(Version version) {
  switch (version) {
    case Version::http10: return "1.0 weir";
    case Version::http11: return "1.1 weir";
    case Version::http2: break;
  }
  return "2.0 weir";
}

void add_weirs_own(Fetch& f) {
  f.to_origin.add(Name::x_forwarded_for, f.forwarded_for);
  f.to_origin.add(Name::x_forwarded_proto, f.secure ? "https" : "http");
  f.to_origin.add(Name::x_forwarded_host, f.request.authority);
  if (!f.client_certificate.empty()) f.to_origin.add(kClientCert, f.client_certificate);
  f.to_origin.add(Name::x_request_id, f.request_id);
  f.to_origin.add(Name::traceparent, f.traceparent);
  const auto* earlier = f.request.fields.find(Name::via);
  const std::string_view own = own_via(f.request.version);
  f.to_origin.add(Name::via, earlier == nullptr ? own : f.arena.join(f.request.fields.joined(Name::via), ", ", own));
}

Next prepare(Fetch& f) {
  copy_fields(f);
  add_trailer_words(f);
  if (!f.store) check_range(f);
  if (f.store) add_validators(f);
  add_weirs_own(f);
  if (!f.upgrade.empty()) prepare_upgrade(f);
  auto context = f.context();
  for (const auto& filter : f.route.filters) filter->on_origin_request(f.to_origin, context);
  if (f.uncoded) f.to_origin.set(Name::accept_encoding, word_of(ContentCoding::identity));
  f.asked_range = f.to_origin.has(Name::range);
  f.asked_condition = f.to_origin.has(Name::if_none_match) || f.to_origin.has(Name::if_modified_since);
  const bool keyed = f.strict;
  const auto query = keyed ? f.key.query : f.request.query;
  const bool has_query = keyed ? f.key.has_query : f.request.has_query;
  f.target = has_query ? f.arena.join(f.request.path, "?", query) : f.request.path;
  f.step_ = &kConnect;
  return Next::run;
}

}  // namespace

const FetchStep kPrepare{"prepare", prepare};

}  // namespace weir
