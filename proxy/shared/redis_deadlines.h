// RedisDeadlines: when each command of a client has waited long enough. Nearly all are answered long before: those are
// swept out by the way, so that a deadline costs no more than a place in a vector.
#pragma once

#include <memory>
#include <vector>

#include "proxy/net/loop.h"
#include "proxy/shared/redis_call.h"

namespace weir {

class RedisDeadlines {
 public:
  // `passed` gets each call whose time is up and that nobody has answered.
  RedisDeadlines(Loop& loop, Callback<void(RedisCallPtr)> passed);

  // `call` has its timeout from now on.
  void watch(const RedisCallPtr& call);

 private:
  struct Entry {
    Time due;
    std::weak_ptr<RedisCall> call;
    bool prolonged = false;  // the loop was held up: that time is not the server's fault
  };
  static bool later(const Entry& a, const Entry& b) { return a.due > b.due; }
  void sweep();
  void run();

  std::vector<Entry> heap_;  // the earliest first
  std::size_t sweep_at_ = 64;
  Callback<void(RedisCallPtr)> passed_;
  Timer timer_;
  Time set_for_{};
};

}  // namespace weir
