// OriginConnection: one HTTP/1.1 connection to a server; carries one request at a time. One loop.
//
//   connecting ─► idle ─► busy ─► idle … ─► closed
//
// It answers its user by callbacks, never from inside a call; a connection that broke, or said more or less than it
// announced, is never used again; nor one that became a tunnel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/h1_codec.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/upstream.h"

namespace weir {

class OriginConnection {
 public:
  // Who uses the connection for the request under way.
  class User {
   public:
    virtual ~User() = default;
    virtual void on_origin_connected() = 0;
    virtual void on_origin_head(ResponseHead& head) = 0;  // interim ones too
    virtual void on_origin_body(std::string_view bytes) = 0;
    virtual void on_origin_end(const Fields& trailers) = 0;
    // The connection is over. `untouched`: not a byte of the answer came.
    virtual void on_origin_error(Error error, bool untouched) = 0;
    virtual void on_origin_writable() = 0;  // what was to be sent is sent
  };

  struct Options {
    Duration connect_timeout{}, first_byte_timeout{}, between_bytes_timeout{};
  };

  // Connects at once. `idle_closed` is told when the connection ends while nobody uses it.
  OriginConnection(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, OriginServer& server, int fd,
                   Options options, Callback<void(OriginConnection*)> idle_closed);
  ~OriginConnection();

  // Begins a request. After a reuse (not the first one) a close before the answer may be the server's idle timeout.
  void begin(User& user, Method method);
  // More or less patience than with others of this upstream, for this request.
  void allow(Duration first_byte, Duration between_bytes);
  bool reused() const { return requests_ > 1; }
  bool connected() const { return connected_; }
  // Nothing came on it while it idled: bytes without a request answer nobody (hostile.md 17).
  bool quiet() { return !broken_ && stream_.quiet(); }

  // The request, in weir's own framing; kept until flush() hands it to the kernel. An error: it can't be written, and
  // nothing of it was. `framing` says how the content that follows is sent, if any does.
  Result<void> send_head(const H1RequestLine& line, const Fields& fields, Framing framing, std::uint64_t length);
  void send_content(std::string_view bytes);
  void end_content(std::string_view trailers);  // "Name: value\r\n…"
  // True once all was handed to the kernel; else on_origin_writable() follows.
  bool flush();
  // The whole request is: the time until the answer begins to run.
  void request_written();

  void pause_reading(bool yes);

  // From inside on_origin_head(): what follows this head is no HTTP any more. Its bytes come as body and its end as
  // on_origin_end(), after which it can still be sent to; end_content() ends that. `patience`: with an origin that
  // takes nothing. Silence is nobody's concern here.
  void begin_tunnel(Duration patience);

  // The user is done with it. True: it may carry another request, and waits for it; false: to be disposed of.
  bool release();

  OriginServer& server() { return server_; }

 private:
  static void on_readable(void* self) noexcept { static_cast<OriginConnection*>(self)->read_some(); }
  static void on_writable(void* self) noexcept { static_cast<OriginConnection*>(self)->write_some(); }
  std::string& unsent_bytes();
  std::size_t unsent() const { return out_.size() - out_sent_; }
  void read_some();
  void write_some();
  void parse();
  bool step(std::string_view in, std::size_t& consumed);
  bool pass_on(std::string_view in);
  void tunnel_broke(const Io& io);
  void ended();
  void fail(Code code, std::string detail);
  void timed_out();
  void watch_answer();

  Loop& loop_;
  BufferPool& buffers_;
  const std::shared_ptr<Upstream> upstream_;  // keeps server_
  OriginServer& server_;
  const Options options_;
  Callback<void(OriginConnection*)> idle_closed_;
  Stream stream_;
  Timer deadline_;
  H1Limits limits_;
  H1ResponseParser parser_;
  User* user_ = nullptr;
  Method method_ = Method::get;
  Duration first_byte_{}, between_bytes_{};  // for the request under way
  bool chunked_ = false;                     // the content that is sent
  std::string out_;
  std::size_t out_sent_ = 0;
  BufferPool::Buffer buffer_;
  std::size_t filled_ = 0, parsed_ = 0;
  std::uint64_t requests_ = 0;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // for work that is deferred
  bool connected_ = false, request_written_ = false, answered_ = false, broken_ = false, paused_ = false,
       parsing_ = false;
  bool tunnel_ = false, heard_end_ = false, end_due_ = false, said_end_ = false;
  Duration tunnel_patience_{};
};

}  // namespace weir
