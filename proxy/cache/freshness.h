// The decisions of RFC 9111 as pure functions: may it be stored, is it fresh, may it be served stale. Time is an
// argument. Each is tested as a table of rows.
#pragma once

#include <string_view>

#include "proxy/base/clock.h"
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
  std::string_view why_not;  // a token for Cache-Status and logs: "no-store", "set-cookie", "vary", "status", …
  bool hit_for_miss = false; // not storable for a reason that will hold for others too: remember it
  Life life;
};
Admission admit(const RequestHead& request, const ResponseHead& response, const Policy& policy, const Exchanged& when);

// What to do with a stored object for this request.
enum class Use : std::uint8_t {
  fresh,             // answer with it
  refresh_ahead,     // answer with it and refresh: it is in the last part of its life
  while_revalidate,  // answer with it, though stale, and refresh
  validate,          // ask the origin (conditionally where it has a validator)
};
// How invalidation has touched it: a hard record makes it gone before this is asked; a soft one makes it stale.
struct Judged {
  Use use = Use::validate;
  std::string_view why;  // a token: "expired", "no-cache", "request", "soft-purge", …
};
Judged judge(const Object& object, const RequestDirectives& request, const Policy& policy, bool softly_purged, Now now);

// May it be served though stale because the origin failed (RFC 5861 §4, RFC 9111 §4.2.4)?
// `origin_unreachable` also allows it without stale-if-error, where nothing forbids it.
bool may_serve_on_error(const Object& object, const RequestDirectives& request, const Policy& policy, bool softly_purged,
                        bool origin_unreachable, Now now);

// May weir answer a request from the cache at all, before look-up? Methods, Authorization, no-store, bodies.
struct Eligibility {
  bool lookup = false;
  bool store = false;        // a response may be stored
  std::string_view why_not;  // token for Cache-Status detail: "method", "route", "authorization", …
};
Eligibility eligible(const RequestHead& request, const RequestDirectives& directives, const Policy& policy);

// An answer that must not be shared with those who wait beside the leader only because of the status: 5xx … see hostile 33.
bool shareable_with_waiters(const Admission& admission);

// The fields of the stored head after a 304 (RFC 9111 §3.2): all of the 304's, but framing and what describes the body.
Fields updated_fields(const Fields& stored, const Fields& not_modified);

// `adaptive`: the next lifetime after a revalidation that found it unchanged (or not).
Duration adapted_lifetime(const Adaptive& bounds, Duration last, bool unchanged);

}  // namespace weir
