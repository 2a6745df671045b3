// A loop on a thread of its own, for tests of what lives on one.
#pragma once

#include <future>
#include <thread>
#include <utility>

#include "proxy/net/loop.h"

namespace weir::test {

class RunningLoop {
 public:
  RunningLoop() : thread_([this] { loop_.run(); }) {}
  ~RunningLoop() {
    loop_.stop();
    thread_.join();
  }
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;

  Loop& loop() { return loop_; }

  // Runs it there and waits until it is done.
  template <class F>
  void call(F work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  Loop loop_;
  std::thread thread_;
};

}  // namespace weir::test
