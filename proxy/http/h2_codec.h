// The receiving half of HTTP/2 with a client (RFC 9113): bytes in, events out, no I/O. Pull style, as the HTTP/1
// parsers: the connection hands in what it has read and asks for the next event.
//
//   of a stream:      head ─► body* ─► end      (trailers are part of end; a head whose framing is none has no end)
//                        └──────► reset | stream_error, from anywhere
//   of the connection: settings  ping  window  priority  goaway     and error, after which there is nothing
//
// It knows which streams are open on the client's side and what may come on them; the caller says when its own side of
// a stream is over. Windows are the caller's (h2_window.h). Views hold until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/http/h2_budget.h"
#include "proxy/http/h2_frame.h"
#include "proxy/http/h2_head.h"

namespace weir {

enum class H2Event : std::uint8_t {
  need_more,     // consumed what could be; call again with more bytes
  head,          // a stream began: head(), or, where refusal() says so, what is to be answered instead
  refused,       // one more than may be open: RST_STREAM REFUSED_STREAM is due
  body,          // body(): content of stream(), perhaps none; flow() bytes of its window
  dropped,       // the same for a stream that is over: only the connection's window has lost flow() bytes
  end,           // the client's side of stream() is over: trailers()
  reset,         // the client gave stream() up
  stream_error,  // RST_STREAM with code() is due on stream(), which is over; flow() as with body
  settings,      // settings() are new: an acknowledgement is due
  window,        // the client takes increment() bytes more on stream(); 0: on the connection
  priority,      // body() is the new priority of stream(), perhaps not open yet (RFC 9218 §7)
  ping,          // body() is to be sent back
  ping_ack,      // body() came back
  goaway,        // the client leaves: nothing is to be done
  error,         // GOAWAY with code() is due: ending()
};

// Why a GOAWAY is sent; the word is that of logs and metrics.
enum class H2End : std::uint8_t {
  protocol,
  frame_size,
  flow_control,
  stream_closed,
  compression,
  continuations,
  resets,
  settings,
  pings,
  empty_frames,
  windows,
  priorities,
  strays,
  slow_head,  // the parser doesn't look at the clock: this one, and those after it, are its caller's
  idle,
  drain,
};
inline constexpr std::size_t kH2Ends = 16;
std::string_view word(H2End why) noexcept;
H2Code code_of(H2End why) noexcept;

class H2RequestParser {
 public:
  static constexpr std::size_t kMostStreams = 100;

  // The limits must outlive it.
  explicit H2RequestParser(const H1Limits& limits);

  void restart(bool tls = false);  // another connection, inside TLS or not, from its preface on
  void shrink();                   // gives memory back where nothing is open, but for the state of HPACK
  H2Event next(std::string_view in, std::size_t& consumed, Time now);

  // A place of its own for each open stream, below kMostStreams: for the caller's table.
  std::size_t slot() const { return slot_; }
  std::uint32_t stream() const { return stream_; }
  RequestHead& head() { return head_; }
  // The head, its memory with it, for something of the same kind that is used for the next one.
  void take_head(RequestHead& head, Arena& arena);
  const Refusal& refusal() const { return reader_.refusal(); }
  std::string_view body() const { return body_; }
  std::size_t flow() const { return flow_; }
  const Fields& trailers() const { return trailers_; }
  const H2Settings& settings() const { return settings_; }
  std::uint32_t increment() const { return increment_; }
  H2Code code() const { return code_; }
  H2End ending() const { return end_; }

