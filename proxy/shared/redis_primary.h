// RedisPrimary: one server at a time: the one that the config names, or the one that Sentinels name.
//
// A server that says it is no primary any more (-READONLY, -MASTERDOWN) is left: with Sentinels, for the one that they
// name now; without, for the one that its name leads to now. With Sentinels, a lost connection makes it ask at once.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "proxy/shared/redis_node.h"
#include "proxy/shared/redis_sentinel.h"
#include "proxy/shared/redis_topology.h"

namespace weir {

class RedisPrimary final : public RedisTopology, public RedisNode::Owner {
 public:
  static constexpr Duration kSearchAgain = std::chrono::milliseconds(500);

  explicit RedisPrimary(std::shared_ptr<RedisContext> context);

  void send(RedisCallPtr call) override;
  bool well() const override;
  void close(const Error& error) override;

 private:
  void on_node_reply(RedisNode& node, RedisCallPtr call, RedisReply reply) override;
  void on_node_lost(RedisNode& node) override;

  void search_soon();
  void found(Result<RedisEndpoint> primary);
  void move_to(RedisEndpoint endpoint);

  const std::shared_ptr<RedisContext> context_;
  std::unique_ptr<RedisNode> node_;        // none until a Sentinel has told where it is
  std::optional<RedisSentinel> sentinel_;  // where there are any
  std::vector<RedisCallPtr> waiting_;      // until there is a node
  std::optional<Error> not_found_;         // by the last search
  Timer search_again_;
  Time searched_{};
  bool closed_ = false;
};

}  // namespace weir
