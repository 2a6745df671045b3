// OriginConnection: what carries one request to a server and its answer back. A pool hands it out (pool.h), standing,
// and takes it back. HTTP/1.1 is in h1_connection.h, HTTP/2 in h2_stream.h.
//
//   begin ─► send_head ─► send_content* ─► end_content ─► request_written
//              answered meanwhile, at any moment, by:  head (interim)* ─► head ─► body* ─► end   or an error
//
// It answers its user by callbacks, never from inside a call but begin's own user's; one loop.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/h1_codec.h"
#include "proxy/http/origin_limits.h"
#include "proxy/upstream/upstream.h"

namespace weir {

// How far a request had come that got no whole answer.
enum class OriginLoss : std::uint8_t {
  unprocessed,  // the origin certainly did nothing with it
  unanswered,   // not a byte of an answer came
  midway,       // some of it did
};

class OriginConnection {
 public:
  // Who uses the connection for the request under way.
  class User {
   public:
    virtual ~User() = default;
    virtual void on_origin_head(ResponseHead& head) = 0;  // interim ones too
    virtual void on_origin_body(std::string_view bytes) = 0;
    virtual void on_origin_end(const Fields& trailers) = 0;
    virtual void on_origin_error(Error error, OriginLoss loss) = 0;  // nothing more comes
    virtual void on_origin_writable() = 0;                           // what was to be sent is sent
  };

  virtual ~OriginConnection() = default;

  // Begins a request.
  virtual void begin(User& user, Method method) = 0;
  // More or less patience than with others of this upstream, for this request.
  virtual void allow(Duration first_byte, Duration between_bytes) = 0;
  // It has carried another one before: a close before the answer may be the server's idle timeout.
  virtual bool reused() const = 0;

  // The request, in weir's own framing; kept until flush() hands it to the kernel. An error: it can't be written, and
  // nothing of it was. `framing` says how the content that follows is sent, if any does.
  virtual Result<void> send_head(const H1RequestLine& line, const Fields& fields, Framing framing,
                                 std::uint64_t length) = 0;
  virtual void send_content(std::string_view bytes) = 0;
  virtual void end_content(std::string_view trailers) = 0;  // "Name: value\r\n…"
  // True once all was handed to the kernel; else on_origin_writable() follows.
  virtual bool flush() = 0;
  // The whole request is: the time until the answer begins to run.
  virtual void request_written() = 0;

  virtual void pause_reading(bool yes) = 0;

  // From inside on_origin_head(), of a 101, and so in HTTP/1.1 only: what follows this head is no HTTP any more. Its
  // bytes come as body and its end as on_origin_end(), after which it can still be sent to; end_content() ends that.
  // `patience`: with an origin that takes nothing. Silence is nobody's concern here.
  virtual void begin_tunnel(Duration patience) = 0;

  // The user is done with it. True: it may carry another request (HTTP/1.1 only); false: to be disposed of.
  virtual bool end_use() = 0;

  virtual OriginServer& server() = 0;
};

}  // namespace weir
