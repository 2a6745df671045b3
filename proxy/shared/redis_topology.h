// RedisTopology: which server gets a command. Two: one server at a time (RedisPrimary), a cluster (RedisCluster).
#pragma once

#include "proxy/shared/redis_call.h"

namespace weir {

class RedisTopology {
 public:
  virtual ~RedisTopology() = default;

  // Answers from events, or later in this turn; never from inside.
  virtual void send(RedisCallPtr call) = 0;
  virtual bool well() const = 0;
  // Ends for good; what waits is refused with `error`.
  virtual void close(const Error& error) = 0;
};

}  // namespace weir
