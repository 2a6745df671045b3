// Lifetimes and ages by RFC 9111 §4.2; see lifetime.h.
#include "proxy/cache/lifetime.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/http/date.h"

namespace weir {
namespace {

constexpr Seconds kLongestHeuristic = 24 * 3600;

Duration seconds(Seconds n) {
  return std::chrono::seconds(std::clamp<Seconds>(n, 0, kMaxDelta));
}

std::optional<WallTime> date_of(const Fields& response, Name name, WallTime received) {
  const Field* field = response.find(name);
  return field == nullptr ? std::nullopt : parse_date(field->value, received);
}

// When the origin says it made the response; else when it came.
WallTime made_at(const Fields& response, WallTime received) {
  return date_of(response, Name::date, received).value_or(received);
}

// Lines that contradict each other, like anything that is no date, mean "expired" (RFC 9111 §4.2.1, §5.3).
Duration lifetime_by_expires(const Fields& response, WallTime received) {
  const auto expires = date_of(response, Name::expires, received);
  const auto differs = [&](const Field& field) {
    return field.id == Name::expires && field.value != response.value(Name::expires);
  };
  if (!expires || std::any_of(response.begin(), response.end(), differs)) return Duration{};
  return seconds(*expires - made_at(response, received));
}

}  // namespace

Directives effective_directives(const Fields& response) {
  Directives effective;
  auto targeted = parse_targeted_cache_control(response, Name::cdn_cache_control);
  effective.targeted = targeted.has_value();
  static_cast<ResponseDirectives&>(effective) =
      targeted ? std::move(*targeted) : parse_response_cache_control(response);
  return effective;
}

std::optional<Duration> explicit_lifetime(const Directives& directives, const Fields& response, WallTime received) {
  if (directives.invalid_lifetime) return Duration{};
  if (directives.s_maxage) return seconds(*directives.s_maxage);
  if (directives.max_age) return seconds(*directives.max_age);
  if (directives.targeted || !response.has(Name::expires)) return std::nullopt;
  return lifetime_by_expires(response, received);
}

std::optional<Duration> heuristic_lifetime(const Fields& response, WallTime received) {
  const auto changed = date_of(response, Name::last_modified, received);
  if (!changed) return std::nullopt;
  return seconds(std::min((made_at(response, received) - *changed) / 10, kLongestHeuristic));
}

bool is_heuristically_cacheable(int status) noexcept {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501: return true;
    default: return false;
  }
}

std::optional<Seconds> received_age(const Fields& response) {
  const auto first = response.value(Name::age);
  return parse_delta_seconds(trim(first.substr(0, first.find(','))));
}

bool age_is_sound(const Fields& response) {
  const auto lines = response.count(Name::age);
  const bool combined =
      response.value(Name::age).find(", ") != std::string_view::npos;  // how lines are joined on the way
  return lines == 0 || (lines == 1 && !combined && received_age(response).has_value());
}

// The apparent age, now less Date, only tells something where a cache stands between, which then sends Age: §4.2.3
// leaves it out otherwise, and the origin's clock needn't be ours.
Duration initial_age(const Fields& response, Duration response_delay, WallTime received) {
  const Duration corrected = seconds(received_age(response).value_or(0)) + std::max(response_delay, Duration{});
  if (!response.has(Name::age)) return corrected;
  return std::max(corrected, seconds(received - made_at(response, received)));
}

bool has_validator(const Fields& response, WallTime received) {
  return !response.value(Name::etag).empty() || date_of(response, Name::last_modified, received).has_value();
}

}  // namespace weir
