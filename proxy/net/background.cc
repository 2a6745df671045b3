// Threads for long work; see background.h.
#include "proxy/net/background.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace weir {
namespace {

constexpr int kNice = 15;

// Linux keeps a nice value for each thread.
void become_background() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
}

}  // namespace

Background::Background(unsigned threads) {
  const std::lock_guard lock(mutex_);  // they look at how many they are
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

void Background::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  filled_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  urgent_.clear();
  idle_.clear();
}

void Background::urgent(Callback<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    urgent_.push_back(std::move(work));
  }
  filled_.notify_one();
}

bool Background::idle(Callback<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() >= kMostIdle) return false;
    idle_.push_back(std::move(work));
  }
  filled_.notify_one();
  return true;
}

void Background::run() {
  become_background();
  for (;;) {
    Callback<void()> work;
    bool idles = false;
    {
      std::unique_lock lock(mutex_);
      // One thread at least is left to those who wait.
      const auto may_idle = [this] {
        return !idle_.empty() && (idling_ + 1 < threads_.size() || threads_.size() == 1);
      };
      filled_.wait(lock, [&] { return stopping_ || !urgent_.empty() || may_idle(); });
      if (stopping_) return;
      idles = urgent_.empty();
      auto& queue = idles ? idle_ : urgent_;
      work = std::move(queue.front());
      queue.pop_front();
      idling_ += idles ? 1 : 0;
    }
    work();
    if (!idles) continue;
    {
      const std::lock_guard lock(mutex_);
      --idling_;
    }
    filled_.notify_one();
  }
}

}  // namespace weir
