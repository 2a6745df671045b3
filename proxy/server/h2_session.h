// H2Session: HTTP/2 with a client: read buffer, parser, the streams that are open, and the sender that they share.
// Stays with its connection until that ends, since HPACK's state does; while nothing is open it holds little else.
//
// Bytes ─► events (http/h2_codec.h) ─► streams ─► their exchanges ─► the sender ─► one write for all that is ready.
// Its end: GOAWAY, in two steps where the client can't know (drain()), and with a fault at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/http/h2_codec.h"
#include "proxy/http/h2_window.h"
#include "proxy/server/client_session.h"
#include "proxy/server/h2_sender.h"
#include "proxy/server/h2_stream.h"

namespace weir {

class H2Session;

// What the sessions of a worker have in common; outlives them.
struct H2Shared {
  explicit H2Shared(WorkerContext& worker) : streams(worker) {}
  H2StreamPool streams;
  HpackHeads heads;
  // What uploads of all connections may hold beyond their connections' windows: those that get on needn't wait for
  // those that don't. The bytes that are left, and who would have some, the longest first: nobody, while some are left.
  std::size_t ahead = 32 * 1024 * 1024;
  std::vector<H2Session*> short_of_it;
  void lend();
};

class H2Session final : public ClientSession {
 public:
  H2Session(WorkerContext& worker, const H1Limits& limits, H2Shared& shared);
  ~H2Session() override;

  ClientProtocol protocol() const override { return ClientProtocol::http2; }
  void attach(ClientConnection& connection) override;
  void detach() override;
  void take(std::string_view bytes) override;
  void on_readable() override;
  void on_writable() override;
  bool idle() const override;
  bool reading_head() const override { return false; }  // check_time() looks for itself: others may be under way
  bool client_is_slow() const override { return closing_ || !sender_.output_empty(); }
  std::uint64_t progress() const override { return sender_.sent(); }
  void give_up_on_head() override {}
  void leave() override;
  void drain() override;
  void check_time(std::chrono::steady_clock::time_point now, const ClientPatience& patience) override;

  // -- for its streams --
  H2Sender& sender() { return sender_; }
  void answered(H2Stream& stream);          // END_STREAM is in the output
  void cut(H2Stream& stream, H2Code code);  // it can't be answered to its end
  void release(H2Stream& stream);           // and its exchange is over: not to be touched any more
  void use_window(std::size_t bytes);
  // Content of its streams waits, and no longer. The connection's window opens again at once for what comes, as far as
  // the worker lends it, and else as it is used.
  void hold(std::size_t bytes);
  void let_go(std::size_t bytes);
  bool borrow();  // true: all that is held is lent
  void grant(std::uint32_t stream, std::uint32_t increment);
  void flush_later();
  // A client that can send nothing isn't slow.
  bool takes_content() const { return !window_in_.shut(); }

 private:
  using Steady = std::chrono::steady_clock::time_point;

  void process();
  bool next_event(Time now);
  void on_event(H2Event event, Time now);
  void on_head();
  void on_refused();
  void on_body(Time now);
  void on_dropped();
  void on_end();
  void on_settings();
  void on_window(Time now);
  void on_priority();
  void take_early_priority(H2Stream& stream);
  void on_ping_ack();
  void compact();
  void give_buffer_back();
  void flush();
  void give_back(std::size_t slot);

  bool over() const { return parser_.streams() == 0; }
  // What a GOAWAY says never grows (RFC 9113 §6.8): what came after the last one wasn't served.
  std::uint32_t last_served() const { return std::min(most_served_, parser_.last_stream()); }
  bool in_content() const;
  void end(H2End why);
  void refuse_stream(H2Stream& stream, H2Code code, Time now);
  void reset(std::size_t slot, std::uint32_t id, H2Code code);
  void say_goodbye(H2End why, std::uint32_t last_stream);
  void take_no_more();
  void close_streams();
  void check_streams(Steady now, const ClientPatience& patience);
  H2Stream* at(std::size_t slot) { return slot < streams_.size() ? streams_[slot].get() : nullptr; }

  WorkerContext& worker_;
  const H1Limits& limits_;
  H2Shared& shared_;
  ClientConnection* connection_ = nullptr;
  BufferPool::Buffer buffer_;  // while there is something in it
  std::size_t filled_ = 0, parsed_ = 0;
  H2RequestParser parser_;
  H2Sender sender_;
  std::vector<std::unique_ptr<H2Stream>> streams_;  // by the parser's slots
  H2ReceiveWindow window_in_{kWindowIn};
  std::size_t held_ = 0, lent_ = 0;  // of content that came; for lent_ of it the window is open already
  std::vector<std::pair<std::uint32_t, Priority>> early_priorities_;  // of streams not open yet
  std::uint32_t initial_window_ = kH2FirstWindow;
  std::uint32_t most_served_ = kH2MostStream;
  Steady waits_since_{}, draining_since_{};
  enum class Leaving : std::uint8_t { no, announced, last } leaving_ = Leaving::no;  // GOAWAY that is out
  bool closing_ = false, processing_ = false, held_back_ = false, partial_ = false, client_leaves_ = false;
  bool flush_due_ = false;
  std::uint32_t waits_for_ = 0;                                        // parser_.message(), of which waits_since_ tells
  std::shared_ptr<const void> hold_ = std::make_shared<const char>();  // FetchOrder::hold
  unsigned idle_looks_ = 0;                                            // of the clock, since something came

  // For all streams of a connection, beyond what is lent to them.
  static constexpr std::uint32_t kWindowIn = 8 * H2Stream::kWindowIn;
};

}  // namespace weir
