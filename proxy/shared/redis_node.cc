// One server of Redis; see redis_node.h.
#include "proxy/shared/redis_node.h"

#include <algorithm>
#include <utility>

#include "proxy/base/hash.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr Duration kRenewAgain = std::chrono::seconds(1);
// A probe may take as long as the commands that failed were given, within these.
constexpr Duration kLeastPatience = std::chrono::milliseconds(50);

// Errors that mean: not this server, not now. Every other one is an answer.
bool says_it_is_sick(std::string_view word) {
  return word == "LOADING" || word == "MASTERDOWN" || word == "CLUSTERDOWN" || word == "NOAUTH" || word == "WRONGPASS";
}

}  // namespace

std::string_view redis_error_word(const RedisReply& reply) {
  if (!reply.is_error()) return {};
  return std::string_view(reply.text).substr(0, reply.text.find(' '));
}

RedisNode::RedisNode(std::shared_ptr<RedisContext> context, RedisEndpoint endpoint, bool only_primary, Owner& owner)
    : context_(std::move(context)),
      endpoint_(std::move(endpoint)),
      only_primary_(only_primary),
      owner_(owner),
      breaker_(hash64(endpoint_.text()) ^ reinterpret_cast<std::uintptr_t>(this)),
      retry_(context_->loop, [this] { connect(); }) {}

RedisNode::~RedisNode() {
  close(Error{Side::redis, Code::closed, "closed"});
}

bool RedisNode::well() const {
  if (!breaker_.allows()) return false;
  return !connection_ || connection_->ready() || redis_now() - connection_->since() < RedisBreaker::kSilence;
}

bool RedisNode::idle() const {
  return retired_.empty() && (!connection_ || connection_->idle());
}

void RedisNode::send(RedisCallPtr call) {
  if (closed_ || !well()) return context_->refuse(std::move(call), unwell());
  if (!connection_) connect();
  call->at = this;
  call->sent = false;
  connection_->send(std::move(call));
}

Error RedisNode::unwell() const {
  return Error{Side::redis, Code::unavailable, why_.empty() ? printable(endpoint_.text()) + ": no connection" : why_};
}

std::unique_ptr<RedisConnection> RedisNode::make_connection(bool probe) {
  const auto& settings = *context_->settings;
  RedisConnection::Greeting greeting{settings.user, settings.password, settings.database, only_primary_, {}};
  if (probe && patience_ > Duration::zero()) greeting.patience = std::max(patience_, kLeastPatience);
  return std::make_unique<RedisConnection>(context_, endpoint_, std::move(greeting), *this);
}

void RedisNode::connect() {
  if (connection_ || closed_) return;
  retry_.clear();
  const bool probe = !breaker_.allows();
  if (probe) breaker_.begin_probe();
  connection_ = make_connection(probe);
}

void RedisNode::on_redis_ready(RedisConnection& connection) {
  if (&connection == next_.get()) {
    retire(std::exchange(connection_, std::move(next_)));
    retry_.clear();
    if (!breaker_.allows()) breaker_.begin_probe();
  }
  breaker_.probe_answered();
}

void RedisNode::retire(std::unique_ptr<RedisConnection> connection) {
  if (!connection) return;
  if (!connection->idle()) return retired_.push_back(std::move(connection));
  connection->close();
  context_->loop.dispose(std::move(connection));
}

void RedisNode::on_redis_reply(RedisConnection& connection, RedisCallPtr call, RedisReply reply) {
  if (says_it_is_sick(redis_error_word(reply))) {
    why_ = printable(endpoint_.text() + ": " + reply.text.substr(0, 200));
    breaker_.failed(redis_now());
  } else if (!call->expired()) {
    breaker_.succeeded();
    patience_ = {};
  }
  const auto old = std::find_if(retired_.begin(), retired_.end(), [&](auto& it) { return it.get() == &connection; });
  if (old != retired_.end() && connection.idle()) {
    connection.close();
    context_->loop.dispose(std::move(*old));
    retired_.erase(old);
  }
  const bool opened = breaker_.state() == RedisBreaker::State::open;
  owner_.on_node_reply(*this, std::move(call), std::move(reply));
  if (opened && !closed_) broken(unwell());
}

void RedisNode::timed_out(const RedisCall& call) {
  patience_ = std::max(patience_, std::min(call.timeout(), RedisBreaker::kSilence));
  if (!breaker_.allows()) return;
  breaker_.failed(redis_now());
  if (breaker_.allows()) return;
  why_ = printable(endpoint_.text()) + ": commands are not answered in time";
  broken(unwell());
}

// The breaker has opened, or will: the connection goes, and what waits for it is answered.
void RedisNode::broken(Error error) {
  if (connection_) {
    auto lost = std::move(connection_);
    lost->close();
    auto calls = lost->take_waiting();
    context_->loop.dispose(std::move(lost));
    for (auto& call : calls) call->answer(error);
  }
  if (closed_) return;
  try_again_later();
  owner_.on_node_lost(*this);
}

void RedisNode::try_again_later() {
  if (breaker_.state() != RedisBreaker::State::open || connection_) return;
  retry_.set(std::max<Duration>(breaker_.retry_at() - redis_now(), Duration::zero()));
}

void RedisNode::on_redis_closed(RedisConnection& connection, Error error, bool silent) {
  if (&connection == next_.get()) return context_->loop.dispose(std::move(next_));
  if (&connection != connection_.get()) {
    const auto old = std::find_if(retired_.begin(), retired_.end(), [&](auto& it) { return it.get() == &connection; });
    auto calls = connection.take_waiting();
    if (old != retired_.end()) {
      context_->loop.dispose(std::move(*old));
      retired_.erase(old);
    }
    for (auto& call : calls) call->answer(error);
    return;
  }
  // One that idled may end: the next command makes another.
  if (connection.stood() && connection.idle()) return context_->loop.dispose(std::move(connection_));
  why_ = error.detail;
  if (silent || !connection.stood()) {
    breaker_.broke(redis_now());
  } else {
    breaker_.failed(redis_now());
  }
  broken(std::move(error));
  if (!closed_ && breaker_.allows()) connect();
}

void RedisNode::renew() {
  const Time now = redis_now();
  if (closed_ || !connection_ || next_ || now - renewed_ < kRenewAgain) return;
  renewed_ = now;
  next_ = make_connection(false);
}

void RedisNode::close(const Error& error) {
  if (std::exchange(closed_, true)) return;
  retry_.clear();
  std::vector<std::unique_ptr<RedisConnection>> all = std::move(retired_);
  all.push_back(std::move(connection_));
  all.push_back(std::move(next_));
  for (auto& connection : all) {
    if (!connection) continue;
    connection->close();
    for (auto& call : connection->take_waiting()) context_->refuse(std::move(call), error);
    context_->loop.dispose(std::move(connection));
  }
}

}  // namespace weir
