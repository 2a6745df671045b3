// A thread with a loop; see side_loop.h.
#include "proxy/server/side_loop.h"

#include <csignal>

namespace weir {

void SideLoop::start() {
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    loop.run();
  });
}

void SideLoop::stop() {
  if (!thread_.joinable()) return;
  loop.post([this] { loop.stop(); });
  thread_.join();
}

}  // namespace weir