  // The caller's word on streams of which a head came. answered(): its side is over; what the client still sends is
  // dropped, up to a bound. reset_sent(): both are; false where too many were, and ending() says so.
  void answered(std::size_t slot, Time now);
  [[nodiscard]] bool reset_sent(std::size_t slot, Time now);
  void cut(std::size_t slot);  // the same, where it is no fault of the client's
  // One that was answered before that time, and whose client goes on sending or says nothing: RST_STREAM NO_ERROR is
  // due on stream(). Again until it is false.
  bool next_overdue(Time before);
  bool client_ended(std::size_t slot) const { return open_[slot].client_ended; }
  // A GOAWAY said that no stream past last_stream() will be served.
  void take_no_more() { takes_more_ = false; }
  // What is under way for streams of this connection, reset ones too: it counts as if their streams were still open.
  void set_under_way(std::size_t requests) { under_way_ = requests; }

  std::uint32_t last_stream() const { return last_stream_; }
  std::size_t streams() const { return streams_; }
  // In the middle of a field block, and of which stream's; 0: of none.
  bool in_message() const { return block_stream_ != 0; }
  std::uint32_t message() const { return block_stream_; }
  H2Budget& budget() { return budget_; }

 private:
  struct Open {
    std::uint32_t id = 0;  // 0: free
    bool client_ended = false;
    bool counted = false;    // Content-Length says how much is to come
    bool answered = false;   // nobody wants the rest
    std::uint64_t left = 0;  // of what is to come, or of what may be dropped
    Time since{};            // answered
  };
  enum class State : std::uint8_t { preface, settings, frames, failed };
  enum class Use : std::uint8_t { request, trailers, refused, dropped };

  H2Event preface(std::string_view in, std::size_t& consumed);
  // Of one whole frame; need_more where it means nothing to the caller.
  H2Event frame(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event data(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event headers(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event continuation(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event block(std::string_view whole, Time now);
  H2Event request_block(std::string_view whole);
  H2Event trailer_block(std::string_view whole, Time now);
  H2Event rst_stream(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event settings_frame(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event ping(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event goaway(const H2FrameHeader& header, std::string_view payload);
  H2Event window_update(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event priority(const H2FrameHeader& header, std::string_view payload, Time now);
  H2Event priority_update(const H2FrameHeader& header, std::string_view payload, Time now);

  H2Event fail(H2End why);
  H2Event stream_error(std::size_t slot, H2Code code, Time now);
  H2Event dropped_data(std::size_t slot, bool ends);
  bool spend(H2Budget::Kind kind, Time now);  // false: it failed
  bool is_idle(std::uint32_t stream) const { return stream % 2 == 0 || stream > last_stream_; }
  std::size_t find(std::uint32_t stream) const;  // kNone: not open
  bool is_open(std::size_t slot) const { return slot < open_.size() && open_[slot].id != 0; }
  std::size_t open_slot(std::uint32_t stream);
  void close(std::size_t slot);
  void remember_reset(std::uint32_t stream);
  static constexpr std::size_t kNone = ~std::size_t{0};

  const H1Limits& limits_;
  State state_ = State::preface;
  HpackDecoder hpack_;
  H2HeadReader reader_;
  H2Settings settings_;
  H2Budget budget_;
  bool takes_more_ = true;
  std::uint32_t last_stream_ = 0;
  std::vector<Open> open_;
  std::size_t streams_ = 0, under_way_ = 0;
  std::vector<std::uint32_t> reset_;  // the latest that weir reset while their clients could still send: a ring
  std::size_t next_reset_ = 0;

  // The field block being read.
  std::uint32_t block_stream_ = 0;  // CONTINUATION of it comes next; 0: anything
  std::string block_;
  unsigned continuations_ = 0;
  bool block_ends_ = false;
  Use block_use_ = Use::request;

  // Of the last event.
  std::size_t slot_ = 0;
  std::uint32_t stream_ = 0, increment_ = 0;
  std::size_t end_slot_ = kNone;  // its end is the next event
  RequestHead head_;
  Arena arena_, trailer_arena_;
  Fields trailers_;
  std::string_view body_;
  std::size_t flow_ = 0;
  H2Code code_ = H2Code::no_error;
  H2End end_ = H2End::protocol;
};

}  // namespace weir
