// MarkBook: the marks of the last records of the shared log that this node has read. What a position means in one
// history it needn't mean in another one (a failover can lose the end of a log, and other records then take its place):
// an entry in Redis names position and mark, and counts only where both are found here. Any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "proxy/shared/log_record.h"

namespace weir {

class MarkBook {
 public:
  explicit MarkBook(std::size_t most) : most_(most) {}

  // In order of positions.
  void add(const LogPlace& place) {
    const std::lock_guard lock(mutex_);
    places_.push_back(place);
    if (places_.size() > most_) places_.pop_front();
  }
  // What was noted so far belongs to another history.
  void clear() {
    const std::lock_guard lock(mutex_);
    places_.clear();
  }
  std::optional<std::uint64_t> find(Position position) const {
    const std::lock_guard lock(mutex_);
    const auto at = std::lower_bound(places_.begin(), places_.end(), position,
                                     [](const LogPlace& place, Position wanted) { return place.position < wanted; });
    return at != places_.end() && at->position == position ? std::optional(at->mark) : std::nullopt;
  }

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::deque<LogPlace> places_;  // guarded by mutex_
};

}  // namespace weir
