// The client's side of HTTP/1.1: reading requests; see h1_session.h. How answers are written stands in h1_answer.cc.
#include "proxy/server/h1_session.h"

#include <cstring>
#include <utility>

#include "proxy/fetch/forwarding.h"
#include "proxy/http/h2_frame.h"
#include "proxy/server/client_connection.h"

namespace weir {
namespace {

constexpr std::size_t kMostQueued = 256 * 1024;  // answers to pipelined requests, and what is said of them
constexpr std::size_t kCompactAbove = 8 * 1024;  // so that behind the largest head there is room for a body

}  // namespace

H1Session::H1Session(WorkerContext& worker, const H1Limits& limits)
    : worker_(worker), parser_(limits), exchange_(worker, *this), accounts_(worker) {}

H1Session::~H1Session() {
  detach();
}

void H1Session::attach(ClientConnection& connection) {
  connection_ = &connection;
  buffer_ = worker_.buffers.borrow();
  parser_.restart(connection.client().tls);
}

void H1Session::detach() {
  exchange_.cancel();
  accounts_.cut(output_.sent());
  if (upload_) {
    upload_->on_room({});
    upload_->on_wanted({});
  }
  upload_.reset();
  output_.clear();
  worker_.buffers.give_back(std::move(buffer_));
  connection_ = nullptr;
  filled_ = parsed_ = 0;
  discarded_ = received_ = body_bytes_ = chunk_left_ = 0;
  held_back_ = ends_with_connection_ = false;
  input_ = Input::head;
  answered_ = chunked_ = close_after_ = closing_ = again_ = aborted_ = continue_due_ = blocked_ = false;
  client_over_ = end_due_ = false;
}

bool H1Session::idle() const {
  return input_ == Input::head && !exchange_.under_way() && parsed_ == filled_ && output_.empty() && !closing_;
}

bool H1Session::reading_head() const {
  return input_ == Input::head && !exchange_.under_way() && filled_ > parsed_ && output_.empty();
}

bool H1Session::client_is_slow() const {
  if (input_ == Input::tunnel && !closing_) return false;  // the exchange watches over it
  if (!output_.empty() || blocked_ || closing_) return true;
  // Once it is being answered it may take its time with the rest.
  // And one that asked may wait to be told to go on.
  if (input_ != Input::body || continue_due_) return false;
  return !upload_ || (!upload_->full() && !exchange_.started);
}

void H1Session::on_readable() {
  if (input_ == Input::tunnel && !closing_) return read_tunnel();
  compact();
  if (filled_ == BufferPool::kSize) return connection_->want_read(false);  // pipelined far ahead: first things first
  const Io io = connection_->stream().read({buffer_.get() + filled_, BufferPool::kSize - filled_});
  switch (io.kind) {
    case Io::Kind::again: return;
    case Io::Kind::moved: break;
    case Io::Kind::ended: return client_ended();
    case Io::Kind::failed: return fail();
  }
  received_ += io.bytes;
  if (closing_) return;  // what follows an error, or a last answer, is read away
  filled_ += io.bytes;
  if (connection_->fresh() && speaks_http2()) return;
  process();
}

void H1Session::take(std::string_view bytes) {
  std::memcpy(buffer_.get(), bytes.data(), bytes.size());
  filled_ = bytes.size();
  received_ += bytes.size();
  process();
}

// HTTP/2 by prior knowledge (RFC 9113 §3.3): its preface is no request that anybody makes. True: it is that, or may
// become it.
bool H1Session::speaks_http2() {
  const std::string_view bytes(buffer_.get(), filled_);
  const auto begin = bytes.substr(0, kH2Preface.size());
  if (!kH2Preface.starts_with(begin)) {
    connection_->began();
    return false;
  }
  if (begin.size() == kH2Preface.size()) connection_->speak(ClientProtocol::http2, bytes);
  return true;
}

// Bytes that wait move to the front of the buffer, or to just behind the head that an exchange still reads.
void H1Session::compact() {
  const std::size_t base = exchange_.under_way() ? head_end_ : 0;
  if (parsed_ == base) return;
  std::memmove(buffer_.get() + base, buffer_.get() + parsed_, filled_ - parsed_);
  filled_ = base + (filled_ - parsed_);
  parsed_ = base;
}

// Reads requests out of the buffer until one has to wait. Never inside itself: an exchange that ends in here is seen
// here.
void H1Session::process() {
  if (std::exchange(processing_, true)) {
    again_ = true;
    return;
  }
  do {
    again_ = held_back_ = false;
    while (!closing_ && connection_ != nullptr && next_event()) {}
    if (held_back_ && write_out() == Io::Kind::moved) again_ = true;
  } while (again_ && !closing_ && connection_ != nullptr);
  processing_ = false;
  if (connection_ != nullptr) flush();
}

bool H1Session::next_event() {
  if (input_ == Input::tunnel) return pass_on_first_bytes();
  if (input_ == Input::over) {
    if (!answered_) return false;
    next_request();
    return !closing_;
  }
  if (input_ == Input::head && parsed_ == filled_) return false;
  held_back_ = input_ == Input::head && output_.unsent() + accounts_.memory() > kMostQueued;
  if (held_back_) return false;
  if (upload_ && upload_->full()) {
    connection_->want_read(false);
    return false;
  }
  std::size_t consumed = 0;
  const H1Event event = parser_.next({buffer_.get() + parsed_, filled_ - parsed_}, consumed);
  parsed_ += consumed;
  switch (event) {
    case H1Event::need_more: return false;
    case H1Event::head: on_head(); return true;
    case H1Event::body: on_body(parser_.body()); return true;
    case H1Event::end: on_end(); return true;
    case H1Event::error: on_malformed(); return false;
  }
  return false;
}

void H1Session::on_head() {
  RequestHead& head = parser_.head();
  input_ = head.framing == Framing::none ? Input::over : Input::body;
  head_end_ = parsed_;
  answered_ = false;
  discarded_ = body_bytes_ = 0;
  close_after_ = !head.keep_alive || connection_->leaves() ||
                 head.method == Method::connect;  // what follows it is meant for a tunnel
  continue_due_ = head.expect_continue && head.version != Version::http10;
  exchange_.begin(head, connection_->client());
}

void H1Session::on_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (upload_) {
    if (exchange_.route != nullptr && body_bytes_ > exchange_.route->max_request_body) {
      upload_->abandon(Upload::End::too_large);  // a chunked one
      upload_.reset();
      close_after_ = true;
      return;
    }
    return upload_->append(bytes);
  }
  discarded_ += bytes.size();
  if (discarded_ <= kMostReadAway) return;
  close_after_ = true;
  if (answered_) closing_ = true;
}

