// admit: may a response be stored, and for how long is it good (RFC 9111 §3, §4.2)? First what forbids it, then what
// gives it a life: the origin's own word, the route's, a guess. A pure function; see freshness.h.
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/lifetime.h"
#include "proxy/cache/vary.h"

namespace weir {
namespace {

// What a refusal means for the next request: will its answer be refused just the same?
enum class Holds : std::uint8_t { for_this_request, for_all };

struct Refusal {
  std::string_view why;  // empty: none
  Holds holds = Holds::for_all;
};

struct Candidate {
  const RequestHead& request;
  const ResponseHead& response;
  const Policy& policy;
  const Exchanged& when;
  const Directives directives;
  const Asker asker;

  const Fields& fields() const { return response.fields; }
  WallTime received() const { return when.received.wall; }
  // The route's lifetime stands above the origin's.
  bool overridden() const { return policy.override_origin; }
};

// The next answer will be another one: nothing to remember.
bool is_passing_trouble(int status) {
  return status >= 500 || status == 429;
}

bool is_understood(int status) {
  return reason_phrase(status) != reason_phrase(0);
}

// Fields that say how to read the body can't be left out of what is stored.
bool names_body_fields(std::string_view list) {
  for (const auto name : split(list, ',')) {
    if (equals_ignoring_case(trim(name).substr(0, 8), "content-")) return true;
  }
  return false;
}

Refusal refusal_by_status(const Candidate& c) {
  const int status = c.response.status;
  if (status < 200 || status == 206 || status == 304) return {"status"};
  if (c.directives.must_understand && !is_understood(status)) return {"must-understand"};
  return {};
}

// must-understand, where we do understand, lifts no-store (RFC 9111 §5.2.2.3).
Refusal refusal_by_directives(const Candidate& c) {
  const Directives& d = c.directives;
  if (d.no_store && !d.must_understand) return {"no-store"};
  if (d.private_ && c.asker != Asker::user) return {"private"};
  if (names_body_fields(d.private_list)) return {"private"};
  if (names_body_fields(d.no_cache_list)) return {"no-cache"};
  return {};
}

// RFC 9111 §3.5.
bool is_for_all_credentials(const Directives& d) {
  return !d.private_ && (d.public_ || d.s_maxage || d.must_revalidate);
}

Refusal refusal_by_credentials(const Candidate& c) {
  const bool refused = c.asker == Asker::credentials && !is_for_all_credentials(c.directives);
  return refused ? Refusal{"authorization"} : Refusal{};
}

// Server-sent events, or pictures that replace one another: what was said until now is nobody else's answer.
bool is_endless(const Fields& fields) {
  const auto type = fields.value(Name::content_type);
  const auto essence = trim(type.substr(0, type.find(';')));
  return equals_ignoring_case(essence, "text/event-stream") ||
         equals_ignoring_case(essence, "multipart/x-mixed-replace");
}

Refusal refusal_by_fields(const Candidate& c) {
  if (is_endless(c.fields())) return {"stream"};
  if (c.policy.set_cookie == SetCookie::refuse && c.fields().has(Name::set_cookie)) return {"set-cookie"};
  if (!vary_names(c.fields())) return {"vary"};
  return {};
}

Refusal refusal(const Candidate& c) {
  if (c.policy.mode == CacheMode::off) return {"route"};
  if (c.request.method != Method::get) return {"method", Holds::for_this_request};
  const auto asked = parse_request_cache_control(c.request.fields);
  if (asked.no_store) return {"request-no-store", Holds::for_this_request};
  for (const auto check : {refusal_by_status, refusal_by_directives, refusal_by_credentials, refusal_by_fields}) {
    if (const Refusal found = check(c); !found.why.empty()) return found;
  }
  return {};
}

// What a route's ttl covers: no error that one client's own request may have caused (hostile.md 22).
bool is_covered_by_ttl(int status) {
  switch (status) {
    case 200:
    case 203:
    case 300:
    case 301:
    case 308:
    case 404:
    case 410: return true;
    default: return false;
  }
}

struct Lifetime {
  Duration length{};
  bool by_ttl = false;
};

std::optional<Lifetime> lifetime_by_route(const Candidate& c) {
  const int status = c.response.status;
  if (const auto own = c.policy.status_ttl.find(status); own != c.policy.status_ttl.end()) return Lifetime{own->second};
  if (c.policy.mode == CacheMode::ttl && is_covered_by_ttl(status)) return Lifetime{c.policy.ttl, true};
  return std::nullopt;
}

// On a route with a ttl nothing is guessed. A response that may be kept on a guess but offers nothing to guess from is
// kept to be validated, so its lifetime is 0.
std::optional<Lifetime> lifetime_by_guess(const Candidate& c) {
  if (c.policy.mode != CacheMode::origin) return std::nullopt;
  if (!is_heuristically_cacheable(c.response.status) && !c.directives.public_) return std::nullopt;
  if (const auto guess = heuristic_lifetime(c.fields(), c.received())) return Lifetime{*guess};
  return has_validator(c.fields(), c.received()) ? std::optional(Lifetime{}) : std::nullopt;
}

std::optional<Lifetime> lifetime(const Candidate& c) {
  const auto by_route = lifetime_by_route(c);
  if (by_route && c.overridden()) return by_route;
  if (const auto by_origin = explicit_lifetime(c.directives, c.fields(), c.received())) return Lifetime{*by_origin};
  return by_route ? by_route : lifetime_by_guess(c);
}

Duration window(const std::optional<Seconds>& by_origin, const std::optional<Duration>& by_route) {
  if (by_origin) return std::chrono::seconds(*by_origin);
  return by_route.value_or(Duration{});
}

Life life_of(const Candidate& c, Duration fresh_for) {
  const Directives& d = c.directives;
  const bool by_route = c.overridden() && lifetime_by_route(c).has_value();
  Life life;
  life.received = c.when.received.mono;
  life.initial_age = initial_age(c.fields(), c.when.received.mono - c.when.sent.mono, c.received());
  life.fresh_for = age_is_sound(c.fields()) ? std::max(fresh_for, Duration{}) : Duration{};
  life.stale_while_revalidate = window(d.stale_while_revalidate, c.policy.stale_while_revalidate);
  life.stale_if_error = window(d.stale_if_error, c.policy.stale_if_error);
  life.for_credentials = is_for_all_credentials(d);
  life.always_validate = d.no_cache && !by_route;
  life.must_revalidate = d.must_revalidate || d.proxy_revalidate || (d.s_maxage.has_value() && !by_route);
  return life;
}

// Stored, but never to be served: neither fresh, nor stale, nor after asking whether it still holds.
bool is_useless(const Candidate& c, const Life& life) {
  if (has_validator(c.fields(), c.received())) return false;
  if (life.always_validate) return true;
  if (life.ttl(life.received) > Duration{}) return false;
  return life.must_revalidate || (life.stale_while_revalidate <= Duration{} && life.stale_if_error <= Duration{});
}

}  // namespace

Admission admit(const RequestHead& request, const ResponseHead& response, const Policy& policy, const Exchanged& when,
                Asker asker) {
  const Candidate c{request, response, policy, when, effective_directives(response.fields), asker};
  Admission admission;
  const auto refuse = [&](Refusal found) {
    admission.why_not = found.why;
    admission.hit_for_miss = found.holds == Holds::for_all && !is_passing_trouble(response.status);
    return admission;
  };
  if (const Refusal found = refusal(c); !found.why.empty()) return refuse(found);
  const auto fresh = lifetime(c);
  if (!fresh) return refuse({c.policy.mode == CacheMode::ttl ? "status" : "no-freshness"});
  const Life life = life_of(c, fresh->length);
  if (is_useless(c, life)) return refuse({life.always_validate ? "no-cache" : "expired"});
  admission.store = true;
  admission.by_ttl = fresh->by_ttl;
  admission.life = life;
  return admission;
}

std::vector<std::string> fields_not_stored(const ResponseHead& response, const Policy& policy) {
  std::vector<std::string> names;
  const Directives directives = effective_directives(response.fields);
  for (const std::string* list : {&directives.private_list, &directives.no_cache_list}) {
    for (const auto name : split(*list, ',')) {
      if (!trim(name).empty()) names.push_back(lower(trim(name)));
    }
  }
  if (policy.set_cookie == SetCookie::strip) names.emplace_back("set-cookie");
  return names;
}

bool shareable_with_waiters(const Admission& admission) {
  const Life& life = admission.life;
  return admission.store && !life.always_validate && life.ttl(life.received) > Duration{};
}

}  // namespace weir
