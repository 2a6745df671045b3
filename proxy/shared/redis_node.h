// RedisNode: one server of Redis, for as long as somebody wants to speak to it: a connection, made at the first command
// and again when it was lost, and a breaker that answers in its place while the server is sick. A probe is a connection
// whose greeting is answered: an open breaker has none.
//
// It answers its owner from events only, never from inside a call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/shared/redis_breaker.h"
#include "proxy/shared/redis_call.h"
#include "proxy/shared/redis_connection.h"

namespace weir {

class RedisNode final : public RedisConnection::User {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Whatever the server said, errors too.
    virtual void on_node_reply(RedisNode& node, RedisCallPtr call, RedisReply reply) = 0;
    // A connection was lost or could not be made. The node itself tries again.
    virtual void on_node_lost(RedisNode& node) = 0;
  };

  RedisNode(std::shared_ptr<RedisContext> context, RedisEndpoint endpoint, bool only_primary, Owner& owner);
  ~RedisNode() override;
  RedisNode(const RedisNode&) = delete;
  RedisNode& operator=(const RedisNode&) = delete;

  void send(RedisCallPtr call);
  // It was sent, and its deadline has passed.
  void timed_out(const RedisCall& call);

  // Commands are sent, or will be as soon as a connection stands that is being made.
  bool well() const;
  // Nobody waits for anything here.
  bool idle() const;
  // Looks the name up anew and moves to a new connection once that stands; what is under way stays on the old one. At
  // most once a second.
  void renew();
  // Ends for good; what waits is refused with `error`.
  void close(const Error& error);

  const RedisEndpoint& endpoint() const { return endpoint_; }

 private:
  void on_redis_ready(RedisConnection& connection) override;
  void on_redis_reply(RedisConnection& connection, RedisCallPtr call, RedisReply reply) override;
  void on_redis_closed(RedisConnection& connection, Error error, bool silent) override;

  std::unique_ptr<RedisConnection> make_connection(bool probe);
  void connect();
  void broken(Error error);
  void try_again_later();
  void retire(std::unique_ptr<RedisConnection> connection);
  Error unwell() const;

  const std::shared_ptr<RedisContext> context_;
  const RedisEndpoint endpoint_;
  const bool only_primary_;
  Owner& owner_;
  RedisBreaker breaker_;
  std::unique_ptr<RedisConnection> connection_;            // what commands go to
  std::unique_ptr<RedisConnection> next_;                  // to take its place
  std::vector<std::unique_ptr<RedisConnection>> retired_;  // until what is under way on them is answered
  Timer retry_;
  Time renewed_{};
  Duration patience_{};  // of the commands that failed in a row: what a probe must do, too
  std::string why_;      // it is not well
  bool closed_ = false;
};

// The word that an error reply begins with.
std::string_view redis_error_word(const RedisReply& reply);

}  // namespace weir
