// SideLoop: a thread with an event loop of its own, for what must go on whatever the workers and the control thread are
// busy with: following the invalidation log, listening to the database.
#pragma once

#include <thread>

#include "proxy/net/loop.h"

namespace weir {

class SideLoop {
 public:
  SideLoop() = default;
  ~SideLoop() { stop(); }
  SideLoop(const SideLoop&) = delete;
  SideLoop& operator=(const SideLoop&) = delete;

  void start();
  void stop();  // what was posted before is done first; idempotent

  Loop loop;

 private:
  std::thread thread_;
};

}  // namespace weir
