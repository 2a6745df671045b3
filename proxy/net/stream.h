// Stream: one connected socket on one loop, inside TLS where it was secured. Moves bytes by direct recv and sendmsg, or
// through its TlsSession; tells its owner when it is ready. No buffers of its own.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "proxy/net/address.h"
#include "proxy/net/io.h"
#include "proxy/net/loop.h"
#include "proxy/net/tls.h"

namespace weir {

class Stream {
 public:
  // Takes the descriptor. Nothing is watched until asked for.
  Stream(Loop& loop, int fd, void* owner, Watch::Ready readable, Watch::Ready writable);
  ~Stream();

  // Somebody else's from now on; what is watched stays.
  void belong_to(void* owner, Watch::Ready readable, Watch::Ready writable);

  // From now on all bytes go through it. First handshake() is called, and again whenever the owner is told that it can
  // read, until it is no more Io::Kind::again.
  void secure(std::unique_ptr<TlsSession> tls);
  bool secured() const { return tls_ != nullptr; }
  TlsSession* tls() { return tls_.get(); }
  Io handshake();

  Io read(std::span<char> into);
  Io write(std::span<const iovec> pieces);

  void want_read(bool yes);
  void want_write(bool yes);

  // All that was written is with the kernel: closing loses nothing of it, unless something unread makes that a reset.
  bool flushed() const { return !tls_ || !tls_->wants_write(); }
  // How many bytes of what was written the peer hasn't got, as far as the kernel knows. A system call.
  std::size_t unsent() const;

  // Nothing waits to be read, not even an end. Inside TLS: nothing for the owner.
  bool quiet();
  // The error of a connect under way, 0 once it stands.
  int connect_error() const;
  // Sends FIN, inside TLS a goodbye before it: our side is over.
  void shut_down_writing();
  // Closing will send RST, so that the peer can't take what it got for whole.
  void reset_on_close();
  int fd() const { return fd_; }
  // Why the last call failed, for people.
  std::string why(const Io& failed) const;

 private:
  static void on_readable(void* self) noexcept;
  static void on_writable(void* self) noexcept;
  void read_on();
  Io watch(Io io);

  Loop& loop_;
  const int fd_;
  void* owner_;
  Watch::Ready readable_, writable_;
  Watch watch_;
  bool wants_read_ = false, wants_write_ = false;
  // Inside TLS.
  std::unique_ptr<TlsSession> tls_;
  std::shared_ptr<const int> alive_;  // for work that is deferred
  bool reading_on_ = false;           // it is
  bool ends_ = false;                 // FIN follows what waits to be sent
};

// A non-blocking connect begun; the descriptor, or errno's error. Loopback and others alike with TCP_NODELAY.
// Code::unavailable: the queue of a unix socket is full, which nobody tells the end of: to be tried again soon.
Result<int> begin_connect(const Address& address);
// The same for a unix socket, at most 107 bytes of path.
Result<int> begin_connect_unix(const std::string& path);

// A listening, non-blocking socket; `shared`: others of this process listen on the same port (SO_REUSEPORT).
Result<int> open_listener(const Address& address, int backlog, bool shared);
Result<Address> local_address(int fd);
void set_no_delay(int fd);

}  // namespace weir
