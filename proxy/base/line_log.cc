// The line log; see line_log.h.
#include "proxy/base/line_log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

namespace weir {
namespace {

int open_target(const std::string& target) {
  if (target == "stdout") return ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  return ::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
}

}  // namespace

Result<std::unique_ptr<LineLog>> LineLog::open(std::string target) {
  const int fd = open_target(target);
  if (fd < 0) return Error{Side::config, Code::denied, "can't open the log " + target + ": " + std::strerror(errno)};
  return std::unique_ptr<LineLog>(new LineLog(std::move(target), fd));
}

LineLog::LineLog(std::string target, int fd) : target_(std::move(target)), fd_(fd) {
  queued_.reserve(kUsuallyQueued);
  thread_ = std::thread([this] { run(); });
}

LineLog::~LineLog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_one();
  thread_.join();
  ::close(fd_);
}

void LineLog::write(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (queued_.size() + line.size() > kMostQueued) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    first = queued_.empty();
    queued_.append(line);
  }
  if (first) filled_.notify_one();
}

void LineLog::run() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::string taken;
  taken.reserve(kUsuallyQueued);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return stopping_ || !queued_.empty(); });
      if (queued_.empty()) return;
      taken.clear();
      taken.swap(queued_);
    }
    if (reopen_.exchange(false)) {
      if (const int fd = open_target(target_); fd >= 0) ::close(std::exchange(fd_, fd));
    }
    put(taken);
  }
}

// A sink that takes nothing for a second loses what is in hand, counted by the line.
void LineLog::put(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 1000) == 1) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (errno == EINTR || errno == EAGAIN) continue;
    }
    std::uint64_t lines = 0;
    for (const char c : bytes) lines += c == '\n' ? 1 : 0;
    dropped_.fetch_add(lines, std::memory_order_relaxed);
    return;
  }
}

void report(std::string_view message) {
  std::string line = "weir: ";
  for (const char c : message) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  line += '\n';
  [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace weir
