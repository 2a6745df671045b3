// Time. Lifetimes run on the monotonic clock, so that a jump of the wall clock neither expires nor prolongs
// anything; the wall clock is only for what is written out (Date, logs) and for reading the origin's dates.
// Tests turn both: a process started with WEIR_TEST_CLOCK=FILE adds the int64 (nanoseconds) found in that file.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

struct MonotonicClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};

using Time = MonotonicClock::time_point;
using Seconds = std::int64_t;   // whole seconds, as HTTP counts them
using WallTime = std::int64_t;  // seconds since 1970, UTC

WallTime wall_now() noexcept;
std::int64_t wall_now_ms() noexcept;
std::int64_t wall_now_us() noexcept;

// What a decision needs to know of time, taken once.
struct Now {
  Time mono;
  WallTime wall = 0;
  static Now read() noexcept { return Now{MonotonicClock::now(), wall_now()}; }
};

}  // namespace weir
