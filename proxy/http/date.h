// HTTP dates (RFC 9110 §5.6.7): writes IMF-fixdate, reads all three forms.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "proxy/base/clock.h"

namespace weir {

inline constexpr std::size_t kDateLength = 29;
using DateText = std::array<char, kDateLength>;

DateText format_date(WallTime t) noexcept;

// `now` settles the century of RFC 850 years. Strict: a wrong weekday is accepted, any other deviation is not a date.
std::optional<WallTime> parse_date(std::string_view text, WallTime now) noexcept;

}  // namespace weir
