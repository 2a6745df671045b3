// Commands whose answer nobody waits for: deletions, releases. They are kept until they are answered, since a dropped
// operation might never have been sent; past a bound they are left undone, which costs no more than a little memory in
// Redis until it expires. One loop's thread.
#pragma once

#include <cstddef>
#include <list>
#include <utility>

#include "proxy/base/operation.h"
#include "proxy/net/loop.h"
#include "proxy/shared/redis.h"

namespace weir {

class RedisChores {
 public:
  explicit RedisChores(Redis& redis) : redis_(redis) {}
  RedisChores(const RedisChores&) = delete;
  RedisChores& operator=(const RedisChores&) = delete;

  // False where too many are under way, or Redis is unwell.
  bool run(RedisCommand command) {
    if (running_.size() >= kMost || !redis_.well()) return false;
    const auto place = running_.emplace(running_.end());
    *place = redis_.call(std::move(command), [this, place](const Result<RedisReply>&) {
      place->done();
      running_.erase(place);
    });
    return true;
  }

 private:
  static constexpr std::size_t kMost = 1024;

  Redis& redis_;
  std::list<Operation> running_;
};

}  // namespace weir
