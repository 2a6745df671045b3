// Background: threads for work that would hold up an event loop: compressing large bodies. Two queues: what a client
// waits for goes before what only makes things better. The threads yield to the loops where the system has too few
// cores for all.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "proxy/base/callback.h"

namespace weir {

class Background {
 public:
  explicit Background(unsigned threads);
  ~Background() { stop(); }
  void stop();  // finishes what runs; what is queued is dropped, and so is what comes later
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Any thread. `work` runs on one of the threads and may call back by Loop::post().
  void urgent(Callback<void()> work);
  // The same, behind everything urgent; false where so much waits already that it isn't worth queueing.
  bool idle(Callback<void()> work);

 private:
  void run();

  static constexpr std::size_t kMostIdle = 64;

  std::mutex mutex_;  // guards the four below
  std::deque<Callback<void()>> urgent_, idle_;
  std::size_t idling_ = 0;  // threads that do idle work
  bool stopping_ = false;
  std::condition_variable filled_;
  std::vector<std::thread> threads_;
};

}  // namespace weir
