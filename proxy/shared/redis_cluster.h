// RedisCluster: a command goes to the server that has its key's slot. Who has which is asked when the first command
// comes, when a server sends one on (MOVED), and when one was lost; until the answer is there, what was known goes on.
// A server that is gone harms its own slots only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proxy/shared/redis_node.h"
#include "proxy/shared/redis_slots.h"
#include "proxy/shared/redis_topology.h"

namespace weir {

class RedisCluster final : public RedisTopology, public RedisNode::Owner {
 public:
  static constexpr unsigned kMostRedirects = 5;  // of one command
  static constexpr std::size_t kMostNodes = 1024;
  static constexpr Duration kMapAgain = std::chrono::milliseconds(250);     // not more often
  static constexpr Duration kWhileUnwell = std::chrono::milliseconds(500);  // how often while a server is missing

  explicit RedisCluster(std::shared_ptr<RedisContext> context);

  void send(RedisCallPtr call) override;
  bool well() const override;
  void close(const Error& error) override;

 private:
  using Place = std::uint16_t;  // in nodes_
  static constexpr Place kNobody = 0xffff;

  void on_node_reply(RedisNode& node, RedisCallPtr call, RedisReply reply) override;
  void on_node_lost(RedisNode& node) override;

  // redis_cluster_map.cc: who has which slot
  void map_soon(Duration pause);
  void map_now();
  void ask_next();
  void told(const RedisEndpoint& by, Result<RedisReply> reply);
  void not_told(Error error);
  void take_map(const std::vector<RedisSlotRange>& ranges);
  void drop_unused();
  Place place_of(const RedisEndpoint& endpoint);

  RedisNode* any_well() const;

  const std::shared_ptr<RedisContext> context_;
  std::vector<std::unique_ptr<RedisNode>> nodes_;  // null: a free place
  std::vector<Place> slots_;                       // by slot; empty: not known yet
  std::vector<RedisCallPtr> waiting_;              // for the first map
  std::optional<Error> unknown_;                   // no map, and nobody tells
  // Asking for the map.
  std::vector<RedisEndpoint> candidates_;  // the next one last
  RedisCallPtr asking_;
  RedisNode* asked_ = nullptr;
  Timer map_timer_, patience_;
  Time mapped_{};
  std::size_t turn_ = 0;  // whose turn it is where any will do
  bool closed_ = false;
};

}  // namespace weir
