// One HTTP/2 connection to an origin, without I/O: its bytes in, answers out; requests in, bytes to send out. nghttp2
// keeps the frames, windows and HPACK; here stand the rules of answers and the bounds on what an origin may do
// (hostile.md 15-18).
//
//   of each stream:  head (interim)* ─► head ─► content* ─► end      or, from anywhere, lost
//
// After `end` or `lost` nothing more comes of a stream. Answers come from within receive() and next_output(): what they
// lead to may open, write, hold and cancel, but receives and sends nothing itself. One loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/base/clock.h"
#include "proxy/base/units.h"
#include "proxy/http/h2_origin_head.h"

struct nghttp2_session;

namespace weir {

// Who gets what comes of one stream.
class H2Answer {
 public:
  virtual ~H2Answer() = default;
  virtual void on_h2_head(ResponseHead& head) = 0;
  virtual void on_h2_answered() {}  // the head of a 304 came, which is told with the end of its stream
  // The origin may send so many bytes more once consumed() was said of them.
  virtual void on_h2_content(std::string_view bytes) = 0;
  virtual void on_h2_end(const Fields& trailers) = 0;
  // `unprocessed`: the origin says, or it is certain, that it did nothing with the request. Code::unsupported: it wants
  // to be asked in HTTP/1.1.
  virtual void on_h2_lost(Error error, bool unprocessed) = 0;
  virtual void on_h2_sent() = 0;  // all content so far went into frames
  virtual void on_h2_moving() {}  // some of it did
};

class H2OriginCodec {
 public:
  using StreamId = std::int32_t;

  static constexpr std::uint32_t kStreamWindow = 128 * 1024;
  static constexpr std::uint32_t kConnectionWindow = 8 * 1024 * 1024;
  static constexpr unsigned kMostOddities = 1000;                     // in kOdditiesFor, and of each kind alone
  static constexpr Duration kOdditiesFor = std::chrono::seconds(10);  // hostile.md 36

  // `tls`: as the scheme of requests says. The limits must outlive it.
  // `hoped`: how many requests it takes, until it says so itself.
  H2OriginCodec(const H1Limits& limits, bool tls, std::uint32_t hoped = 100);
  ~H2OriginCodec();
  H2OriginCodec(const H2OriginCodec&) = delete;
  H2OriginCodec& operator=(const H2OriginCodec&) = delete;

  void receive(std::string_view bytes, Time now);
  // The next bytes to send, until the next call; empty: none now.
  std::string_view next_output();
  // Once all output is taken: the connection is over, error() says why, and fail_all() tells those who still wait.
  bool over() const { return over_; }
  const Error& error() const { return error_; }
  // The connection ended, or broke.
  void fail_all(const Error& error);

  // A request; `content`: there is more to it than its head. An error: it can't be written, and nothing was.
  Result<StreamId> open(const H1RequestLine& line, const Fields& fields, Framing framing, std::uint64_t length,
                        bool content, Method method, H2Answer& answer);
  void write(StreamId stream, std::string_view content);
  void end(StreamId stream, std::string_view trailers);  // of the content
  std::size_t unsent(StreamId stream) const;
  void consumed(StreamId stream, std::size_t bytes);
  // Nobody wants the answer any more. RST_STREAM where it isn't over on both sides.
  void cancel(StreamId stream);
  void say_goodbye();  // GOAWAY: nothing more is asked
  void stop() { leaving_ = over_ = true; }
  void begin_at(StreamId first);  // for tests: as if those before it had been used

  // How many requests more the origin takes now; 0 where it wants no new ones at all.
  std::size_t room() const;
  bool leaving() const { return leaving_ || over_; }  // no new ones, ever
  bool settled() const { return settled_; }           // its SETTINGS came: how many it takes is known
  std::uint32_t most() const;                         // that may be under way at once
  std::size_t streams() const { return streams_.size(); }

 private:
  struct Held;
  struct Stream;
  enum class Oddity : std::uint8_t { settings, ping, window_update, empty_data, other };
  struct Callbacks;  // from nghttp2 to the functions below
  friend struct Callbacks;

  Stream* find(StreamId stream);
  bool frame_begins(std::uint8_t type, std::uint8_t flags, StreamId stream, std::size_t length);
  void block_begins(StreamId stream);
  bool field(StreamId stream, std::string_view name, std::string_view value);
  void block_ends(StreamId stream, bool ends);
  void content(StreamId stream, std::string_view bytes);
  void content_ends(StreamId stream);
  void note(StreamId stream, std::string_view what);  // is wrong with it
  void ended(StreamId stream, const Fields& trailers);
  long fill(StreamId stream, std::span<char> into, std::uint32_t& flags);
  void finish(StreamId stream, const Stream& of, std::uint32_t& flags);
  void lose(StreamId stream, Error error, bool unprocessed);
  void closed(StreamId stream, std::uint32_t code);
  void refill();
  bool odd(Oddity kind, std::uint64_t allowed = 0);
  bool stray();
  void expect_strays();
  void end_session();
  void fail(Code code, std::string_view detail);

  const bool tls_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<StreamId, std::unique_ptr<Stream>> streams_;
  H2RequestFields request_;
  H2AnswerFields answer_;
  const Fields no_trailers_;
  std::uint64_t sent_content_ = 0;               // since `since_`
  std::uint64_t sent_pieces_ = 0;                // the same, in frames
  std::array<std::uint64_t, 5> oddities_{};      // the same, by kind
  std::int64_t unseen_ = 0;                      // bytes of frames that were ignored, the same
  std::int64_t strays_allowed_ = kStreamWindow;  // of them
  std::int64_t strays_earned_ = 0;               // what of it is for streams that ended since `since_`
  unsigned strays_due_ = 0;                      // frames that may yet come of streams that are over
  Time now_{}, since_{};
  std::string broken_;  // the last frame that broke a rule, and which
  Error error_;
  bool leaving_ = false, over_ = false, settled_ = false;
};

}  // namespace weir
