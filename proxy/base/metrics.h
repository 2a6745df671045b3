// Counters and latency histograms. Each has one writing thread (a worker) and any number of readers who add them up; an
// increment is a plain add, never a locked one.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace weir {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Microseconds in buckets that grow: eight to each power of two, so a quantile is off by at most 1/8.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 8 * 36;
  using Counts = std::array<std::uint64_t, kBuckets>;

  void record(std::uint64_t us) noexcept {
    counts_[bucket(us)].add();
    sum_.add(us);
  }
  void add_to(Counts& counts, std::uint64_t& sum) const noexcept {
    for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += counts_[i].read();
    sum += sum_.read();
  }

  static std::size_t bucket(std::uint64_t us) noexcept {
    if (us < 8) return static_cast<std::size_t>(us);
    const auto power = static_cast<unsigned>(std::bit_width(us)) - 4;  // us >> power lies in 8..15
    const std::size_t at = 8 + power * std::size_t{8} + static_cast<std::size_t>((us >> power) - 8);
    return at < kBuckets ? at : kBuckets - 1;
  }
  // The least value that falls above the bucket.
  static std::uint64_t upper(std::size_t bucket) noexcept {
    if (bucket < 8) return bucket + 1;
    const std::size_t power = (bucket - 8) / 8;
    return (std::uint64_t{9} + (bucket - 8) % 8) << power;
  }

 private:
  std::array<Counter, kBuckets> counts_{};
  Counter sum_;
};

// The q-quantile (0.95) in microseconds, 0 where nothing was recorded.
inline std::uint64_t quantile(const Histogram::Counts& counts, double q) noexcept {
  std::uint64_t total = 0;
  for (const auto n : counts) total += n;
  if (total == 0) return 0;
  auto left = static_cast<std::uint64_t>(static_cast<double>(total) * q);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > left) return Histogram::upper(i);
    left -= counts[i];
  }
  return Histogram::upper(counts.size() - 1);
}

}  // namespace weir
