// A connection that speaks HTTP/1.1; see h1_connection.h.
#include "proxy/upstream/h1_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kMostUnsentKept = 16 * 1024;  // of memory, for the next request

}  // namespace

H1Connection::H1Connection(Loop& loop, BufferPool& buffers, std::shared_ptr<Upstream> upstream, OriginServer& server,
                           std::unique_ptr<Stream> stream, Callback<void(H1Connection*)> idle_closed)
    : loop_(loop),
      buffers_(buffers),
      upstream_(std::move(upstream)),
      server_(server),
      idle_closed_(std::move(idle_closed)),
      stream_(std::move(stream)),
      deadline_(loop, [this] { timed_out(); }),
      limits_(origin_limits()),
      parser_(limits_) {
  server_.open.fetch_add(1, std::memory_order_relaxed);
  stream_->belong_to(this, on_readable, on_writable);
  stream_->want_read(true);
}

H1Connection::~H1Connection() {
  if (idle_ && !broken_) stream_->shut_down_writing();
  buffers_.give_back(std::move(buffer_));
  server_.open.fetch_sub(1, std::memory_order_relaxed);
}

void H1Connection::begin(User& user, Method method) {
  user_ = &user;
  method_ = method;
  ++requests_;
  idle_ = request_written_ = answered_ = paused_ = head_came_ = false;
  allow(options().first_byte_timeout, options().between_bytes_timeout);
  filled_ = parsed_ = 0;
  parser_.next_message(method);
  stream_->want_read(true);
  deadline_.clear();
}

void H1Connection::allow(Duration first_byte, Duration between_bytes) {
  first_byte_ = first_byte;
  between_bytes_ = between_bytes;
}

std::string& H1Connection::unsent_bytes() {
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  return out_;
}

Result<void> H1Connection::send_head(const H1RequestLine& line, const Fields& fields, Framing framing,
                                     std::uint64_t length) {
  chunked_ = framing == Framing::chunked;
  return write_h1_request(unsent_bytes(), line, fields, framing, length);
}

void H1Connection::send_content(std::string_view bytes) {
  if (bytes.empty()) return;
  std::string& out = unsent_bytes();
  if (chunked_) write_chunk_header(out, bytes.size());
  out.append(bytes);
  if (chunked_) out.append("\r\n");
}

void H1Connection::end_content(std::string_view trailers) {
  end_due_ = tunnel_;
  if (chunked_) unsent_bytes().append("0\r\n").append(trailers).append("\r\n");
}

bool H1Connection::flush() {
  if (broken_) return false;
  while (unsent() > 0) {
    const iovec piece{out_.data() + out_sent_, unsent()};
    const Io io = stream_->write({&piece, 1});
    if (io.kind == Io::Kind::moved) {
      out_sent_ += io.bytes;
      if (tunnel_) deadline_.clear();
      continue;
    }
    if (tunnel_ && io.kind == Io::Kind::failed) tunnel_broke(io);
    // A failed write is not the end: the answer may have come already (413, say). Reading tells.
    if (io.kind == Io::Kind::again) {
      stream_->want_write(true);
      if (tunnel_ && !deadline_.is_set()) deadline_.set(tunnel_patience_);
      if (!head_came_) deadline_.set(between_bytes_);  // the origin takes nothing
    }
    return false;
  }
  unsent_bytes();  // none: their memory goes, if it was much
  if (out_.capacity() > kMostUnsentKept) std::string().swap(out_);
  if (!head_came_) deadline_.clear();  // it is the client's turn to send, or request_written() follows
  if (end_due_ && !std::exchange(said_end_, true)) stream_->shut_down_writing();
  return true;
}

// What the origin sent behind the head comes as the first bytes.
void H1Connection::begin_tunnel(Duration patience) {
  tunnel_ = true;
  tunnel_patience_ = patience;
  deadline_.clear();
}

// Of a tunnel nothing is to be expected any more that reading would tell.
void H1Connection::tunnel_broke(const Io& io) {
  loop_.defer([this, why = stream_->why(io), alive = std::weak_ptr<const int>(alive_)] {
    if (!alive.expired() && user_ != nullptr && !broken_) fail(Code::closed, "connection lost: " + why);
  });
}

void H1Connection::request_written() {
  request_written_ = true;
  if (!head_came_ && !paused_) deadline_.set(first_byte_);
}

void H1Connection::pause_reading(bool yes) {
  if (std::exchange(paused_, yes) == yes || broken_) return;
  stream_->want_read(!yes && !heard_end_);
  if (yes && tunnel_) return;
  if (yes) {
    deadline_.clear();
  } else {
    watch_answer();
    // What was read before the pause waits in the buffer; where that is nothing, the end of the answer may still wait.
    if (!parsing_ && parser_.started()) {
      loop_.defer([this, alive = std::weak_ptr<const int>(alive_)] {
        if (!alive.expired() && user_ != nullptr && !paused_ && !broken_) parse();
      });
    }
  }
}

