// One server at a time; see redis_primary.h.
#include "proxy/shared/redis_primary.h"

#include <utility>

#include "proxy/base/text.h"

namespace weir {

RedisPrimary::RedisPrimary(std::shared_ptr<RedisContext> context)
    : context_(std::move(context)), search_again_(context_->loop, [this] {
        searched_ = redis_now();
        if (!closed_) sentinel_->search();
      }) {
  const auto& settings = *context_->settings;
  if (settings.topology == RedisSettings::Topology::sentinel) {
    sentinel_.emplace(context_, [this](Result<RedisEndpoint> primary) { found(std::move(primary)); });
  } else {
    node_ = std::make_unique<RedisNode>(context_, settings.endpoints.front(), false, *this);
  }
}

void RedisPrimary::send(RedisCallPtr call) {
  if (node_) return node_->send(std::move(call));
  if (not_found_) return context_->refuse(std::move(call), *not_found_);
  waiting_.push_back(std::move(call));
  search_soon();
}

bool RedisPrimary::well() const {
  return node_ ? node_->well() : !not_found_;
}

void RedisPrimary::close(const Error& error) {
  closed_ = true;
  search_again_.clear();
  if (sentinel_) sentinel_->stop();
  if (node_) node_->close(error);
  for (auto& call : std::exchange(waiting_, {})) context_->refuse(std::move(call), error);
}

void RedisPrimary::on_node_reply(RedisNode& node, RedisCallPtr call, RedisReply reply) {
  const auto word = redis_error_word(reply);
  if (word == "READONLY" || word == "MASTERDOWN") {
    sentinel_ ? search_soon() : node.renew();
  }
  call->answer(std::move(reply));
}

void RedisPrimary::on_node_lost(RedisNode& node) {
  if (sentinel_ && &node == node_.get()) search_soon();
}

// At once, but not more often than it makes sense.
void RedisPrimary::search_soon() {
  if (closed_ || sentinel_->searching() || search_again_.is_set()) return;
  search_again_.set(std::max<Duration>(searched_ + kSearchAgain - redis_now(), Duration::zero()));
}

void RedisPrimary::found(Result<RedisEndpoint> primary) {
  if (closed_) return;
  if (primary) {
    not_found_.reset();
    move_to(std::move(*primary));
  } else if (!node_) {
    not_found_ = std::move(primary).error();
    not_found_->code = Code::unavailable;
    for (auto& call : std::exchange(waiting_, {})) call->answer(*not_found_);
  }
  // Until there is one that answers: the Sentinels may not have noticed yet, or not agreed.
  if (!closed_ && (!node_ || !node_->well())) search_soon();
}

void RedisPrimary::move_to(RedisEndpoint endpoint) {
  if (node_ && node_->endpoint() == endpoint) return;
  if (node_) {
    node_->close(
        Error{Side::redis, Code::closed, printable(node_->endpoint().text()) + ": is not the primary any more"});
    context_->loop.dispose(std::move(node_));
  }
  node_ = std::make_unique<RedisNode>(context_, std::move(endpoint), true, *this);
  for (auto& call : std::exchange(waiting_, {})) {
    if (!call->over()) node_->send(std::move(call));
  }
}

}  // namespace weir
