// The rules of a connection to an HTTP/2 origin; see h2_origin_codec.h. What nghttp2 calls stands in
// h2_origin_session.cc.
#include "proxy/http/h2_origin_codec.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/http/h2_origin_session.h"

namespace weir {
namespace {

constexpr std::uint64_t kBytesPerUpdate = 512;  // of content sent: a window update that is no oddity
// The same of a frame of content: an origin that measures the line (grpc) says a window update and a PING for each.
constexpr std::uint64_t kUpdatesPerPiece = 2;
constexpr std::size_t kFrameHead = 9;
constexpr std::uint32_t kMostRoom = 1000;
constexpr std::uint32_t kLastStream = 0x7fffffff;  // RFC 9113 §5.1.1
constexpr unsigned kMostStraysDue = 3 * kMostRoom;

std::vector<nghttp2_nv> pairs_of(const std::vector<H2Field>& fields) {
  const auto bytes = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  std::vector<nghttp2_nv> pairs;
  pairs.reserve(fields.size());
  for (const H2Field& field : fields) {
    pairs.push_back(
        {bytes(field.name), bytes(field.value), field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return pairs;
}

Error of_origin(Code code, std::string detail) {
  return Error{Side::origin, code, std::move(detail)};
}

}  // namespace

// The head of a 304 whose end hasn't come. It makes a copy fresh, and until it has ended it may yet be broken.
struct H2OriginCodec::Held {
  ResponseHead head;
  Arena bytes;
};

struct H2OriginCodec::Stream {
  explicit Stream(H2Answer& its_answer, Method its_method) : answer(its_answer), method(its_method) {}

  H2Answer& answer;
  const Method method;
  bool head_came = false, over = false;  // the answer's
  std::unique_ptr<Held> held;
  bool content_ends = false;  // the request's: nothing follows what waits
  bool counted = false;       // its length is known, and
  std::uint64_t left = 0;     // so much of it is yet to be written
  std::string waiting, trailers;
  std::size_t sent = 0;  // of what waits
  std::string why;       // what nghttp2 found wrong

  // What may go into frames. nghttp2 doesn't end a stream whose window is used up, unless in the frame that uses it: so
  // the very last byte waits for the word that it is the last.
  std::size_t ready() const {
    const bool held_back = counted && left == 0 && !content_ends && sent < waiting.size();
    return waiting.size() - sent - (held_back ? 1 : 0);
  }
};

H2OriginCodec::H2OriginCodec(const H1Limits& limits, bool tls, std::uint32_t hoped) : tls_(tls), answer_(limits) {
  session_ = Callbacks::make_session(this, hoped);
  const std::array<nghttp2_settings_entry, 3> settings{
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
       {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head)}}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

H2OriginCodec::~H2OriginCodec() {
  nghttp2_session_del(session_);
}

void H2OriginCodec::receive(std::string_view bytes, Time now) {
  now_ = now;
  if (over_) return;
  if (!settled_ && bytes.starts_with("HTTP/1")) return fail(Code::malformed, "the server answers in HTTP/1.1");
  refill();
  unseen_ += static_cast<std::int64_t>(bytes.size());
  const auto taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) fail(Code::malformed, nghttp2_strerror(static_cast<int>(taken)));
  if (unseen_ > strays_allowed_) fail(Code::malformed, "too much that nobody asked for");
}

// The first reason counts: what follows only follows from it.
void H2OriginCodec::fail(Code code, std::string_view detail) {
  over_ = leaving_ = true;
  if (error_.detail.empty()) error_ = of_origin(code, "HTTP/2: " + std::string(detail));
}

std::string_view H2OriginCodec::next_output() {
  const std::uint8_t* bytes = nullptr;
  const auto count = nghttp2_session_mem_send(session_, &bytes);
  if (count < 0) fail(Code::internal, nghttp2_strerror(static_cast<int>(count)));
  if (count == 0 && nghttp2_session_want_read(session_) == 0) end_session();
  if (count <= 0) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)};
}

void H2OriginCodec::end_session() {
  if (!broken_.empty()) return fail(Code::malformed, broken_);
  if (leaving_) return fail(Code::closed, "the origin leaves");
  fail(Code::malformed, "a frame breaks the rules");
}

void H2OriginCodec::fail_all(const Error& error) {
  over_ = leaving_ = true;
  const auto lost = std::exchange(streams_, {});
  for (const auto& [id, stream] : lost) {
    if (!std::exchange(stream->over, true)) stream->answer.on_h2_lost(error, false);
  }
}

Result<H2OriginCodec::StreamId> H2OriginCodec::open(const H1RequestLine& line, const Fields& fields, Framing framing,
                                                    std::uint64_t length, bool content, Method method,
                                                    H2Answer& answer) {
  if (leaving_) return of_origin(Code::unavailable, "HTTP/2: the origin takes no more requests");
  if (auto written = request_.write_head(line, tls_, fields, framing, length); !written) return written.error();
  const auto pairs = pairs_of(request_.list());
  nghttp2_data_provider provider = Callbacks::provider();
  const auto id =
      nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(), content ? &provider : nullptr, nullptr);
  if (id < 0) return of_origin(Code::unavailable, std::string("HTTP/2: ") + nghttp2_strerror(id));
  auto& stream = *streams_.emplace(id, std::make_unique<Stream>(answer, method)).first->second;
  stream.counted = framing == Framing::length;
  stream.left = length;
  strays_due_ = std::min(strays_due_ + 1, kMostStraysDue);  // the origin may reset it, be it over here (RFC 9113 §8.1)
  if (nghttp2_session_get_next_stream_id(session_) > kLastStream) leaving_ = true;  // it was the last one
  return id;
}

