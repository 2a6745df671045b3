// judge and its neighbours: may a stored object answer this request now (RFC 9111 §4)? Pure functions; see freshness.h.
#include "proxy/cache/freshness.h"

#include <algorithm>

namespace weir {
namespace {

// A client's wish to have things checked is granted once in this time for each object (hostile.md 32).
constexpr Duration kBetweenClientChecks = std::chrono::seconds(1);

Duration seconds(Seconds n) {
  return std::chrono::seconds(std::clamp<Seconds>(n, 0, kMaxDelta));
}

// Does the request ask for something fresher than this?
bool wants_fresher(const Life& life, const RequestDirectives& request, Time now) {
  if (request.no_cache) return true;
  if (request.max_age && life.age(now) > seconds(*request.max_age)) return true;
  return request.min_fresh && life.ttl(now) < seconds(*request.min_fresh);
}

bool may_insist(const Life& life, const Policy& policy, Time now) {
  return policy.trust_client || now - life.received >= kBetweenClientChecks;
}

bool is_near_end(const Life& life, const Policy& policy, Time now) {
  if (policy.refresh_ahead <= 0) return false;
  return std::chrono::duration<double>(life.ttl(now)) <=
         std::chrono::duration<double>(life.fresh_for) * policy.refresh_ahead;
}

bool client_takes_stale(const Life& life, const RequestDirectives& request, Time now) {
  if (!request.max_stale || request.no_cache || request.min_fresh) return false;
  if (request.max_age && life.age(now) > seconds(*request.max_age)) return false;
  return !request.max_stale_for || -life.ttl(now) <= seconds(*request.max_stale_for);
}

Judged judge_stale(const Life& life, const RequestDirectives& request, std::optional<Time> purged, Time now) {
  const std::string_view why = purged ? "soft-purge" : "expired";
  if (life.must_revalidate) return {Use::validate, why};
  if (request.no_cache) return {Use::validate, "request"};
  if (!purged && client_takes_stale(life, request, now)) return {Use::fresh, "max-stale"};
  if (-ttl_left(life, purged, now) < life.stale_while_revalidate)
    return {Use::while_revalidate, "stale-while-revalidate"};
  return {Use::validate, why};
}

bool is_bypassing_precondition(Name id) {
  return id == Name::if_match || id == Name::if_unmodified_since;
}

}  // namespace

Duration ttl_left(const Life& life, std::optional<Time> purged, Time now) {
  const Duration own = life.ttl(now);
  return purged ? std::min({own, *purged - now, Duration{}}) : own;
}

Judged judge(const Object& object, const RequestDirectives& request, const Policy& policy, std::optional<Time> purged,
             Now now) {
  const Life& life = object.life;
  if (life.always_validate) return {Use::validate, "no-cache"};
  if (ttl_left(life, purged, now.mono) <= Duration{}) return judge_stale(life, request, purged, now.mono);
  if (wants_fresher(life, request, now.mono) && may_insist(life, policy, now.mono)) return {Use::validate, "request"};
  if (is_near_end(life, policy, now.mono)) return {Use::refresh_ahead, "refresh-ahead"};
  return {Use::fresh, {}};
}

bool may_serve_on_error(const Object& object, const RequestDirectives& request, const Policy& policy,
                        std::optional<Time> purged, bool origin_unreachable, Now now) {
  const Life& life = object.life;
  if (life.always_validate) return false;
  const Duration left = ttl_left(life, purged, now.mono);
  if (left > Duration{}) return true;  // the origin was asked by somebody's wish alone
  if (life.must_revalidate) return false;
  const Duration allowed = std::max(life.stale_if_error, seconds(request.stale_if_error.value_or(0)));
  if (allowed > Duration{}) return -left <= allowed;
  const bool forbidden = policy.stale_if_error.has_value();  // `stale_if_error: 0s`
  return origin_unreachable && !forbidden;
}

Eligibility eligible(const RequestHead& request, const RequestDirectives& directives, const Policy& policy) {
  if (policy.mode == CacheMode::off) return {false, false, "route"};
  if (request.method != Method::get && request.method != Method::head) return {false, false, "method"};
  const auto& fields = request.fields;
  const bool conditional =
      std::any_of(fields.begin(), fields.end(), [](const Field& field) { return is_bypassing_precondition(field.id); });
  if (conditional) return {false, false, "precondition"};
  if (directives.no_store) return {true, false, "no-store"};
  return {true, true, {}};
}

Duration adapted_lifetime(const Adaptive& bounds, Duration last, bool unchanged) {
  const Duration next = unchanged ? std::min(last, Duration::max() / 2) * 2 : last / 2;
  return std::max(bounds.min, std::min(bounds.max, next));
}

}  // namespace weir
