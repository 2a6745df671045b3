// Durations, sizes and rates as the config file writes them: 250ms 30s 5m 1h 7d · 16KiB 512MiB 1GB · 10/s 600/m.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/result.h"

namespace weir {

using Duration = std::chrono::nanoseconds;
using Size = std::uint64_t;  // bytes

constexpr Size operator""_KiB(unsigned long long n) {
  return n << 10;
}
constexpr Size operator""_MiB(unsigned long long n) {
  return n << 20;
}
constexpr Size operator""_GiB(unsigned long long n) {
  return n << 30;
}

struct Rate {
  std::uint64_t count = 0;
  Duration per{};
};

// Each refuses what has no unit, a sign, or does not fit; the error says what would be right.
Result<Duration> parse_duration(std::string_view text);
Result<Size> parse_size(std::string_view text);
Result<Rate> parse_rate(std::string_view text);
Result<double> parse_percent(std::string_view text);  // "20%" → 0.2, at most 100%

std::string format_duration(Duration value);  // the shortest exact form: 90s, 1500ms, 1h
std::string format_size(Size value);
std::string format_rate(Rate value);

}  // namespace weir