bool H1Connection::end_use() {
  user_ = nullptr;
  deadline_.clear();
  if (tunnel_ && !(heard_end_ && said_end_)) stream_->reset_on_close();  // it must not look like its end
  const bool reusable = !tunnel_ && !broken_ && answered_ && request_written_ && unsent() == 0 &&
                        parser_.head().keep_alive && parsed_ == filled_;
  if (!reusable) return false;
  idle_ = true;
  buffers_.give_back(std::move(buffer_));
  stream_->want_read(true);  // a byte or an end while idle closes it
  stream_->want_write(false);
  return true;
}

void H1Connection::read_some() {
  if (broken_) return;
  if (user_ == nullptr) return read_idle();
  if (!buffer_) buffer_ = buffers_.borrow();
  if (parsed_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + parsed_, filled_ - parsed_);
    filled_ -= parsed_;
    parsed_ = 0;
  }
  const Io io = stream_->read({buffer_.get() + filled_, BufferPool::kSize - filled_});
  switch (io.kind) {
    case Io::Kind::again: return;
    case Io::Kind::moved:
      filled_ += io.bytes;
      watch_answer();
      return parse();
    case Io::Kind::ended: return ended();
    case Io::Kind::failed: return fail(Code::closed, std::string("connection lost: ") + stream_->why(io));
  }
}

// Whatever comes, it can't be an answer to anything, but TLS has business of its own.
void H1Connection::read_idle() {
  if (stream_->quiet()) return;
  broken_ = true;
  stream_->want_read(false);
  idle_closed_(this);
}

// However its bytes drip, the head has the time of the first byte, from the whole request on.
void H1Connection::watch_answer() {
  if (tunnel_) return;
  if (head_came_) {
    deadline_.set(between_bytes_);
  } else if (request_written_ && !deadline_.is_set()) {
    deadline_.set(first_byte_);
  }
}

void H1Connection::parse() {
  parsing_ = true;
  while (user_ != nullptr && !paused_ && !broken_ && !answered_) {
    std::size_t consumed = 0;
    const bool more = step({buffer_.get() + parsed_, filled_ - parsed_}, consumed);
    if (!more) break;
  }
  parsing_ = false;
  const bool rests = paused_ || tunnel_;  // slow readers, and tunnels that say nothing most of the time
  if (!rests || parsed_ < filled_) return;
  buffers_.give_back(std::move(buffer_));
  filled_ = parsed_ = 0;
}

// All of it is content, where it was framing before.
bool H1Connection::pass_on(std::string_view in) {
  if (in.empty()) return false;
  parsed_ += in.size();
  user_->on_origin_body(in);
  return true;
}

void H1Connection::hand_over_head() {
  ResponseHead& head = parser_.head();
  if (head.status >= 200 || head.status == 101) {
    head_came_ = true;
    watch_answer();
  }
  user_->on_origin_head(head);
}

// One event of the parser. False: nothing more to be had from these bytes.
bool H1Connection::step(std::string_view in, std::size_t& consumed) {
  if (tunnel_) return pass_on(in);
  const H1Event event = parser_.next(in, consumed);
  parsed_ += consumed;
  switch (event) {
    case H1Event::need_more: return false;
    case H1Event::head: hand_over_head(); return true;
    case H1Event::body: user_->on_origin_body(parser_.body()); return true;
    case H1Event::error: fail(parser_.error().code, parser_.error().detail); return false;
    case H1Event::end: break;
  }
  const int status = parser_.head().status;
  if (status < 200 && status != 101) {  // interim: the real answer follows
    parser_.next_message(method_);
    return true;
  }
  answered_ = true;
  deadline_.clear();
  user_->on_origin_end(parser_.trailers());
  if (user_ != nullptr) stream_->want_read(false);  // nearly always it was released meanwhile: then it reads on, idle
  return false;
}

void H1Connection::ended() {
  stream_->want_read(false);
  if (tunnel_) {
    heard_end_ = true;
    return user_->on_origin_end(parser_.trailers());
  }
  broken_ = true;
  deadline_.clear();
  const bool untouched = !parser_.started();
  if (!untouched && parser_.end_of_stream() == H1Event::end) {
    answered_ = true;
    return user_->on_origin_end(parser_.trailers());
  }
  user_->on_origin_error({Side::origin, Code::closed, untouched ? "closed before an answer" : "answer cut short"},
                         untouched ? OriginLoss::unanswered : OriginLoss::midway);
}

void H1Connection::fail(Code code, std::string detail) {
  broken_ = true;
  stream_->want_read(false);
  stream_->want_write(false);
  deadline_.clear();
  const auto loss = parser_.started() ? OriginLoss::midway : OriginLoss::unanswered;
  if (user_ != nullptr) user_->on_origin_error({Side::origin, code, std::move(detail)}, loss);
}

void H1Connection::timed_out() {
  if (tunnel_) return fail(Code::timeout, "the origin takes nothing");
  fail(Code::timeout, head_came_ ? "the answer stopped coming" : "no answer in time");
}

void H1Connection::write_some() {
  stream_->want_write(false);
  if (flush() && user_ != nullptr) user_->on_origin_writable();
}

}  // namespace weir
