// A few contexts of a C library kept for the next who needs one: making one costs up to five times what the compressing
// of 2 KiB does. One lock, held for a push or a pop; any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

template <class Owner>  // a unique_ptr
class FreeList {
 public:
  explicit FreeList(std::size_t most) : most_(most) { free_.reserve(most); }

  // Empty when there is none.
  Owner take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    Owner one = std::move(free_.back());
    free_.pop_back();
    return one;
  }

  void give(Owner one) {
    const std::lock_guard lock(mutex_);
    if (free_.size() < most_) free_.push_back(std::move(one));
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::vector<Owner> free_;
};

}  // namespace weir
