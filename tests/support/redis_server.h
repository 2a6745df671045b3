// RedisServer: a real redis-server for a test, in a temporary folder of its own, on loopback. Started and ended by the
// object, by process id; nothing of it is left behind, however the test ends. Its unix socket is the test's own way in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "proxy/shared/redis_reply.h"
#include "tests/support/temporary_folder.h"

namespace weir::test {

std::uint16_t free_port();

// Looks again and again, until it holds or ten seconds have passed.
bool eventually(const std::function<bool()>& holds);

class RedisServer {
 public:
  struct Options {
    std::vector<std::string> arguments{};  // of redis-server, beside those for its place
    std::string password{};                // of the default user
    bool tls = false;                      // the port speaks TLS; the files are in `arguments`
    std::string sentinel{};                // a config: it is a Sentinel
  };

  // Runs and answers once this returns.
  explicit RedisServer(Options options);
  RedisServer() : RedisServer(Options{}) {}
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void start();   // after kill(), at the same place
  void kill();    // SIGKILL
  void pause();   // SIGSTOP: the kernel accepts and takes bytes, nobody answers
  void resume();  // SIGCONT

  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::string socket() const { return folder_.path("redis.sock"); }

  // A command of the test's own, on a connection of its own; nil where there is no answer.
  RedisReply ask(const std::vector<std::string>& words) const;

 private:
  void spawn();
  bool answers() const;

  const Options options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace weir::test
