// RedisSentinel: asks Sentinels, one after the other, where the primary is, and goes on asking the one that told: a
// primary that was replaced may not know it for ten seconds, and take writes that are lost. One search at a time; one
// loop.
#pragma once

#include <memory>

#include "proxy/shared/redis_call.h"
#include "proxy/shared/redis_connection.h"

namespace weir {

class RedisSentinel final : public RedisConnection::User {
 public:
  using Found = Callback<void(Result<RedisEndpoint>)>;
  static constexpr Duration kAskAgain = std::chrono::seconds(1);

  // `found` is told of the end of each search, from events only. After the first one there is another each second.
  RedisSentinel(std::shared_ptr<RedisContext> context, Found found);
  ~RedisSentinel() override;

  // Nothing, where it searches already.
  void search();
  bool searching() const { return asked_ > 0; }
  void stop();

 private:
  void on_redis_ready(RedisConnection&) override {}
  void on_redis_reply(RedisConnection& connection, RedisCallPtr call, RedisReply reply) override;
  void on_redis_closed(RedisConnection& connection, Error error, bool silent) override;

  void ask();
  void not_this_one(Error error);
  void hang_up();
  void end(Result<RedisEndpoint> primary);

  const std::shared_ptr<RedisContext> context_;
  Found found_;
  std::size_t current_ = 0;  // of settings.endpoints: the one that answered last
  std::size_t asked_ = 0;    // in this search
  std::unique_ptr<RedisConnection> connection_;
  Timer patience_;  // with one of them
  Timer again_;
};

// What get-master-addr-by-name answers: a host and a port.
Result<RedisEndpoint> parse_primary(const RedisReply& reply);

}  // namespace weir
