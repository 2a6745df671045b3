// RecentTraffic: the traffic of the last seconds, as the difference between now and a copy of the counters taken then.
// A few copies, each some kilobytes a route.
#pragma once

#include <chrono>
#include <deque>

#include "proxy/admin/traffic.h"
#include "proxy/base/clock.h"

namespace weir {

class RecentTraffic {
 public:
  static constexpr Duration kStep = std::chrono::seconds(2);
  static constexpr std::size_t kKept = 6;  // a window of ten to twelve seconds

  void sample(Time now, Traffic traffic);

  struct Window {
    double seconds = 0;  // 0: nothing to compare with yet
    Traffic traffic;

    double per_second(std::uint64_t count) const { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }
  };
  Window window(Time now, const Traffic& traffic) const;

 private:
  struct Sample {
    Time at;
    Traffic traffic;
  };
  std::deque<Sample> samples_;  // oldest first
};

}  // namespace weir
