// A kernel that takes and gives what it likes: sockets that don't block take none or a part of what they are offered,
// and give a part of what is there, as a kernel may at any time and hardly ever does. Linked into weir it shows who
// waits for a socket that nobody asked to say when it is ready (the program weir_stutters; stuttering_kernel.test.js).
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace {

constexpr std::size_t kMostPieces = 64;

// The same in each run, as far as threads are.
std::uint64_t chance() {
  static std::atomic<std::uint64_t> threads{0};
  thread_local std::uint64_t state = 0x9e3779b97f4a7c15ULL * ++threads;
  state ^= state << 13U;
  state ^= state >> 7U;
  state ^= state << 17U;
  return state >> 11U;
}

bool blocks(int fd, int flags) {
  return (flags & MSG_DONTWAIT) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

// How much of `size` moves: none in a quarter of all calls, a part in another.
std::size_t some_of(std::size_t size) {
  switch (chance() % 4) {
    case 0: return 0;
    case 1: return 1 + chance() % size;
    default: return size;
  }
}

ssize_t again() {
  errno = EAGAIN;
  return -1;
}

}  // namespace

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const std::span<const iovec> pieces(message->msg_iov, message->msg_iovlen);
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  if (size == 0 || pieces.size() > kMostPieces || blocks(fd, flags)) return syscall(SYS_sendmsg, fd, message, flags);
  std::size_t left = some_of(size);
  if (left == 0) return again();
  std::array<iovec, kMostPieces> part{};
  std::size_t count = 0;
  for (; left > 0; ++count) {
    part[count] = {pieces[count].iov_base, std::min(pieces[count].iov_len, left)};
    left -= part[count].iov_len;
  }
  msghdr shorter = *message;
  shorter.msg_iov = part.data();
  shorter.msg_iovlen = count;
  return syscall(SYS_sendmsg, fd, &shorter, flags);
}

extern "C" ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
  const std::size_t part = size == 0 || blocks(fd, flags) ? size : some_of(size);
  if (part == 0 && size > 0) return again();
  return syscall(SYS_sendto, fd, bytes, part, flags, nullptr, 0);
}

// What was looked at before it was taken is there.
extern "C" ssize_t recv(int fd, void* bytes, std::size_t size, int flags) {
  thread_local int seen = -1;
  const bool looks = (flags & MSG_PEEK) != 0;
  const bool was_seen = seen == fd;
  seen = looks ? fd : -1;
  const std::size_t part = looks || was_seen || size == 0 || blocks(fd, flags) ? size : some_of(size);
  if (part == 0 && size > 0) return again();
  return syscall(SYS_recvfrom, fd, bytes, part, flags, nullptr, nullptr);
}
