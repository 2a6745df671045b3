// Reads the clocks; see clock.h.
#include "proxy/base/clock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>

namespace weir {
namespace {

// The turn that a test asks for, or null outside tests. The file is shared memory: the test writes, we read.
const std::atomic<std::int64_t>* turned() noexcept {
  static const std::atomic<std::int64_t>* const offset = [] {
    const char* path = std::getenv("WEIR_TEST_CLOCK");
    if (path == nullptr) return static_cast<const std::atomic<std::int64_t>*>(nullptr);
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return static_cast<const std::atomic<std::int64_t>*>(nullptr);
    void* page = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    return page == MAP_FAILED ? nullptr : static_cast<const std::atomic<std::int64_t>*>(page);
  }();
  return offset;
}

std::int64_t read_ns(clockid_t clock) noexcept {
  timespec t{};
  ::clock_gettime(clock, &t);
  const auto* offset = turned();
  return t.tv_sec * 1'000'000'000 + t.tv_nsec + (offset == nullptr ? 0 : offset->load(std::memory_order_relaxed));
}

}  // namespace

MonotonicClock::time_point MonotonicClock::now() noexcept {
  return time_point(duration(read_ns(CLOCK_MONOTONIC)));
}

WallTime wall_now() noexcept {
  return read_ns(CLOCK_REALTIME) / 1'000'000'000;
}
std::int64_t wall_now_us() noexcept {
  return read_ns(CLOCK_REALTIME) / 1000;
}

std::int64_t wall_now_ms() noexcept {
  return read_ns(CLOCK_REALTIME) / 1'000'000;
}

}  // namespace weir
