// Sockets; see stream.h.
#include "proxy/net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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
    : fd_(fd), watch_(loop, fd, owner, readable, writable) {}

Stream::~Stream() {
  watch_.want_read(false);
  watch_.want_write(false);
  ::close(fd_);
}

Io Stream::read(std::span<char> into) {
  return outcome(::recv(fd_, into.data(), into.size(), 0));
}

Io Stream::write(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return outcome(::sendmsg(fd_, &message, MSG_NOSIGNAL));
}

bool Stream::quiet() const {
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
  if (fd < 0) return Error{Side::origin, Code::unavailable, std::string("socket: ") + std::strerror(errno)};
  set_no_delay(fd);
  if (::connect(fd, address.get(), address.length) == 0 || errno == EINPROGRESS) return fd;
  Error error{Side::origin, Code::refused, address.text() + ": " + std::strerror(errno)};
  ::close(fd);
  return error;
}

Result<int> begin_connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{Side::origin, Code::malformed, path + ": too long for a unix socket"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{Side::origin, Code::unavailable, std::string("socket: ") + std::strerror(errno)};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  Error error{Side::origin, Code::refused, path + ": " + std::strerror(errno)};
  ::close(fd);
  return error;
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
