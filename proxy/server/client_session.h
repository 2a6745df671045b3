// ClientSession: the part of a client's connection that speaks its protocol, and exists only while something goes on:
// HTTP/1.1 (h1_session) or HTTP/2 (h2_session). Borrowed from the worker when bytes come; that of HTTP/1.1 is given
// back when the connection idles. One loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/base/units.h"

namespace weir {

class ClientConnection;

enum class ClientProtocol : std::uint8_t { http1, http2 };
inline constexpr std::size_t kClientProtocols = 2;

// How long a client is waited for.
struct ClientPatience {
  Duration head{}, idle{}, slow{};
  std::uint64_t min_rate = 0;  // bytes a second, looked at after `slow`
};

class ClientSession {
 public:
  virtual ~ClientSession() = default;
  virtual ClientProtocol protocol() const = 0;

  virtual void attach(ClientConnection& connection) = 0;
  virtual void detach() = 0;  // ready for another connection; everything under way is cancelled

  // Bytes that were read already, before any others.
  virtual void take(std::string_view bytes) = 0;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

  // What the connection is waiting for, and whether it gets on: for the limits of time.
  virtual bool idle() const = 0;            // between requests, nothing buffered, nothing to send
  virtual bool reading_head() const = 0;    // some bytes of a head came, not all
  virtual bool client_is_slow() const = 0;  // it is the client we wait for: its body, or its reading
  virtual std::uint64_t progress() const = 0;
  // The head didn't come in time: says so, then the end.
  virtual void give_up_on_head() = 0;
  // idle(), and for too long: the end.
  virtual void leave() = 0;
  // weir ends: what is under way is answered, and no more is taken.
  virtual void drain() = 0;
  // Limits of its own, beside those that the connection keeps by the questions above.
  virtual void check_time(std::chrono::steady_clock::time_point, const ClientPatience&) {}
};

}  // namespace weir
