// RedisCall: one command on its way through a client, from call() until it is answered and nothing holds it any more.
// RedisContext: what all parts of one client share. One loop.
//
//   held by               until
//   the way it takes      a queue of a connection, or what waits for one: its reply came, or the connection ended
//   RedisDeadlines        its deadline, weakly
//   the caller            weakly, by the Operation: dropping that only forgets the answer
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/net/loop.h"
#include "proxy/net/tls.h"
#include "proxy/shared/redis.h"
#include "proxy/shared/redis_names.h"

namespace weir {

class RedisNode;
class RedisCall;
using RedisCallPtr = std::shared_ptr<RedisCall>;

struct RedisContext : std::enable_shared_from_this<RedisContext> {
  static constexpr std::size_t kBuffer = 64 * 1024;

  RedisContext(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> with);

  // Answers later in this turn: for what is refused inside call().
  void refuse(RedisCallPtr call, Error error);

  Loop& loop;
  const std::shared_ptr<const RedisSettings> settings;
  RedisCounters counters;
  RedisNames names;
  Result<std::shared_ptr<const TlsContext>> tls;  // null where there is none
  Size queued = 0;                                // bytes of all calls that somebody holds
  std::vector<char> buffer;  // what a connection reads into; nothing stays in it between two events
  bool ended = false;        // the client is gone: nobody is answered any more
};

class RedisCall {
 public:
  using Done = Callback<void(Result<RedisReply>)>;

  // `done` may be empty.
  RedisCall(std::shared_ptr<RedisContext> context, RedisCommand command, Done done);
  ~RedisCall() { context_->queued -= size_; }
  RedisCall(const RedisCall&) = delete;
  RedisCall& operator=(const RedisCall&) = delete;

  static Size size_of(const RedisCommand& command);

  // The first answer counts. An error reply is an Error, with the server's words.
  void answer(RedisReply reply);
  void answer(Error error);
  // Its deadline has passed.
  void expire();
  void forget() {
    over_ = true;
    done_.reset();
  }
  bool over() const { return over_; }        // answered, expired or forgotten
  bool expired() const { return expired_; }  // a reply that comes now is late

  const std::string& key() const { return command_.key; }
  Duration timeout() const { return command_.timeout; }
  // To be sent: where nobody can want to send it again, to be taken.
  std::vector<std::string>& words() { return command_.words; }

  RedisNode* at = nullptr;  // whose connection holds it
  bool sent = false;        // on that connection
  unsigned redirects = 0;   // how often a cluster sent it on
  bool asking = false;      // ASKING goes before it

 private:
  void answer(Result<RedisReply> result);

  const std::shared_ptr<RedisContext> context_;
  RedisCommand command_;
  const Size size_;
  Done done_;
  bool over_ = false, expired_ = false;
};

// Real time, as Timer has it, whatever a test does to the clock.
Time redis_now();

}  // namespace weir
