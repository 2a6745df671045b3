// H1Connection: one HTTP/1.1 connection to a server; carries one request at a time. One loop.
//
//   idle ─► busy ─► idle … ─► closed
//
// A connection that broke, or said more or less than it announced, is never used again; nor one that became a tunnel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/net/buffer_pool.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/connection.h"

namespace weir {

class H1Connection final : public OriginConnection {
 public:
  // Of a stream that stands. `idle_closed` is told when the connection ends while nobody uses it.
  H1Connection(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, OriginServer& server,
               std::unique_ptr<Stream> stream, Callback<void(H1Connection*)> idle_closed);
  ~H1Connection() override;

  void begin(User& user, Method method) override;
  void allow(Duration first_byte, Duration between_bytes) override;
  bool reused() const override { return requests_ > 1; }
  // Nothing came on it while it idled: bytes without a request answer nobody (hostile.md 17).
  bool quiet() { return !broken_ && stream_->quiet(); }

  Result<void> send_head(const H1RequestLine& line, const Fields& fields, Framing framing,
                         std::uint64_t length) override;
  void send_content(std::string_view bytes) override;
  void end_content(std::string_view trailers) override;
  bool flush() override;
  void request_written() override;
  void pause_reading(bool yes) override;
  void begin_tunnel(Duration patience) override;
  bool end_use() override;

  OriginServer& server() override { return server_; }

 private:
  static void on_readable(void* self) noexcept { static_cast<H1Connection*>(self)->read_some(); }
  static void on_writable(void* self) noexcept { static_cast<H1Connection*>(self)->write_some(); }
  const UpstreamOptions& options() const { return upstream_->options(); }
  std::string& unsent_bytes();
  std::size_t unsent() const { return out_.size() - out_sent_; }
  void read_some();
  void read_idle();
  void write_some();
  void parse();
  bool step(std::string_view in, std::size_t& consumed);
  bool pass_on(std::string_view in);
  void hand_over_head();
  void tunnel_broke(const Io& io);
  void ended();
  void fail(Code code, std::string detail);
  void timed_out();
  void watch_answer();

  Loop& loop_;
  BufferPool& buffers_;
  const std::shared_ptr<Upstream> upstream_;  // keeps server_
  OriginServer& server_;
  Callback<void(H1Connection*)> idle_closed_;
  const std::unique_ptr<Stream> stream_;
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
  bool idle_ = true, request_written_ = false, answered_ = false, broken_ = false, paused_ = false, parsing_ = false;
  bool head_came_ = false;  // the final one, whole
  bool tunnel_ = false, heard_end_ = false, end_due_ = false, said_end_ = false;
  Duration tunnel_patience_{};
};

}  // namespace weir
