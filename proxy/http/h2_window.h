// Windows of HTTP/2's flow control (RFC 9113 §5.2, §6.9), of a stream or of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proxy/http/h2_frame.h"

namespace weir {

// What the other side takes.
class H2SendWindow {
 public:
  explicit H2SendWindow(std::int64_t left = kH2FirstWindow) : left_(left) {}

  // May be negative: SETTINGS can take back what was given.
  std::int64_t left() const { return left_; }
  void take(std::size_t bytes) { left_ -= static_cast<std::int64_t>(bytes); }
  // By WINDOW_UPDATE, or by a change of SETTINGS_INITIAL_WINDOW_SIZE. False: it grew past what a window can be.
  [[nodiscard]] bool grow(std::int64_t bytes) {
    left_ += bytes;
    return left_ <= kH2MostWindow;
  }

 private:
  std::int64_t left_;
};

// What weir takes: opened again as what came is used, in steps that are worth a frame.
class H2ReceiveWindow {
 public:
  explicit H2ReceiveWindow(std::uint32_t size) : size_(size), left_(size) {}

  // False: more came than there was room for.
  [[nodiscard]] bool take(std::size_t bytes) {
    left_ -= static_cast<std::int64_t>(bytes);
    return left_ >= 0;
  }
  // So many bytes are used; the increment to be announced now, or 0.
  std::uint32_t give_back(std::size_t bytes) {
    owed_ += static_cast<std::uint32_t>(bytes);
    const bool nearly_shut = left_ < size_ / 4;
    if (owed_ == 0 || owed_ < (nearly_shut ? size_ / 16 : size_ / 2)) return 0;
    left_ += owed_;
    return std::exchange(owed_, 0);
  }
  // Less than a frame is left.
  bool shut() const { return left_ < std::int64_t{kH2LeastFrame}; }

 private:
  std::uint32_t size_;
  std::int64_t left_;
  std::uint32_t owed_ = 0;
};

}  // namespace weir
