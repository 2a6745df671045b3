// The decisions of RFC 9111 as pure functions: may it be stored, is it fresh, may it be served stale. Time is an
// argument. Each is tested as a table of rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/cache/key.h"
#include "proxy/cache/object.h"
#include "proxy/cache/policy.h"
#include "proxy/http/cache_control.h"
#include "proxy/http/message.h"

namespace weir {

// When the request was sent and the response's head came: for the corrected age (RFC 9111 §4.2.3).
struct Exchanged {
  Now sent;
  Now received;
};

// May this response be stored, and for how long is it good?
struct Admission {
  bool store = false;
  // A token for Cache-Status and logs: method, request-no-store, status, must-understand, no-store, private,
  // authorization, stream, set-cookie, vary, no-cache, no-freshness, expired.
  std::string_view why_not;
  bool hit_for_miss = false;  // not storable for a reason that will hold for others too: remember it
  bool by_ttl = false;        // the lifetime is the route's ttl, so `adaptive` may change it
  Life life;                  // of what may be stored
};
// `asker` is Key::asker: `private` answers are kept for a user that the key keeps apart from all others, answers to an
// Authorization that the key doesn't hold only where they may be shared.
Admission admit(const RequestHead& request, const ResponseHead& response, const Policy& policy, const Exchanged& when,
                Asker asker);

// The fields that must not be stored though the answer is: those that no-cache="…" and private="…" name (RFC 9111
// §5.2.2.4, §5.2.2.7), and Set-Cookie where the route strips it. In lower case.
std::vector<std::string> fields_not_stored(const ResponseHead& response, const Policy& policy);

// What to do with a stored object for this request.
enum class Use : std::uint8_t {
  fresh,             // answer with it
  refresh_ahead,     // answer with it and refresh: it is in the last part of its life
  while_revalidate,  // answer with it, though stale, and refresh
  validate,          // ask the origin (conditionally where it has a validator)
};
struct Judged {
  Use use = Use::validate;
  std::string_view why;  // a token: "expired", "no-cache", "request", "soft-purge", …
};
// `purged`: since when a soft record makes it stale, whatever its age; a hard one makes it gone before this is asked.
Judged judge(const Object& object, const RequestDirectives& request, const Policy& policy, std::optional<Time> purged,
             Now now);

// What is left of its life; once it is stale 0 or less, counted from the end of its lifetime or from the soft purge.
Duration ttl_left(const Life& life, std::optional<Time> purged, Time now);

// May it be served though stale because the origin failed (RFC 5861 §4, RFC 9111 §4.2.4)? Within stale-if-error, where
// one is given; without one, `origin_unreachable` allows it, where nothing forbids it. no-cache and must-revalidate
// forbid both.
bool may_serve_on_error(const Object& object, const RequestDirectives& request, const Policy& policy,
                        std::optional<Time> purged, bool origin_unreachable, Now now);

// May weir answer a request from the cache at all, before look-up? Methods, Authorization, no-store, bodies.
struct Eligibility {
  bool lookup = false;
  bool store = false;        // a response may be stored
  std::string_view why_not;  // token for Cache-Status detail: "method", "route", "authorization", …
};
Eligibility eligible(const RequestHead& request, const RequestDirectives& directives, const Policy& policy);

// May those who wait beside the leader have it too (hostile.md 33)? Only what may be kept and is fresh when it comes.
bool shareable_with_waiters(const Admission& admission);

// The fields of the stored head after a 304 (RFC 9111 §3.2): all of the 304's, but framing and what describes the body.
// Its Age comes along for admit() to see; like any other it is not stored.
Fields updated_fields(const Fields& stored, const Fields& not_modified);

// `adaptive`: the next lifetime after a revalidation that found it unchanged (or not).
Duration adapted_lifetime(const Adaptive& bounds, Duration last, bool unchanged);

}  // namespace weir
