// OriginDial: a connection to a server on its way: TCP or a unix socket, then TLS, all within the upstream's connect
// timeout. Of a name with several addresses each is tried, until one lets us in. Answers once, never from inside a
// call. Nothing of a request was sent where it fails. One loop.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/net/stream.h"
#include "proxy/upstream/upstream.h"

namespace weir {

class OriginDial {
 public:
  // A stream that stands, and what is spoken on it. Nothing is watched but its reading; it is to get another owner at
  // once.
  struct Standing {
    std::unique_ptr<Stream> stream;
    bool http2 = false;
  };
  using Dialled = Callback<void(Result<Standing>)>;

  // Begins at once. `turn` says where among the server's addresses. `http1`: HTTP/2 isn't offered; an upstream that
  // speaks nothing else fails.
  OriginDial(Loop& loop, std::shared_ptr<Upstream> upstream, OriginServer& server, std::size_t turn,
             std::shared_ptr<TlsResumption> known, bool http1, Dialled dialled);
  ~OriginDial();

  OriginServer& server() { return server_; }

 private:
  using Clock = std::chrono::steady_clock;
  static void on_readable(void* self) noexcept { static_cast<OriginDial*>(self)->shake_hands(); }
  static void on_writable(void* self) noexcept { static_cast<OriginDial*>(self)->connected(); }
  void begin(std::size_t turn);
  void connect_next();
  void give_up_on_address(std::string why);
  void timed_out();
  Duration left() const;
  void connected();
  void shake_hands();
  void stands(bool http2);
  void fail(std::string_view why);

  Loop& loop_;
  const std::shared_ptr<Upstream> upstream_;  // keeps server_
  OriginServer& server_;
  const std::shared_ptr<TlsResumption> known_;
  const UpstreamOptions::Protocol protocol_;
  Dialled dialled_;
  std::vector<Address> untried_;    // the last is the one that is tried now
  std::string why_;                 // the one before was none
  std::unique_ptr<Stream> stream_;  // null: it is to be tried again soon
  bool connected_ = false;
  const Clock::time_point until_;
  Timer timer_;
  std::shared_ptr<const int> alive_ = std::make_shared<const int>(0);  // for work that is deferred
};

}  // namespace weir
