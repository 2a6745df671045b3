// H2OriginConnection: one HTTP/2 connection to a server; carries many requests at once, each behind an H2OriginStream
// (h2_stream.h). Its pool has it as long as it takes new ones; its streams as long as they need it. One loop.
//
//   its SETTINGS are awaited ─► takes requests ─► leaving (GOAWAY, or it fell silent): those under way go on ─► over:
//   they are lost
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proxy/http/h2_origin_codec.h"
#include "proxy/net/buffer_pool.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/connection.h"

namespace weir {

class H2OriginConnection : public std::enable_shared_from_this<H2OriginConnection> {
 public:
  // `changed`: it takes requests now, or no more of them, or has none left. Who made it then lets go of it or not.
  using Changed = Callback<void(H2OriginConnection&)>;

  // Of a stream that stands. `hoped`: how many requests it takes at once, until it says so itself.
  H2OriginConnection(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, OriginServer& server,
                     std::unique_ptr<Stream> stream, std::uint32_t hoped, Changed changed);
  ~H2OriginConnection();

  // For one request; there must be room.
  std::unique_ptr<OriginConnection> open();
  std::size_t room() const { return settled() ? codec_.room() : 0; }
  std::uint32_t most() const { return codec_.most(); }
  bool leaving() const { return codec_.leaving(); }
  bool settled() const { return codec_.settled(); }
  // Of one that leaves.
  const Error& why() const { return error_.detail.empty() ? codec_.error() : error_; }
  bool idle() const { return settled() && codec_.streams() == 0; }  // could carry requests, and has none
  Time idle_since() const { return idle_since_; }
  Time heard() const { return heard_; }  // when something came last

  // -- for its streams --
  H2OriginCodec& codec() { return codec_; }
  const UpstreamOptions& options() const { return upstream_->options(); }
  OriginServer& server() { return server_; }
  Loop& loop() { return loop_; }
  std::uint64_t count_request() { return ++requests_; }
  // Sends what the codec has to send, now or, from within the codec, soon.
  void pump();
  void stream_over();
  // Nothing came of a request: if nothing came at all since `since`, nobody may be there any more.
  void doubt(Time since);
  // Bytes wait for the socket, and the last ones that it took were taken then or later.
  bool moving(Time since) const { return out_sent_ < out_.size() && moved_ >= since; }

 private:
  static void on_readable(void* self) noexcept { static_cast<H2OriginConnection*>(self)->read_some(); }
  static void on_writable(void* self) noexcept { static_cast<H2OriginConnection*>(self)->write_some(); }
  void read_some();
  void write_some();
  bool write_out();
  void broke(const Error& error);
  void tell_if_changed();

  Loop& loop_;
  BufferPool& buffers_;
  const std::shared_ptr<Upstream> upstream_;  // keeps server_
  OriginServer& server_;
  const std::unique_ptr<Stream> stream_;
  Changed changed_;
  Timer greeting_;  // until its SETTINGS come
  const H1Limits limits_;
  H2OriginCodec codec_;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::uint64_t requests_ = 0;
  Time heard_{}, moved_{};
  Time idle_since_{};  // since it takes requests, or its last one was over
  Error error_;        // once it broke
  bool busy_ = false;  // in the codec: what is to be sent goes out afterwards
  bool over_ = false, ending_ = false, told_leaving_ = false, told_settled_ = false;
};

}  // namespace weir
