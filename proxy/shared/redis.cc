// The client as others see it: bounds, deadlines, and a topology to send by; see redis.h.
#include "proxy/shared/redis.h"

#include <utility>

#include "proxy/shared/redis_call.h"
#include "proxy/shared/redis_cluster.h"
#include "proxy/shared/redis_deadlines.h"
#include "proxy/shared/redis_primary.h"

namespace weir {

class Redis::Core {
 public:
  Core(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> settings)
      : context_(std::make_shared<RedisContext>(loop, background, std::move(settings))),
        deadlines_(loop, [](const RedisCallPtr& call) {
          RedisNode* node = call->sent ? call->at : nullptr;
          call->expire();
          // The answer may have ended the node's connection, but not the node, whose end waits for that of the turn.
          if (node != nullptr) node->timed_out(*call);
        }) {}

  Operation call(RedisCommand command, Callback<void(Result<RedisReply>)> done) {
    context_->counters.commands.add();
    const auto call = std::make_shared<RedisCall>(context_, std::move(command), std::move(done));
    if (context_->queued > context_->settings->most_queued) {
      context_->refuse(call, Error{Side::redis, Code::unavailable, "too much waits for Redis already"});
    } else {
      deadlines_.watch(call);
      topology().send(call);
    }
    return Operation([call = std::weak_ptr<RedisCall>(call)] {
      if (const auto it = call.lock()) it->forget();
    });
  }

  bool well() const { return !topology_ || topology_->well(); }

  void disconnect() {
    if (!topology_) return;
    topology_->close(Error{Side::redis, Code::closed, "disconnected"});
    context_->loop.dispose(std::move(topology_));
  }

  void end() {
    context_->ended = true;
    disconnect();
  }

  Loop& loop() { return context_->loop; }
  const RedisCounters& counters() const { return context_->counters; }

 private:
  RedisTopology& topology() {
    if (topology_) return *topology_;
    if (context_->settings->topology == RedisSettings::Topology::cluster) {
      topology_ = std::make_unique<RedisCluster>(context_);
    } else {
      topology_ = std::make_unique<RedisPrimary>(context_);
    }
    return *topology_;
  }

  const std::shared_ptr<RedisContext> context_;
  RedisDeadlines deadlines_;
  std::unique_ptr<RedisTopology> topology_;
};

Redis::Redis(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> settings)
    : core_(std::make_unique<Core>(loop, background, std::move(settings))) {}

// It may die inside one of its answers: what is on the stack lives until the end of the turn.
Redis::~Redis() {
  core_->end();
  Loop& loop = core_->loop();
  loop.dispose(std::move(core_));
}

Operation Redis::call(RedisCommand command, Callback<void(Result<RedisReply>)> done) {
  return core_->call(std::move(command), std::move(done));
}

bool Redis::well() const {
  return core_->well();
}

void Redis::disconnect() {
  core_->disconnect();
}

const RedisCounters& Redis::counters() const {
  return core_->counters();
}

}  // namespace weir
