// What weir answers itself with a refusal, once the head of a request is good HTTP: methods that aren't served, bodies
// that a route doesn't take, upgrades that can't be. For the exchange and for `weir explain`, so that the one says what
// the other does. As in request_rules.h a rule says false and fills in why.
#pragma once

#include <string_view>

#include "proxy/cache/freshness.h"
#include "proxy/http/message.h"
#include "proxy/http/request_rules.h"
#include "proxy/route/route.h"

namespace weir {

inline constexpr std::string_view kNoContent = "a GET with a body is not served from a cached route";
inline constexpr std::string_view kNotServed = "this method is not served here";

// Before any route: no route can have CONNECT and TRACE. PURGE and SOFTPURGE are for who may send them to say.
bool judge_method(const RequestHead& request, Refusal& why);
// As far as the head says how large the body is.
bool judge_body_size(const RequestHead& request, const Route& route, Refusal& why);
// `protocol`: of those that it offers, the one that the route lets through.
bool judge_upgrade(const RequestHead& request, std::string_view protocol, Refusal& why);
// A body would have to be in the key. One whose length isn't said may turn out to be none: so that it can be waited
// for, it is refused only where its client wants to be asked for it.
bool judge_body(const RequestHead& request, const Eligibility& may, Refusal& why);

// What an upgrade makes of a request that might have been looked up.
inline constexpr Eligibility kUpgraded{.lookup = false, .store = false, .why_not = "upgrade"};

}  // namespace weir
