// LineLog: lines from many threads into one file, by a thread of its own. Writing never blocks: past the bound on what
// is queued (a full disk, a stuck pipe) lines are dropped and counted.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "proxy/base/result.h"

namespace weir {

class LineLog {
 public:
  // "stdout", or a path that is opened for appending (again on reopen(), after the file was moved away).
  static Result<std::unique_ptr<LineLog>> open(std::string target);
  ~LineLog();  // writes what is queued, for a second at most

  // Any thread. The line ends with '\n' already.
  void write(std::string_view line);
  void reopen() { reopen_.store(true); }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  const std::string& target() const { return target_; }

 private:
  LineLog(std::string target, int fd);
  void run();
  void put(std::string_view bytes);

  static constexpr std::size_t kMostQueued = 4 << 20;
  static constexpr std::size_t kUsuallyQueued = 64 << 10;

  const std::string target_;
  int fd_;  // the thread's only
  std::atomic<bool> reopen_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;  // guards the two below
  std::string queued_;
  bool stopping_ = false;
  std::condition_variable filled_;
  std::thread thread_;
};

// One line on standard error for the operator: "weir: …". Any thread; escapes control bytes.
void report(std::string_view message);

}  // namespace weir
