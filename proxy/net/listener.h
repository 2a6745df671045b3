// Listener: accepts connections on one loop. Out of descriptors it lets the waiting ones rest and tries again soon,
// rather than spin; a descriptor kept in reserve lets it turn one away politely.
#pragma once

#include <cstdint>

#include "proxy/base/callback.h"
#include "proxy/net/address.h"
#include "proxy/net/loop.h"

namespace weir {

class Listener {
 public:
  using Accepted = Callback<void(int fd, const Address& peer)>;

  // Takes the listening descriptor.
  Listener(Loop& loop, int fd, Accepted accepted);
  ~Listener();

  // No more connections are taken; those waiting in the kernel go to whoever shares the port.
  void close();
  // Pauses or goes on; for when the connection limit is reached.
  void pause(bool yes);

 private:
  static void on_readable(void* self) noexcept;
  void accept_some();
  void out_of_descriptors();

  int fd_;
  int reserve_;
  Watch watch_;
  Timer retry_;
  Accepted accepted_;
  bool paused_ = false;
  bool exhausted_ = false;  // and said so
};

}  // namespace weir
