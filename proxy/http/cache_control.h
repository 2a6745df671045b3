// Cache-Control of requests and responses (RFC 9111 §5.2, RFC 5861, RFC 8246) and targeted fields parsed as
// structured fields (RFC 9213, RFC 8941). Names are case-blind, lines are joined, unknown directives change
// nothing, malformed or conflicting lifetimes are "not fresh", large ones saturate at 2^31.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/clock.h"
#include "proxy/http/headers.h"

namespace weir {

inline constexpr Seconds kMaxDelta = 2147483648;  // RFC 9111 §1.2.2

struct ResponseDirectives {
  bool present = false;
  bool no_store = false, no_cache = false, private_ = false, public_ = false;
  bool must_revalidate = false, proxy_revalidate = false, must_understand = false, no_transform = false,
       immutable = false;
  bool no_cache_fields = false,
       private_fields = false;  // no-cache="a, b" / private="a, b": those fields are in the lists
  std::string no_cache_list, private_list;
  std::optional<Seconds> max_age, s_maxage, stale_while_revalidate, stale_if_error;
  bool invalid_lifetime = false;  // max-age or s-maxage there, but malformed, negative, or repeated with other values
};

struct RequestDirectives {
  bool no_store = false, no_cache = false, only_if_cached = false, no_transform = false;
  std::optional<Seconds> max_age, min_fresh, stale_if_error;
  bool max_stale = false;                // given at all
  std::optional<Seconds> max_stale_for;  // no value: any staleness
};

ResponseDirectives parse_response_cache_control(const Fields& fields);  // Cache-Control lines only
RequestDirectives parse_request_cache_control(
    const Fields& fields);  // Pragma: no-cache counts where no Cache-Control is

// CDN-Cache-Control: nullopt where absent, empty or not a valid structured dictionary (RFC 9213 §2.2: then ignored
// whole).
std::optional<ResponseDirectives> parse_targeted_cache_control(const Fields& fields, Name name);

// delta-seconds as received in Age and directives; overflow saturates; nullopt where it isn't a number.
std::optional<Seconds> parse_delta_seconds(std::string_view text) noexcept;

}  // namespace weir
