// Sentinels; see redis_sentinel.h.
#include "proxy/shared/redis_sentinel.h"

#include <utility>

#include "proxy/base/text.h"
#include "proxy/shared/redis_slots.h"

namespace weir {
namespace {

// Beyond the time for the connection.
constexpr Duration kAnswerWithin = std::chrono::milliseconds(250);

}  // namespace

Result<RedisEndpoint> parse_primary(const RedisReply& reply) {
  if (reply.is_error()) return Error{Side::redis, Code::unsupported, printable(reply.text.substr(0, 200))};
  if (reply.elements.size() == 2) {
    RedisEndpoint endpoint{reply.elements[0].text, 0, {}};
    const auto port = parse_number(reply.elements[1].text);
    if (is_host(endpoint.host) && port && *port > 0 && *port <= 65535) {
      endpoint.port = static_cast<std::uint16_t>(*port);
      return endpoint;
    }
  }
  return Error{Side::redis, Code::not_found, "knows no such primary"};
}

RedisSentinel::RedisSentinel(std::shared_ptr<RedisContext> context, Found found)
    : context_(std::move(context)),
      found_(std::move(found)),
      patience_(context_->loop,
                [this] {
                  not_this_one(Error{Side::redis, Code::timeout, "no answer in time"});
                }),
      again_(context_->loop, [this] { search(); }) {}

RedisSentinel::~RedisSentinel() {
  stop();
}

void RedisSentinel::search() {
  if (searching()) return;
  again_.clear();
  asked_ = 1;
  ask();
}

void RedisSentinel::stop() {
  asked_ = 0;
  again_.clear();
  hang_up();
}

void RedisSentinel::hang_up() {
  patience_.clear();
  if (!connection_) return;
  connection_->close();
  context_->loop.dispose(std::move(connection_));
}

void RedisSentinel::ask() {
  const auto& settings = *context_->settings;
  RedisCommand command;
  command.words = {"SENTINEL", "get-master-addr-by-name", settings.primary};
  command.timeout = kAnswerWithin;
  if (!connection_) {
    // The user and the password are the servers'.
    connection_ =
        std::make_unique<RedisConnection>(context_, settings.endpoints[current_], RedisConnection::Greeting{}, *this);
  }
  connection_->send(std::make_shared<RedisCall>(context_, std::move(command), nullptr));
  patience_.set(settings.connect_timeout + kAnswerWithin);
}

void RedisSentinel::on_redis_reply(RedisConnection&, RedisCallPtr, RedisReply reply) {
  auto primary = parse_primary(reply);
  if (!primary) return not_this_one(std::move(primary).error());
  patience_.clear();
  end(std::move(primary));
}

void RedisSentinel::on_redis_closed(RedisConnection&, Error error, bool) {
  if (searching()) return not_this_one(std::move(error));
  hang_up();  // it was kept for the next time
}

void RedisSentinel::not_this_one(Error error) {
  const auto& sentinels = context_->settings->endpoints;
  hang_up();
  const std::string name = sentinels[current_].text();
  current_ = (current_ + 1) % sentinels.size();
  if (asked_++ < sentinels.size()) return ask();
  error.detail = "Sentinels don't tell where '" + printable(context_->settings->primary) + "' is; the last one, " +
                 printable(name) + ": " + error.detail;
  end(std::move(error));
}

void RedisSentinel::end(Result<RedisEndpoint> primary) {
  asked_ = 0;
  again_.set(kAskAgain);
  found_(std::move(primary));
}

}  // namespace weir
