// RedisConnection: one connection to one server, on one loop.
//
//   resolving ─► connecting ─► handshake (TLS) ─► greeting (AUTH, SELECT, ROLE, PING) ─► ready ─► closed
//
// Commands of one turn leave in one write; replies are matched in order, those that nobody waits for any more too. What
// comes before it is ready waits for that. A byte that nobody asked for, a reply that breaks the protocol, or silence
// while something waits longer than it may closes it for good: the user gets back all that was not answered. It never
// calls its user from inside a call, and is given to Loop::dispose().
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "proxy/net/stream.h"
#include "proxy/shared/redis_call.h"
#include "proxy/shared/redis_codec.h"
#include "proxy/shared/redis_output.h"

namespace weir {

class RedisConnection {
 public:
  class User {
   public:
    virtual ~User() = default;
    virtual void on_redis_ready(RedisConnection& connection) = 0;
    virtual void on_redis_reply(RedisConnection& connection, RedisCallPtr call, RedisReply reply) = 0;
    // `silent`: it stood, and said nothing for longer than anybody should wait.
    virtual void on_redis_closed(RedisConnection& connection, Error error, bool silent) = 0;
  };

  struct Greeting {
    std::string user, password;
    unsigned database = 0;
    bool only_primary = false;  // asks for the server's ROLE, and refuses a replica
    Duration patience{};        // how long the answers to the greeting may take; zero: as long as connecting
  };

  // Begins to connect in this turn, later.
  RedisConnection(std::shared_ptr<RedisContext> context, RedisEndpoint endpoint, Greeting greeting, User& user);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  void send(RedisCallPtr call);
  // Without a word to the user.
  void close();
  // What was not answered, oldest first; the connection forgets it.
  std::vector<RedisCallPtr> take_waiting();

  bool ready() const { return state_ == State::ready; }
  bool stood() const { return stood_; }  // was ready once
  bool idle() const { return flying_.empty() && waiting_.empty(); }
  Time since() const { return since_; }  // when it was begun

 private:
  enum class State : std::uint8_t { resolving, connecting, handshake, greeting, ready, closed };
  enum class Hello : std::uint8_t { auth, select, role, ping };

  static void on_readable(void* self) noexcept { static_cast<RedisConnection*>(self)->readable(); }
  static void on_writable(void* self) noexcept { static_cast<RedisConnection*>(self)->writable(); }
  // redis_connect.cc: until it is ready
  void begin();
  void connect_next();
  void take_stream(int fd);
  void connected();
  void shake_hands();
  void greet();
  void greeted(const RedisReply& reply);
  void become_ready();
  void not_in_time();
  Duration left() const;
  // redis_connection.cc: from then on
  void readable();
  void writable();
  bool read_some();
  void decode(std::string_view bytes);
  void append(RedisCallPtr call);
  void append_own(std::vector<std::string> words);
  void flush_later();
  void flush();
  void watch_silence();
  Time silent_at() const;
  void fail(Code code, const std::string& detail, bool silent = false);

  const std::shared_ptr<RedisContext> context_;
  const RedisEndpoint endpoint_;
  const Greeting greeting_;
  User& user_;
  const Time since_;
  State state_ = State::resolving;
  bool stood_ = false;
  bool flushing_ = false;  // flush() is deferred
  Operation looking_up_;
  std::vector<Address> addresses_;  // still to be tried, the next one last
  std::string last_failure_;        // of one that was tried
  std::unique_ptr<Stream> stream_;
  RedisDecoder decoder_;
  std::deque<Hello> hellos_;          // greetings not answered yet
  std::deque<RedisCallPtr> waiting_;  // until it is ready
  std::deque<RedisCallPtr> flying_;   // sent, or in out_; null: its own, a greeting or ASKING
  RedisOutput out_;
  Time heard_{};  // when a byte came last, or the first of flying_ began to wait
  Timer timer_;   // until it is ready: the deadline; then: silence
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // for work that is deferred
};

}  // namespace weir
