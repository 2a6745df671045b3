// Stream: one connected socket on one loop. Moves bytes by direct recv and sendmsg, tells its owner when it is ready;
// no buffers of its own.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "proxy/net/address.h"
#include "proxy/net/loop.h"

namespace weir {

struct Io {
  enum class Kind : std::uint8_t { moved, again, ended, failed } kind = Kind::again;
  std::size_t bytes = 0;
  int error = 0;  // errno, for failed
};

class Stream {
 public:
  // Takes the descriptor. Nothing is watched until asked for.
  Stream(Loop& loop, int fd, void* owner, Watch::Ready readable, Watch::Ready writable);
  ~Stream();

  Io read(std::span<char> into);
  Io write(std::span<const iovec> pieces);

  void want_read(bool yes) { watch_.want_read(yes); }
  void want_write(bool yes) { watch_.want_write(yes); }

  // Nothing waits to be read, not even an end.
  bool quiet() const;
  // The error of a connect under way, 0 once it stands.
  int connect_error() const;
  // Sends FIN: our side is over.
  void shut_down_writing();
  // Closing will send RST, so that the peer can't take what it got for whole.
  void reset_on_close();
  int fd() const { return fd_; }

 private:
  int fd_;
  Watch watch_;
};

// A non-blocking connect begun; the descriptor, or errno's error. Loopback and others alike with TCP_NODELAY.
Result<int> begin_connect(const Address& address);
// The same for a unix socket, at most 107 bytes of path.
Result<int> begin_connect_unix(const std::string& path);

// A listening, non-blocking socket; `shared`: others of this process listen on the same port (SO_REUSEPORT).
Result<int> open_listener(const Address& address, int backlog, bool shared);
Result<Address> local_address(int fd);
void set_no_delay(int fd);

}  // namespace weir
