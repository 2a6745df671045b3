// Budget: how many bytes the store may take and takes. Charged before memory is used, given back after it is freed, so
// that the sum never passes the limit. Any thread.
#pragma once

#include <atomic>

#include "proxy/base/units.h"

namespace weir {

class Budget {
 public:
  explicit Budget(Size limit) : limit_(limit) {}

  bool reserve(Size bytes) {
    Size now = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > limit_ || now > limit_ - bytes) return false;
    } while (!used_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    return true;
  }
  void release(Size bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  // What is there whether it fits or not.
  void charge(Size bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }

  Size limit() const { return limit_; }
  Size used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const Size limit_;
  std::atomic<Size> used_{0};
};

}  // namespace weir