void H1Session::on_end() {
  input_ = Input::over;
  if (!upload_) return;
  std::exchange(upload_, nullptr)->finish(trailers_of_request(parser_.trailers()));
}

// The client's bytes can't be understood: nothing after them can, either (hostile.md 7).
void H1Session::on_malformed() {
  worker_.node.metrics.requests_malformed.fetch_add(1, std::memory_order_relaxed);
  close_after_ = true;
  if (input_ != Input::head) {  // in the middle of a body: what takes it breaks off, and says why where it still can
    input_ = Input::over;
    if (upload_) std::exchange(upload_, nullptr)->abandon(Upload::End::malformed);
    again_ = true;
    return;
  }
  closing_ = true;
  exchange_.begin_refused(parser_.head(), connection_->client(), parser_.error_status(), parser_.error().detail);
}

// What was read behind the head before it was known that a tunnel follows. False: there is nothing more.
bool H1Session::pass_on_first_bytes() {
  if (!upload_ || parsed_ == filled_) return false;
  upload_->append({buffer_.get() + parsed_, filled_ - parsed_});
  parsed_ = filled_;
  connection_->want_read(true);
  return false;
}

// By a buffer that goes back at once: most tunnels are silent most of the time, and ours holds the head.
void H1Session::read_tunnel() {
  if (!upload_ || upload_->full() || parsed_ < filled_) return connection_->want_read(false);
  BufferPool::Buffer bytes = worker_.buffers.borrow();
  const Io io = connection_->stream().read({bytes.get(), BufferPool::kSize});
  if (io.kind == Io::Kind::moved) {
    received_ += io.bytes;
    upload_->append({bytes.get(), io.bytes});
  }
  worker_.buffers.give_back(std::move(bytes));
  if (io.kind == Io::Kind::failed) return fail();
  if (io.kind != Io::Kind::ended) return;
  client_over_ = true;
  connection_->want_read(false);
  std::exchange(upload_, nullptr)->finish({});
}

void H1Session::give_up_on_head() {
  close_after_ = closing_ = true;
  exchange_.begin_refused(parser_.head(), connection_->client(), 408, "the request's head did not come in time");
}

void H1Session::leave() {
  connection_->leave();
}

// What is under way says `Connection: close` in its answer.
void H1Session::drain() {
  if (idle()) connection_->leave();
}

void H1Session::read_request_body(std::shared_ptr<Upload> upload) {
  upload_ = std::move(upload);
  upload_->on_room([this] {
    if (connection_ == nullptr) return;
    connection_->want_read(!client_over_);
    process_later();
  });
  upload_->on_wanted([this] {
    if (connection_ == nullptr || !std::exchange(continue_due_, false)) return;
    output_.add("HTTP/1.1 100 Continue\r\n\r\n");
    flush_later();
  });
  if (input_ == Input::tunnel) {  // what came with the head, or soon after it
    connection_->want_read(true);
    process_later();
  }
}

void H1Session::settle_when_sent(Account account, std::string_view text) {
  // Of one that is cut the socket took what is counted.
  const std::uint64_t end = output_.sent() + (account.cut ? 0 : output_.unsent());
  accounts_.add(std::move(account), text, end);
  accounts_.settle(output_.sent());  // nothing of it may be left to send
}

void H1Session::exchange_over() {
  if (upload_) upload_->on_wanted({});
  upload_.reset();  // nobody takes the rest of the body: it is read away
  // In the middle of a body, too, where the answer was the last one: the client shall stop.
  if (input_ == Input::tunnel || (input_ == Input::body && close_after_)) closing_ = true;
  if (connection_ != nullptr) connection_->want_read(!client_over_);
  if (closing_) return flush();
  process();
}

// The answer is out (or in the output): what of the request is still to come is read away, then the next one.
void H1Session::next_request() {
  if (close_after_) {
    closing_ = true;
    return;
  }
  parser_.next_message();
  input_ = Input::head;
  answered_ = false;
  upload_.reset();
  if (parsed_ > kCompactAbove) compact();
  connection_->want_read(true);
}

void H1Session::process_later() {
  worker_.loop.defer([connection = connection_->weak(*this)] {
    if (auto* session = connection.session()) session->process();
  });
}

// Not from inside a step of the exchange, which a failed write would take apart.
void H1Session::flush_later() {
  worker_.loop.defer([connection = connection_->weak(*this)] {
    if (auto* session = connection.session()) session->flush();
  });
}

// The client sends no more. What is answered already still goes out; what the origin is asked for, nobody waits for.
void H1Session::client_ended() {
  if (exchange_.under_way() || output_.empty()) return fail();
  closing_ = true;
  connection_->want_read(false);
  flush();
}

void H1Session::fail() {
  if (connection_ != nullptr) connection_->close();
}

}  // namespace weir
