// The event loop; see loop.h.
#include "proxy/net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "proxy/base/check.h"

namespace weir {
namespace {

thread_local Loop* current_loop = nullptr;

event_base* make_base() {
  event_config* config = event_config_new();
  WEIR_CHECK(config != nullptr);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  WEIR_CHECK(base != nullptr);
  return base;
}

}  // namespace

Loop::Loop() : base_(make_base()), wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  WEIR_CHECK(wake_fd_ >= 0);
  event_assign(&wake_, base_.get(), wake_fd_, EV_READ | EV_PERSIST, on_wake, this);
  event_add(&wake_, nullptr);
}

Loop::~Loop() {
  // What dies may hand over more to do, which is never done, and more to die.
  for (bool more = true; more;) {
    bury();
    const auto deferred = std::exchange(deferred_, {});
    const auto posted = std::exchange(posted_, {});
    more = !deferred.empty() || !posted.empty();
  }
  event_del(&wake_);
  ::close(wake_fd_);
}

void Loop::run() {
  current_loop = this;
  while (!stopping_.load(std::memory_order_acquire)) {
    now_read_ = false;
    ++turn_;
    // Work that waits must not sleep; it can only be there before the first turn.
    event_base_loop(base_.get(), deferred_.empty() ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
    run_posted();
    run_deferred();
    bury();
  }
  current_loop = nullptr;
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  post([] {});
}

void Loop::post(Callback<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  }
}

void Loop::execute(Callback<void()> work) {
  here() ? defer(std::move(work)) : post(std::move(work));
}

bool Loop::here() const noexcept {
  return current_loop == this;
}

void Loop::read_now() {
  now_ = Now::read();
  now_read_ = true;
}

void Loop::run_posted() {
  {
    const std::lock_guard lock(mutex_);
    if (posted_.empty()) return;
    running_.swap(posted_);
  }
  for (auto& work : running_) work();
  running_.clear();
}

// Work may defer more work: it runs in the same turn, but what piles up is given up to the next one after some rounds,
// so that sockets are not starved.
void Loop::run_deferred() {
  for (int round = 0; round < 16 && !deferred_.empty(); ++round) {
    running_.swap(deferred_);
    for (auto& work : running_) work();
    running_.clear();
  }
}

// What dies may hand over more to die.
void Loop::bury() {
  while (!dying_.empty()) {
    dead_.swap(dying_);
    dead_.clear();
  }
}

void Loop::on_wake(evutil_socket_t fd, short, void*) noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(static_cast<int>(fd), &count, sizeof count);
}

Timer::Timer(Loop& loop, Callback<void()> run) : run_(std::move(run)) {
  event_assign(&event_, loop.base(), -1, 0, on_event, this);
}

Timer::~Timer() {
  if (scheduled_) event_del(&event_);
}

void Timer::set(Duration after) {
  const auto now = Clock::now();
  deadline_ = now + after;
  set_ = true;
  if (!scheduled_ || scheduled_at_ > deadline_) schedule(after);
}

void Timer::schedule(Clock::duration after) {
  const auto us = std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::microseconds>(after).count());
  const timeval tv{.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
  scheduled_at_ = deadline_;
  scheduled_ = true;
  event_add(&event_, &tv);
}

void Timer::on_event(evutil_socket_t, short, void* self) noexcept {
  auto& timer = *static_cast<Timer*>(self);
  timer.scheduled_ = false;
  if (!timer.set_) return;
  const auto left = timer.deadline_ - Clock::now();
  if (left > Clock::duration::zero()) return timer.schedule(left);
  timer.set_ = false;
  timer.run_();
}

Watch::Watch(Loop& loop, int fd, void* owner, Ready readable, Ready writable)
    : owner_(owner), readable_(readable), writable_(writable) {
  event_assign(&read_, loop.base(), fd, EV_READ | EV_PERSIST, on_event, this);
  event_assign(&write_, loop.base(), fd, EV_WRITE | EV_PERSIST, on_event, this);
}

Watch::~Watch() {
  want_read(false);
  want_write(false);
}

void Watch::want_read(bool yes) {
  if (std::exchange(reading_, yes) == yes) return;
  yes ? event_add(&read_, nullptr) : event_del(&read_);
}

void Watch::want_write(bool yes) {
  if (std::exchange(writing_, yes) == yes) return;
  yes ? event_add(&write_, nullptr) : event_del(&write_);
}

void Watch::on_event(evutil_socket_t, short what, void* self) noexcept {
  auto& watch = *static_cast<Watch*>(self);
  if ((what & EV_READ) != 0) return watch.readable_(watch.owner_);
  watch.writable_(watch.owner_);
}

}  // namespace weir
