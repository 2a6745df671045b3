// Redis: one loop's way to Redis, be it a single server, one that Sentinels name, or a cluster. Commands of one turn of
// the loop leave in one write (pipelining); every one has a deadline. A lost server is connected to again, with
// growing, jittered pauses; while it is sick a breaker answers at once, so that nobody waits for it.
//
// Commands are argument vectors: no byte of a key or value is ever syntax. An answer never comes from inside call().
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/metrics.h"
#include "proxy/base/operation.h"
#include "proxy/base/result.h"
#include "proxy/net/background.h"
#include "proxy/net/loop.h"
#include "proxy/shared/redis_reply.h"
#include "proxy/shared/redis_settings.h"

namespace weir {

struct RedisCommand {
  std::vector<std::string> words;  // the command and its arguments
  std::string key;                 // what the cluster routes by; empty: any server will do
  Duration timeout{};              // from call() to the whole reply
};

// Counted by each client, read by whoever shows metrics. Any thread.
struct RedisCounters {
  Counter commands, errors, timeouts, refused;  // refused: by the breaker, or past the bound on what may wait
  Counter connects, redirects;
  Counter bytes_in, bytes_out;
};

class Redis {
 public:
  // Connects at the first call. `background` resolves names; both outlive this.
  Redis(Loop& loop, Background& background, std::shared_ptr<const RedisSettings> settings);
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  // This loop's thread. An error reply is an Error with Side::redis and the server's words; Code::timeout, refused,
  // closed or unavailable tell why there was none. Dropping the operation forgets the answer.
  Operation call(RedisCommand command, Callback<void(Result<RedisReply>)> done);

  // False while the breaker is open: calls are answered with Code::unavailable in the same turn.
  bool well() const;

  // The connections end; what waits is answered with Code::closed. It connects anew at the next call.
  void disconnect();

  const RedisCounters& counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
