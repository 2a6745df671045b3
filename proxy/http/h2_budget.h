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
  static constexpr std::uint64_t kEarnsUpdates = 4096, kMostEarned = 100'000;
  static constexpr Duration kWindow = std::chrono::seconds(10);
  static constexpr unsigned kResets = 200, kResetsEachSecond = 20;

  void restart() { *this = H2Budget{}; }
  // False: it is used up.
  [[nodiscard]] bool spend(Kind kind, Time now);
  // One more stream was reset, by the client or by weir.
  [[nodiscard]] bool reset(Time now);
  // Content was sent: the client has good reason for window updates, two for each frame and for each 4 KiB (readers
  // with small buffers open both windows each time), and for a ping a frame (some measure how fast it comes).
  void sent_content(std::uint64_t frames, std::uint64_t bytes) {
    windows_ = std::min(windows_ + 2 * (frames + bytes / kEarnsUpdates), kMostEarned);
    pings_ = std::min(pings_ + frames, kMostEarned);
  }

 private:
  std::array<unsigned, kKinds> spent_{};
  Time window_{};                          // when it began
  std::uint64_t windows_ = 0, pings_ = 0;  // earned
  std::int64_t resets_ = 0;                // a bucket that runs out at kResetsEachSecond
  Time reset_at_{};                        // up to when it has
};

}  // namespace weir
