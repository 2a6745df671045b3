// How long a response is good for and how old it is already: what its own fields say (RFC 9111 §4.2), before any route
// has a say in it. Malformed means "not fresh"; all sums saturate.
#pragma once

#include <optional>

#include "proxy/base/clock.h"
#include "proxy/base/units.h"
#include "proxy/http/cache_control.h"
#include "proxy/http/message.h"

namespace weir {

// The directives that count: CDN-Cache-Control where it is valid, and then it alone (RFC 9213 §2.2), else
// Cache-Control.
struct Directives : ResponseDirectives {
  bool targeted = false;  // Cache-Control and Expires have no say
};
Directives effective_directives(const Fields& response);

// s-maxage, max-age, Expires in this order; nullopt where the response says nothing.
std::optional<Duration> explicit_lifetime(const Directives& directives, const Fields& response, WallTime received);

// A tenth of the time since it was last changed, a day at most; nullopt without Last-Modified (RFC 9111 §4.2.2).
std::optional<Duration> heuristic_lifetime(const Fields& response, WallTime received);

// Defined as heuristically cacheable (RFC 9110 §15.1); but 206.
bool is_heuristically_cacheable(int status) noexcept;

// The Age field: the first member of the first line; nullopt where that isn't a number (RFC 9111 §5.1).
std::optional<Seconds> received_age(const Fields& response);

// No Age, or one line of it that begins with a number. Of any other the response can't be known to be young: it counts
// as old.
bool age_is_sound(const Fields& response);

// corrected_initial_age (RFC 9111 §4.2.3).
Duration initial_age(const Fields& response, Duration response_delay, WallTime received);

// The origin can tell later whether the response still holds.
bool has_validator(const Fields& response, WallTime received);

}  // namespace weir
