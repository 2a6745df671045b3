// A sliding window over growing counters; see recent.h.
#include "proxy/admin/recent.h"

namespace weir {

void RecentTraffic::sample(Time now, Traffic traffic) {
  samples_.push_back(Sample{now, std::move(traffic)});
  while (samples_.size() > kKept) samples_.pop_front();
}

RecentTraffic::Window RecentTraffic::window(Time now, const Traffic& traffic) const {
  if (samples_.empty() || now <= samples_.front().at) return {};
  const Sample& then = samples_.front();
  return Window{std::chrono::duration<double>(now - then.at).count(), since(then.traffic, traffic)};
}

}  // namespace weir
