// ClientSession: the part of a client's connection that speaks its protocol, and exists only while something goes on:
// HTTP/1.1 (h1_session). Borrowed from the worker when bytes come, given back when the connection idles. One loop.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

class ClientConnection;

enum class ClientProtocol : std::uint8_t { http1 };
inline constexpr std::size_t kClientProtocols = 1;

class ClientSession {
 public:
  virtual ~ClientSession() = default;
  virtual ClientProtocol protocol() const = 0;

  virtual void attach(ClientConnection& connection) = 0;
  virtual void detach() = 0;  // ready for another connection; everything under way is cancelled

  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

  // What the connection is waiting for, and whether it gets on: for the limits of time.
  virtual bool idle() const = 0;            // between requests, nothing buffered, nothing to send
  virtual bool reading_head() const = 0;    // some bytes of a head came, not all
  virtual bool client_is_slow() const = 0;  // it is the client we wait for: its body, or its reading
  virtual std::uint64_t progress() const = 0;
  // The head didn't come in time: says so, then the end.
  virtual void give_up_on_head() = 0;
};

}  // namespace weir
