// Counters of frames, and a bucket of resets; see h2_budget.h.
#include "proxy/http/h2_budget.h"

#include <algorithm>

namespace weir {

bool H2Budget::spend(Kind kind, Time now) {
  if (now - window_ >= kWindow) {
    window_ = now;
    spent_ = {};
  }
  std::uint64_t none = 0;
  auto& earned = kind == Kind::windows ? windows_ : kind == Kind::pings ? pings_ : none;
  if (earned > 0) {
    --earned;
    return true;
  }
  return ++spent_[static_cast<std::size_t>(kind)] <= kMostInWindow;
}

bool H2Budget::reset(Time now) {
  constexpr auto kOne = Duration(std::chrono::seconds(1)) / kResetsEachSecond;
  const auto forgiven = (now - reset_at_) / kOne;
  if (forgiven > 0) {
    resets_ = std::max<std::int64_t>(0, resets_ - forgiven);
    reset_at_ = resets_ == 0 ? now : reset_at_ + forgiven * kOne;
  }
  return ++resets_ <= kResets;
}

}  // namespace weir
