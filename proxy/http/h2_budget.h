// What one HTTP/2 connection may do that costs weir more than the client (hostile.md 36). Time is an argument.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "proxy/base/clock.h"
#include "proxy/base/units.h"

namespace weir {

class H2Budget {
 public:
  enum class Kind : std::uint8_t { settings, pings, empty_frames, windows, priorities, strays };
  static constexpr std::size_t kKinds = 6;
  static constexpr unsigned kMostInWindow = 1000;  // of each kind
  static constexpr Duration kWindow = std::chrono::seconds(10);
  static constexpr unsigned kResets = 200, kResetsEachSecond = 20;

  void restart() { *this = H2Budget{}; }
  // False: it is used up.
  [[nodiscard]] bool spend(Kind kind, Time now);
  // One more stream was reset, by the client or by weir.
  [[nodiscard]] bool reset(Time now);
  // So many frames of content were sent: the client has good reason for window updates.
  void sent_content(unsigned frames) { earned_ = std::min(earned_ + 2 * frames, kMostInWindow); }

 private:
  std::array<unsigned, kKinds> spent_{};
  Time window_{};  // when it began
  unsigned earned_ = 0;
  std::int64_t resets_ = 0;  // a bucket that runs out at kResetsEachSecond
  Time reset_at_{};          // up to when it has
};

}  // namespace weir
