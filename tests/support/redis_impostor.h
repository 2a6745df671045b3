// RedisImpostor: takes connections on loopback as Redis would, and answers whatever a test says: rightly, wrongly, or
// not at all. One thread, ended by the object.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::test {

class RedisImpostor {
 public:
  // For each command on the `connection`-th connection (from 1): bytes to send, or nothing to close it.
  using Script = std::function<std::optional<std::string>(int connection, const std::vector<std::string>& words)>;

  explicit RedisImpostor(Script script);
  ~RedisImpostor();
  RedisImpostor(const RedisImpostor&) = delete;
  RedisImpostor& operator=(const RedisImpostor&) = delete;

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void run();

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace weir::test
