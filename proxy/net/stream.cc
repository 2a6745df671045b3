// Sockets; see stream.h.
#include "proxy/net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir {
namespace {

Io outcome(ssize_t moved) {
  if (moved > 0) return {Io::Kind::moved, static_cast<std::size_t>(moved), 0};
  if (moved == 0) return {Io::Kind::ended, 0, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {Io::Kind::again, 0, 0};
  return {Io::Kind::failed, 0, errno};
}

Error socket_error(const char* what, const Address& address) {
  return Error{Side::config, Code::unavailable, std::string(what) + " " + address.text() + ": " + std::strerror(errno)};
}

}  // namespace

Stream::Stream(Loop& loop, int fd, void* owner, Watch::Ready readable, Watch::Ready writable)
    : loop_(loop),
      fd_(fd),
      owner_(owner),
      readable_(readable),
      writable_(writable),
      watch_(loop, fd, this, on_readable, on_writable) {}

Stream::~Stream() {
  watch_.want_read(false);
  watch_.want_write(false);
  ::close(fd_);
}

void Stream::belong_to(void* owner, Watch::Ready readable, Watch::Ready writable) {
  owner_ = owner;
  readable_ = readable;
  writable_ = writable;
}

void Stream::secure(std::unique_ptr<TlsSession> tls) {
  tls_ = std::move(tls);
  alive_ = std::make_shared<const int>(0);
}

void Stream::on_readable(void* self) noexcept {
  auto& stream = *static_cast<Stream*>(self);
  stream.readable_(stream.owner_);
}

// The owner's bytes come after those that TLS has waiting.
void Stream::on_writable(void* self) noexcept {
  auto& stream = *static_cast<Stream*>(self);
  if (stream.tls_ && stream.tls_->wants_write()) {
    const Io io = stream.watch(stream.tls_->flush());
    if (io.kind == Io::Kind::again) return;
    if (stream.ends_) ::shutdown(stream.fd_, SHUT_WR);
    if (io.kind == Io::Kind::moved && stream.wants_read_ && stream.tls_->pending()) stream.read_on();
  }
  if (stream.wants_write_) stream.writable_(stream.owner_);
}

void Stream::want_read(bool yes) {
  wants_read_ = yes;
  watch_.want_read(yes);
  if (yes && tls_ && tls_->pending()) read_on();
}

void Stream::want_write(bool yes) {
  wants_write_ = yes;
  watch_.want_write(yes || (tls_ && tls_->wants_write()));
}

// What TLS has received already makes no socket readable.
void Stream::read_on() {
  if (std::exchange(reading_on_, true)) return;
  loop_.defer([this, alive = std::weak_ptr<const int>(alive_)] {
    if (alive.expired()) return;
    reading_on_ = false;
    if (wants_read_) readable_(owner_);
  });
}

Io Stream::watch(Io io) {
  watch_.want_write(wants_write_ || (io.kind != Io::Kind::failed && tls_->wants_write()));
  return io;
}

Io Stream::handshake() {
  return watch(tls_->handshake());
}

Io Stream::read(std::span<char> into) {
  if (!tls_) return outcome(::recv(fd_, into.data(), into.size(), 0));
  const Io io = watch(tls_->read(into));
  if (io.kind == Io::Kind::moved && wants_read_ && tls_->pending()) read_on();
  return io;
}

Io Stream::write(std::span<const iovec> pieces) {
  if (tls_) return watch(tls_->write(pieces));
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return outcome(::sendmsg(fd_, &message, MSG_NOSIGNAL));
}

std::string Stream::why(const Io& failed) const {
  return tls_ && !tls_->error().empty() ? tls_->error() : std::strerror(failed.error);
}

std::size_t Stream::unsent() const {
  int queued = 0;
  if (::ioctl(fd_, SIOCOUTQ, &queued) != 0) queued = 0;
  return static_cast<std::size_t>(queued) + (tls_ ? tls_->unsent() : 0);
}

bool Stream::quiet() {
  if (tls_) return tls_->quiet();
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

int Stream::connect_error() const {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

void Stream::shut_down_writing() {
  if (tls_) {
    tls_->say_goodbye();
    watch({});
    ends_ = tls_->wants_write();
    if (ends_) return;
  }
  ::shutdown(fd_, SHUT_WR);
}

void Stream::reset_on_close() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<int> begin_connect(const Address& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{Side::origin, Code::internal, std::string("socket: ") + std::strerror(errno)};
  if (!address.local()) set_no_delay(fd);
  if (::connect(fd, address.get(), address.length) == 0 || errno == EINPROGRESS) return fd;
  const bool full = errno == EAGAIN;
  Error error{Side::origin, full ? Code::unavailable : Code::refused, address.text() + ": " + std::strerror(errno)};
  ::close(fd);
  return error;
}

Result<int> begin_connect_unix(const std::string& path) {
  const auto address = unix_address(path);
  if (!address) return address.error();
  return begin_connect(*address);
}

Result<int> open_listener(const Address& address, int backlog, bool shared) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_error("can't make a socket for", address);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(fd, address.get(), address.length) != 0 || ::listen(fd, backlog) != 0) {
    Error error = socket_error("can't listen on", address);
    ::close(fd);
    return error;
  }
  return fd;
}

Result<Address> local_address(int fd) {
  Address address;
  address.length = sizeof address.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0) {
    return Error{Side::internal, Code::internal, std::string("getsockname: ") + std::strerror(errno)};
  }
  return address;
}

}  // namespace weir
