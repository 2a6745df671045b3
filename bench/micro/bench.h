// A loop, a clock and a table: nanoseconds for each operation, the median of several rounds, in CPU time of the thread,
// so that a busy machine disturbs less. For bench/micro only.
#pragma once

#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace weir::bench {

// Keeps the compiler from leaving out what nobody looks at.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

constexpr std::size_t kRounds = 9;
constexpr double kRound = 50e6;  // nanoseconds, at least

inline double cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Nanoseconds that `count` calls take: operation(0) … operation(count - 1).
template <class Operation>
double time_of(std::size_t count, Operation& operation) {
  const double begin = cpu_now();
  for (std::size_t i = 0; i < count; ++i) operation(i);
  return cpu_now() - begin;
}

// Prints one row: median, and the fastest and slowest round.
template <class Operation>
void row(std::string_view name, Operation operation) {
  std::size_t count = 64;
  while (time_of(count, operation) < kRound && count < (1U << 28)) count *= 2;
  std::array<double, kRounds> rounds;
  for (double& ns : rounds) ns = time_of(count, operation) / static_cast<double>(count);
  std::sort(rounds.begin(), rounds.end());
  std::printf("%-46.*s %9.1f %9.1f %9.1f\n", static_cast<int>(name.size()), name.data(), rounds[kRounds / 2],
              rounds.front(), rounds.back());
}

void parser();
void keys();
void store();
void invalidation();

}  // namespace weir::bench
