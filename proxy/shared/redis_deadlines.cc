// Deadlines; see redis_deadlines.h.
#include "proxy/shared/redis_deadlines.h"

#include <algorithm>
#include <utility>

namespace weir {
namespace {

// A turn of the loop that takes longer than this counts: what it asked for was written only at its end.
constexpr Duration kHeldUp = std::chrono::milliseconds(1);

}  // namespace

RedisDeadlines::RedisDeadlines(Loop& loop, Callback<void(RedisCallPtr)> passed)
    : passed_(std::move(passed)), timer_(loop, [this] { run(); }) {}

void RedisDeadlines::watch(const RedisCallPtr& call) {
  const Time now = redis_now();
  const Time due = now + call->timeout();
  if (heap_.size() >= sweep_at_) sweep();
  heap_.push_back({due, call, false});
  std::push_heap(heap_.begin(), heap_.end(), later);
  if (timer_.is_set() && set_for_ <= due) return;
  set_for_ = due;
  timer_.set(due - now);
}

// Half of what is left at least comes new before the next time: each entry is looked at a few times.
void RedisDeadlines::sweep() {
  std::erase_if(heap_, [](const Entry& entry) {
    const auto call = entry.call.lock();
    return !call || call->over();
  });
  std::make_heap(heap_.begin(), heap_.end(), later);
  sweep_at_ = std::max<std::size_t>(64, heap_.size() * 2);
}

void RedisDeadlines::run() {
  const Time now = redis_now();
  while (!heap_.empty()) {
    const auto call = heap_.front().call.lock();
    const bool over = !call || call->over();
    const Time due = heap_.front().due;
    if (!over && due > now) {
      set_for_ = due;
      return timer_.set(due - now);
    }
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry& entry = heap_.back();
    const Duration late = now - due;
    if (!over && late > kHeldUp && !entry.prolonged) {
      entry.prolonged = true;
      entry.due = now + std::min(late, call->timeout());
      std::push_heap(heap_.begin(), heap_.end(), later);
      continue;
    }
    heap_.pop_back();
    if (!over) passed_(call);
  }
}

}  // namespace weir
