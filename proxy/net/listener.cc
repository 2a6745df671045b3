// Accepting connections; see listener.h.
#include "proxy/net/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "proxy/base/line_log.h"
#include "proxy/net/stream.h"

namespace weir {
namespace {

constexpr int kAcceptsATurn = 64;
constexpr auto kRest = std::chrono::milliseconds(100);

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

Listener::Listener(Loop& loop, int fd, Accepted accepted)
    : fd_(fd),
      reserve_(open_reserve()),
      watch_(loop, fd, this, on_readable, on_readable),
      retry_(loop,
             [this] {
               if (!paused_ && fd_ >= 0) watch_.want_read(true);
             }),
      accepted_(std::move(accepted)) {
  watch_.want_read(true);
}

Listener::~Listener() {
  close();
  if (reserve_ >= 0) ::close(reserve_);
}

void Listener::close() {
  if (fd_ < 0) return;
  watch_.want_read(false);
  ::close(std::exchange(fd_, -1));
}

void Listener::pause(bool yes) {
  paused_ = yes;
  if (fd_ >= 0) watch_.want_read(!yes);
}

void Listener::on_readable(void* self) noexcept {
  static_cast<Listener*>(self)->accept_some();
}

void Listener::accept_some() {
  for (int i = 0; i < kAcceptsATurn && fd_ >= 0 && !paused_; ++i) {
    Address peer;
    peer.length = sizeof peer.storage;
    const int fd =
        ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      set_no_delay(fd);
      exhausted_ = false;
      accepted_(fd, peer);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return out_of_descriptors();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void Listener::out_of_descriptors() {
  if (!std::exchange(exhausted_, true)) report("no descriptors left: new connections are closed until some are free");
  if (reserve_ >= 0) {
    ::close(reserve_);
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) ::close(fd);
  }
  reserve_ = open_reserve();
  watch_.want_read(false);
  retry_.set(kRest);
}

}  // namespace weir
