// Loop: one thread's event loop. libevent says "ready" and "it is time"; everything else is ours. One a worker, no
// locks.
//
// A turn: wait ─► callbacks of descriptors and timers ─► posted and deferred work ─► disposal.
// Whoever must not die inside their own callback goes to dispose() and is destroyed at the end of the turn.
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/clock.h"
#include "proxy/base/executor.h"
#include "proxy/base/units.h"

namespace weir {

class Loop final : public Executor {
 public:
  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). What is posted before run() is done in the first turn.
  void run();
  void stop();  // any thread

  // Any thread: `work` runs on this loop, in order of posting.
  void post(Callback<void()> work);

  // This loop's thread: `work` runs later in the same turn, after the callbacks under way.
  void defer(Callback<void()> work) { deferred_.push_back(std::move(work)); }

  // From this loop's thread as defer(), from any other as post().
  void execute(Callback<void()> work) override;

  // This loop's thread: destroyed at the end of the turn.
  template <class T>
  void dispose(std::unique_ptr<T> dying) {
    if (dying)
      dying_.push_back({dying.release(), [](void* it) { const std::unique_ptr<T> dies(static_cast<T*>(it)); }});
  }

  // The time of this turn, read at most once in it.
  const Now& now() {
    if (!now_read_) read_now();
    return now_;
  }

  // Another number in each turn.
  std::uint64_t turn() const { return turn_; }

  // True on the thread that runs this loop.
  bool here() const noexcept;

  event_base* base() { return base_.get(); }

 private:
  void read_now();
  void run_posted();
  void run_deferred();
  void bury();
  static void on_wake(evutil_socket_t fd, short what, void* self) noexcept;

  struct FreeBase {
    void operator()(event_base* base) const { event_base_free(base); }
  };
  // This loop only.
  std::unique_ptr<event_base, FreeBase> base_;
  event wake_{};
  int wake_fd_ = -1;
  std::uint64_t turn_ = 0;
  Now now_;
  bool now_read_ = false;
  std::vector<Callback<void()>> deferred_, running_;
  std::vector<std::unique_ptr<void, void (*)(void*)>> dying_, dead_;
  // Any thread.
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<Callback<void()>> posted_;  // guarded by mutex_
};

// Timer: runs a callback once, after a while. Setting it again to a later time costs nothing: the event fires at the
// old time, sees the new deadline, and sleeps on. Runs on real time, whatever a test does to the clock.
class Timer {
 public:
  Timer(Loop& loop, Callback<void()> run);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(Duration after);
  void clear() { set_ = false; }
  bool is_set() const { return set_; }

 private:
  using Clock = std::chrono::steady_clock;
  void schedule(Clock::duration after);
  static void on_event(evutil_socket_t, short, void* self) noexcept;

  event event_{};
  Callback<void()> run_;
  bool set_ = false;
  bool scheduled_ = false;
  Clock::time_point deadline_{}, scheduled_at_{};
};

// Watch: tells when a descriptor can be read or written. Does not own the descriptor.
class Watch {
 public:
  using Ready = void (*)(void* owner) noexcept;

  // `readable` and `writable` get `owner`. Nothing is watched until asked for.
  Watch(Loop& loop, int fd, void* owner, Ready readable, Ready writable);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void want_read(bool yes);
  void want_write(bool yes);

 private:
  static void on_event(evutil_socket_t, short what, void* self) noexcept;

  event read_{}, write_{};
  void* owner_;
  Ready readable_, writable_;
  bool reading_ = false, writing_ = false;
};

}  // namespace weir
