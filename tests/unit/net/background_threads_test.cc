// Background: what a client waits for goes first, what only makes things better never takes all threads, and stopping
// waits for what runs and drops the rest.
#include "proxy/net/background.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "tests/support/catch.h"

namespace weir {
namespace {

// Work that runs until it is let go.
class Held {
 public:
  Callback<void()> work() {
    return [this] {
      started_.set_value();
      released_.get_future().wait();
    };
  }
  void wait_until_started() { started_.get_future().wait(); }
  void release() { released_.set_value(); }

 private:
  std::promise<void> started_, released_;
};

}  // namespace

TEST_CASE("Background: urgent work goes before idle work that waited longer") {
  Held held;
  std::mutex mutex;
  std::vector<int> order;
  std::promise<void> all;
  Background background(1);
  background.urgent(held.work());
  held.wait_until_started();
  const auto note = [&](int what) {
    return [&, what] {
      const std::lock_guard lock(mutex);
      order.push_back(what);
      if (order.size() == 4) all.set_value();
    };
  };
  CHECK(background.idle(note(3)));
  CHECK(background.idle(note(4)));
  background.urgent(note(1));
  background.urgent(note(2));
  held.release();
  all.get_future().wait();
  CHECK(order == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("Background: idle work leaves a thread to those who wait") {
  Held slow;
  Background background(2);
  std::atomic<bool> second{false};
  CHECK(background.idle(slow.work()));
  slow.wait_until_started();
  CHECK(background.idle([&] { second = true; }));
  for (int i = 0; i < 100; ++i) {  // the other thread is there for them, and only for them
    std::promise<void> ran;
    background.urgent([&] { ran.set_value(); });
    ran.get_future().wait();
    CHECK_FALSE(second);
  }
  std::promise<void> after;
  slow.release();
  CHECK(background.idle([&] { after.set_value(); }));
  after.get_future().wait();
  CHECK(second);
}

TEST_CASE("Background: so much idle work waits and no more") {
  Held held;
  Background background(1);
  background.urgent(held.work());
  held.wait_until_started();
  int queued = 0;
  while (background.idle([] {})) {
    ++queued;
    REQUIRE(queued < 10'000);
  }
  CHECK(queued > 0);
  held.release();
}

TEST_CASE("Background: stopping finishes what runs, drops what waits, and takes nothing more") {
  Held held;
  std::atomic<bool> dropped_ran{false};
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = token;
  Background background(1);
  background.urgent(held.work());
  held.wait_until_started();
  background.urgent([&dropped_ran, token = std::move(token)] { dropped_ran = true; });
  std::thread stopper([&] { background.stop(); });
  held.release();
  stopper.join();
  const bool freed = watched.expired();
  CHECK((freed || dropped_ran));  // it may have run before the stop was seen; it is never kept
  background.urgent([&] { FAIL("nobody runs this"); });
}

}  // namespace weir
