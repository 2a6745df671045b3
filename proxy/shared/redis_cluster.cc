// Commands to the servers of a cluster; see redis_cluster.h.
#include "proxy/shared/redis_cluster.h"

#include <utility>

#include "proxy/base/text.h"

namespace weir {

RedisCluster::RedisCluster(std::shared_ptr<RedisContext> context)
    : context_(std::move(context)),
      map_timer_(context_->loop, [this] { map_now(); }),
      patience_(context_->loop, [this] {
        not_told(Error{Side::redis, Code::timeout, "no answer in time"});
      }) {}

void RedisCluster::send(RedisCallPtr call) {
  if (slots_.empty()) {
    if (unknown_) return context_->refuse(std::move(call), *unknown_);
    waiting_.push_back(std::move(call));
    return map_soon(Duration::zero());
  }
  RedisNode* node = nullptr;
  if (call->key().empty()) {
    node = any_well();
  } else if (const Place place = slots_[redis_slot(call->key())]; place != kNobody) {
    node = nodes_[place].get();
  }
  if (node == nullptr) {
    map_soon(kWhileUnwell);
    return context_->refuse(std::move(call), Error{Side::redis, Code::unavailable, "no server of the cluster for it"});
  }
  node->send(std::move(call));
}

// By turns; one that isn't well where none is.
RedisNode* RedisCluster::any_well() const {
  RedisNode* any = nullptr;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    RedisNode* node = nodes_[(turn_ + i) % nodes_.size()].get();
    if (node == nullptr) continue;
    if (node->well()) return node;
    any = node;
  }
  return any;
}

bool RedisCluster::well() const {
  if (slots_.empty()) return !unknown_;
  const RedisNode* any = any_well();
  return any != nullptr && any->well();
}

void RedisCluster::close(const Error& error) {
  closed_ = true;
  map_timer_.clear();
  patience_.clear();
  if (asking_) asking_->forget();
  for (auto& node : nodes_) {
    if (node) node->close(error);
  }
  for (auto& call : std::exchange(waiting_, {})) context_->refuse(std::move(call), error);
}

void RedisCluster::on_node_reply(RedisNode& node, RedisCallPtr call, RedisReply reply) {
  if (!reply.is_error() || closed_) return call->answer(std::move(reply));
  if (redis_error_word(reply) == "CLUSTERDOWN") map_soon(kWhileUnwell);
  const auto redirect = parse_redirect(reply.text, node.endpoint());
  if (!redirect || call->over() || call->redirects >= kMostRedirects) return call->answer(std::move(reply));
  const Place to = place_of(redirect->to);
  if (to == kNobody) return call->answer(std::move(reply));
  context_->counters.redirects.add();
  ++call->redirects;
  call->asking = redirect->ask;
  if (!redirect->ask) {
    if (!slots_.empty()) slots_[redirect->slot] = to;
    map_soon(Duration::zero());
  }
  nodes_[to]->send(std::move(call));
}

void RedisCluster::on_node_lost(RedisNode&) {
  map_soon(Duration::zero());
}

}  // namespace weir
