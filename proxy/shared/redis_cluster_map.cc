// Who has which slot of a cluster: asked of one server after the other until one tells; see redis_cluster.h.
#include <algorithm>
#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_cluster.h"

namespace weir {
namespace {

constexpr Duration kAnswerWithin = std::chrono::milliseconds(250);  // beyond the time for a connection

}  // namespace

void RedisCluster::map_soon(Duration pause) {
  if (closed_ || asking_ || map_timer_.is_set()) return;
  const Time earliest = mapped_ + kMapAgain;
  map_timer_.set(std::max<Duration>(pause, earliest - redis_now()));
}

void RedisCluster::map_now() {
  mapped_ = redis_now();
  candidates_ = context_->settings->endpoints;
  std::reverse(candidates_.begin(), candidates_.end());
  // Who is known to live goes first, another one each time.
  ++turn_;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& node = nodes_[(turn_ + i) % nodes_.size()];
    if (node && node->well()) candidates_.push_back(node->endpoint());
  }
  ask_next();
}

void RedisCluster::ask_next() {
  const RedisEndpoint whom = candidates_.back();
  candidates_.pop_back();
  const Place place = place_of(whom);
  if (place == kNobody) return not_told(Error{Side::redis, Code::unavailable, "too many servers"});
  asked_ = nodes_[place].get();
  RedisCommand command{{"CLUSTER", "SLOTS"}, {}, kAnswerWithin};
  asking_ = std::make_shared<RedisCall>(context_, std::move(command),
                                        [this, whom](Result<RedisReply> reply) { told(whom, std::move(reply)); });
  patience_.set(context_->settings->connect_timeout + kAnswerWithin);
  asked_->send(asking_);
}

void RedisCluster::told(const RedisEndpoint& by, Result<RedisReply> reply) {
  if (!reply) return not_told(std::move(reply).error());
  const auto ranges = parse_slots(*reply, by);
  if (!ranges)
    return not_told(Error{ranges.error().side, ranges.error().code, by.text() + ": " + ranges.error().detail});
  patience_.clear();
  asking_.reset();
  take_map(*ranges);
}

void RedisCluster::not_told(Error error) {
  patience_.clear();
  if (asking_) asking_->forget();
  asking_.reset();
  if (closed_) return;
  if (!candidates_.empty()) return ask_next();
  asked_ = nullptr;
  if (slots_.empty()) {
    unknown_ = std::move(error);
    unknown_->code = Code::unavailable;
    for (auto& call : std::exchange(waiting_, {})) call->answer(*unknown_);
  }
  map_soon(kWhileUnwell);
}

void RedisCluster::take_map(const std::vector<RedisSlotRange>& ranges) {
  unknown_.reset();
  slots_.assign(kRedisSlots, kNobody);
  for (const auto& range : ranges) {
    const Place place = place_of(range.primary);
    for (unsigned slot = range.first; slot <= range.last; ++slot) slots_[slot] = place;
  }
  drop_unused();
  asked_ = nullptr;
  for (auto& call : std::exchange(waiting_, {})) {
    if (!call->over()) send(std::move(call));
  }
  const bool missing = std::any_of(nodes_.begin(), nodes_.end(), [](auto& node) { return node && !node->well(); });
  const bool unserved = std::find(slots_.begin(), slots_.end(), kNobody) != slots_.end();
  if (missing || unserved) map_soon(kWhileUnwell);
}

// Seeds, under another name than the cluster's own, and servers that have left.
void RedisCluster::drop_unused() {
  std::vector<bool> used(nodes_.size());
  for (const Place place : slots_) {
    if (place != kNobody) used[place] = true;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (used[i] || !nodes_[i] || !nodes_[i]->idle()) continue;
    nodes_[i]->close(Error{Side::redis, Code::closed, "left the cluster"});
    context_->loop.dispose(std::move(nodes_[i]));
  }
}

RedisCluster::Place RedisCluster::place_of(const RedisEndpoint& endpoint) {
  std::size_t free = nodes_.size();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i] && nodes_[i]->endpoint() == endpoint) return static_cast<Place>(i);
    if (!nodes_[i]) free = i;
  }
  if (free >= kMostNodes) return kNobody;
  if (free == nodes_.size()) nodes_.emplace_back();
  nodes_[free] = std::make_unique<RedisNode>(context_, endpoint, false, *this);
  return static_cast<Place>(free);
}

}  // namespace weir