H2OriginCodec::Stream* H2OriginCodec::find(StreamId stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

void H2OriginCodec::write(StreamId stream, std::string_view content) {
  Stream* const to = find(stream);
  if (to == nullptr || content.empty()) return;
  if (to->sent == to->waiting.size()) {
    to->waiting.clear();
    to->sent = 0;
  }
  to->waiting.append(content);
  to->left -= std::min<std::uint64_t>(to->left, content.size());
  nghttp2_session_resume_data(session_, stream);
}

void H2OriginCodec::end(StreamId stream, std::string_view trailers) {
  Stream* const to = find(stream);
  if (to == nullptr) return;
  to->content_ends = true;
  to->trailers = trailers;
  nghttp2_session_resume_data(session_, stream);
}

std::size_t H2OriginCodec::unsent(StreamId stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? 0 : found->second->ready();
}

void H2OriginCodec::consumed(StreamId stream, std::size_t bytes) {
  nghttp2_session_consume_stream(session_, stream, bytes);
}

void H2OriginCodec::cancel(StreamId stream) {
  const auto gone = streams_.extract(stream);
  const bool answered = gone.empty() || gone.mapped()->over;
  if (answered && nghttp2_session_get_stream_local_close(session_, stream) != 0) return;  // it ends by itself
  expect_strays();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

// What the origin sent of a stream before it could know that nobody wants it: a window's content, a head, trailers.
void H2OriginCodec::expect_strays() {
  const std::int64_t most = kConnectionWindow;
  strays_allowed_ = std::min(strays_allowed_ + kStreamWindow, most);
  strays_earned_ = std::min(strays_earned_ + kStreamWindow, most);
  strays_due_ = std::min(strays_due_ + 2, kMostStraysDue);
}

void H2OriginCodec::begin_at(StreamId first) {
  nghttp2_session_set_next_stream_id(session_, first);
}

void H2OriginCodec::say_goodbye() {
  leaving_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

std::size_t H2OriginCodec::room() const {
  if (leaving_ || nghttp2_session_check_request_allowed(session_) == 0) return 0;
  return most() > streams_.size() ? most() - streams_.size() : 0;
}

std::uint32_t H2OriginCodec::most() const {
  return std::min(kMostRoom, nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

void H2OriginCodec::refill() {
  if (now_ - since_ <= kOdditiesFor) return;
  since_ = now_;
  oddities_.fill(0);
  sent_content_ = sent_pieces_ = 0;
  unseen_ = std::min<std::int64_t>(unseen_, 0);
  strays_allowed_ = kStreamWindow + std::exchange(strays_earned_, 0);  // what ended before that has come
}

// An origin may do these things, but not all the time.
bool H2OriginCodec::odd(Oddity kind, std::uint64_t allowed) {
  if (++oddities_[static_cast<std::size_t>(kind)] <= kMostOddities + allowed) return true;
  fail(Code::malformed, "the origin floods the connection");
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
  return false;
}

// Of a stream that is over here.
bool H2OriginCodec::stray() {
  if (strays_due_ == 0) return odd(Oddity::other);
  --strays_due_;
  return true;
}

// False: the connection is over. nghttp2 doesn't tell of what it ignores: content of a stream that is over, unknown
// types.
bool H2OriginCodec::frame_begins(std::uint8_t type, std::uint8_t flags, StreamId stream, std::size_t length) {
  const bool ack = (flags & NGHTTP2_FLAG_ACK) != 0;
  unseen_ -= static_cast<std::int64_t>(kFrameHead + length);
  switch (type) {
    case NGHTTP2_DATA: return length > 0 || (flags & NGHTTP2_FLAG_END_STREAM) != 0 || odd(Oddity::empty_data);
    case NGHTTP2_HEADERS: return find(stream) != nullptr || stray();
    case NGHTTP2_RST_STREAM: return stray();
    case NGHTTP2_CONTINUATION: return true;  // nghttp2 counts them
    case NGHTTP2_SETTINGS: return ack || odd(Oddity::settings);
    case NGHTTP2_PING: return odd(Oddity::ping, sent_pieces_ * kUpdatesPerPiece);
    case NGHTTP2_WINDOW_UPDATE:
      return odd(Oddity::window_update, sent_content_ / kBytesPerUpdate + sent_pieces_ * kUpdatesPerPiece);
    case NGHTTP2_PUSH_PROMISE: fail(Code::malformed, "a push that nobody wants"); return false;
    default: return odd(Oddity::other);
  }
}

void H2OriginCodec::block_begins(StreamId stream) {
  const Stream* const of = find(stream);
  answer_.begin(of != nullptr && of->head_came);
}

// False: the stream is over.
bool H2OriginCodec::field(StreamId stream, std::string_view name, std::string_view value) {
  if (find(stream) == nullptr || answer_.add(name, value)) return true;
  lose(stream, of_origin(answer_.error().code, "HTTP/2: " + answer_.error().detail), false);
  return false;
}

void H2OriginCodec::block_ends(StreamId stream, bool ends) {
  Stream* const of = find(stream);
  if (of == nullptr || of->over) return;
  if (of->head_came) return ended(stream, answer_.finish_trailers());
  ResponseHead* const head = answer_.finish_head(of->method, ends);
  const bool switches = head != nullptr && head->status == 101;
  const bool interim = head != nullptr && head->status < 200;
  if (head == nullptr || switches || (interim && ends)) {
    const std::string why = head == nullptr ? answer_.error().detail : "a status that can't be";
    lose(stream, of_origin(Code::malformed, "HTTP/2: " + why), false);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  of->head_came = !interim;
  if (head->status == 304 && !ends) {
    of->held = std::make_unique<Held>();
    answer_.give(of->held->head, of->held->bytes);
    return of->answer.on_h2_answered();
  }
  of->answer.on_h2_head(*head);
  if (ends) ended(stream, no_trailers_);
}

void H2OriginCodec::content(StreamId stream, std::string_view bytes) {
  nghttp2_session_consume_connection(session_, bytes.size());
  if (Stream* const of = find(stream); of != nullptr && !of->over) of->answer.on_h2_content(bytes);
}

void H2OriginCodec::content_ends(StreamId stream) {
  ended(stream, no_trailers_);
}

void H2OriginCodec::note(StreamId stream, std::string_view what) {
  if (Stream* const of = find(stream)) of->why = what;
}

void H2OriginCodec::ended(StreamId stream, const Fields& trailers) {
  Stream* of = find(stream);
  if (of == nullptr || of->over) return;
  if (const auto held = std::move(of->held)) {
    of->answer.on_h2_head(held->head);
    of = find(stream);
    if (of == nullptr) return;  // nobody wants the rest
  }
  of->over = true;
  of->answer.on_h2_end(trailers);
}

// The stream is gone from here on, whatever the answer does now.
void H2OriginCodec::lose(StreamId stream, Error error, bool unprocessed) {
  const auto lost = streams_.extract(stream);
  if (lost.empty()) return;
  Stream& of = *lost.mapped();
  if (of.over) return;
  expect_strays();
  of.answer.on_h2_lost(std::move(error), unprocessed && !of.head_came);
}

// What is over on both sides, or was reset by either.
void H2OriginCodec::closed(StreamId stream, std::uint32_t code) {
  Stream* const of = find(stream);
  if (of == nullptr) return;
  std::string why = of->why.empty() ? std::string("the stream was reset: ") + nghttp2_http2_strerror(code) : of->why;
  const Code kind = of->why.empty() ? Code::closed : Code::malformed;
  lose(stream, of_origin(kind, "HTTP/2: " + std::move(why)), code == NGHTTP2_REFUSED_STREAM);
}

// Content for a frame that is about to be sent; less than none: there is none now. What is left of the request is asked
// for at once: nghttp2 doesn't end a stream whose window is used up, unless it is in the frame that uses it.
long H2OriginCodec::fill(StreamId stream, std::span<char> into, std::uint32_t& flags) {
  Stream* of = find(stream);
  std::size_t count = 0;
  while (of != nullptr && count == 0) {
    count = std::min(into.size(), of->ready());
    std::memcpy(into.data(), of->waiting.data() + of->sent, count);
    of->sent += count;
    if (count > 0) of->answer.on_h2_moving();
    if (of->ready() > 0 || of->content_ends) break;
    of->answer.on_h2_sent();
    of = find(stream);
    if (of != nullptr && of->ready() == 0) break;  // nothing came of it, or the end
  }
  sent_content_ += count;
  if (of != nullptr && of->content_ends && of->sent == of->waiting.size()) {
    finish(stream, *of, flags);
  } else if (count == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  ++sent_pieces_;
  return static_cast<long>(count);
}

void H2OriginCodec::finish(StreamId stream, const Stream& of, std::uint32_t& flags) {
  flags |= NGHTTP2_DATA_FLAG_EOF;
  request_.write_trailers(of.trailers);
  const auto pairs = pairs_of(request_.list());
  if (pairs.empty()) return;
  flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  nghttp2_submit_trailer(session_, stream, pairs.data(), pairs.size());
}

}  // namespace weir
