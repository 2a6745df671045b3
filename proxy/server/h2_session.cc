// HTTP/2 with a client: what comes; see h2_session.h. How it ends stands in h2_ending.cc.
#include "proxy/server/h2_session.h"

#include <algorithm>
#include <cstring>

#include "proxy/fetch/forwarding.h"
#include "proxy/server/client_connection.h"

namespace weir {
namespace {

constexpr std::size_t kEarlyPriorities = 16;

}  // namespace

H2Session::H2Session(WorkerContext& worker, const H1Limits& limits, H2Shared& shared)
    : worker_(worker), limits_(limits), shared_(shared), parser_(limits), sender_(worker, shared.heads) {}

H2Session::~H2Session() {
  detach();
}

// weir's preface: its settings, and a window for all streams.
void H2Session::attach(ClientConnection& connection) {
  connection_ = &connection;
  parser_.restart(connection.client().tls);
  worker_.node.metrics.clients(worker_.number).http2_connections.add();
  std::string settings;
  append_h2_setting(settings, H2Setting::max_concurrent_streams, H2RequestParser::kMostStreams);
  append_h2_setting(settings, H2Setting::initial_window_size, H2Stream::kWindowIn);
  append_h2_setting(settings, H2Setting::max_header_list_size, static_cast<std::uint32_t>(limits_.head));
  append_h2_setting(settings, H2Setting::enable_connect_protocol, 1);
  append_h2_setting(settings, H2Setting::no_rfc7540_priorities, 1);
  sender_.frame([&](std::string& out) { append_h2_settings(out, settings); });
  sender_.frame([](std::string& out) { append_h2_window_update(out, 0, kWindowIn - kH2FirstWindow); });
  if (connection.leaves()) drain();
  flush_later();
}

void H2Session::detach() {
  if (connection_ == nullptr) return;
  worker_.node.metrics.clients(worker_.number).http2_connections_over.add();
  closing_ = true;
  close_streams();  // and so nothing is held any more
  connection_ = nullptr;
  sender_.restart();
  parser_.restart();
  worker_.buffers.give_back(std::move(buffer_));
  filled_ = parsed_ = 0;
  streams_.clear();
  window_in_ = H2ReceiveWindow(kWindowIn);
  early_priorities_.clear();
  initial_window_ = kH2FirstWindow;
  hold_ = std::make_shared<const char>();
  leaving_ = Leaving::no;
  most_served_ = kH2MostStream;
  waits_for_ = 0;
  closing_ = processing_ = held_back_ = partial_ = client_leaves_ = flush_due_ = false;
}

bool H2Session::idle() const {
  return over() && parsed_ == filled_ && !closing_ && sender_.output_empty();
}

// --- reading ---

// What was read before this session was asked.
void H2Session::take(std::string_view bytes) {
  if (!buffer_) buffer_ = worker_.buffers.borrow();
  std::memcpy(buffer_.get(), bytes.data(), bytes.size());
  filled_ = bytes.size();
  process();
}

void H2Session::on_readable() {
  if (held_back_) return connection_->want_read(false);  // first the client takes what it asked for
  if (!buffer_) buffer_ = worker_.buffers.borrow();
  compact();
  const Io io = connection_->stream().read({buffer_.get() + filled_, BufferPool::kSize - filled_});
  switch (io.kind) {
    case Io::Kind::again: return give_buffer_back();
    case Io::Kind::moved: break;
    case Io::Kind::ended:
    case Io::Kind::failed: return connection_->close();
  }
  if (closing_) return;  // what follows an error is read away
  filled_ += io.bytes;
  process();
}

// A frame is never larger than the buffer, so there is always room behind a part of one.
void H2Session::compact() {
  if (parsed_ == 0) return;
  std::memmove(buffer_.get(), buffer_.get() + parsed_, filled_ - parsed_);
  filled_ -= parsed_;
  parsed_ = 0;
}

void H2Session::give_buffer_back() {
  if (parsed_ != filled_) return;
  parsed_ = filled_ = 0;
  worker_.buffers.give_back(std::move(buffer_));
}

// Everything that was read, then one write for all that came of it.
void H2Session::process() {
  const std::size_t before = parsed_;
  idle_looks_ = 0;
  const Time now = worker_.loop.now().mono;
  const auto [frames, bytes] = sender_.take_sent();
  parser_.budget().sent_content(frames, bytes);
  parser_.set_under_way(static_cast<std::size_t>(hold_.use_count() - 1));
  do {
    held_back_ = false;
    processing_ = true;
    while (!closing_ && next_event(now)) {}
    processing_ = false;
    flush();
  } while (held_back_ && connection_ != nullptr && !closing_ && sender_.output_empty());
  if (connection_ == nullptr) return;
  if (held_back_) connection_->want_read(false);
  const bool partial = parsed_ != filled_ || parser_.in_message();
  const bool same_head = parser_.in_message() && parser_.message() == waits_for_;
  if (partial && !same_head && (!partial_ || parsed_ != before)) waits_since_ = std::chrono::steady_clock::now();
  partial_ = partial;
  waits_for_ = parser_.message();
  give_buffer_back();
}

bool H2Session::next_event(Time now) {
  held_back_ = sender_.queued() > H2Sender::kMostQueued;
  if (held_back_) return false;
  std::size_t consumed = 0;
  const H2Event event = parser_.next({buffer_.get() + parsed_, filled_ - parsed_}, consumed, now);
  parsed_ += consumed;
  if (event == H2Event::need_more) return false;
  on_event(event, now);
  return true;
}

void H2Session::on_event(H2Event event, Time now) {
  switch (event) {
    case H2Event::need_more: return;
    case H2Event::head: return on_head();
    case H2Event::refused: return on_refused();
    case H2Event::body: return on_body(now);
    case H2Event::dropped: return on_dropped();
    case H2Event::end: return on_end();
    case H2Event::reset: return give_back(parser_.slot());
    case H2Event::stream_error: on_dropped(); return reset(parser_.slot(), parser_.stream(), parser_.code());
    case H2Event::settings: return on_settings();
    case H2Event::window: return on_window(now);
    case H2Event::priority: return on_priority();
    case H2Event::ping: return sender_.frame([this](std::string& out) { append_h2_ping(out, parser_.body(), true); });
    case H2Event::ping_ack: return on_ping_ack();
    case H2Event::goaway: client_leaves_ = true; return;
    case H2Event::error: return end(parser_.ending());
  }
}

// The stream may be over, and gone, when its exchange has begun.
void H2Session::on_head() {
  const std::size_t slot = parser_.slot();
  if (slot >= streams_.size()) streams_.resize(slot + 1);
  give_back(slot);
  auto& place = streams_[slot] = shared_.streams.borrow();
  H2Stream& stream = *place;
  parser_.take_head(stream.head, stream.arena);
  stream.open(*this, {parser_.stream(), slot, initial_window_, parser_.client_ended(slot)});
  if (!early_priorities_.empty()) take_early_priority(stream);
  worker_.node.metrics.clients(worker_.number).http2_streams.add();
  const Refusal& refusal = parser_.refusal();
  Client client = connection_->client();
  client.hold = &hold_;
  if (refusal.status == 0) return stream.exchange.begin(stream.head, client);
  worker_.node.metrics.requests_malformed.fetch_add(1, std::memory_order_relaxed);
  stream.exchange.begin_refused(stream.head, client, refusal.status, refusal.detail);
}

void H2Session::on_refused() {
  worker_.node.metrics.clients(worker_.number).http2_streams_refused.add();
  sender_.frame([this](std::string& out) { append_h2_rst_stream(out, parser_.stream(), H2Code::refused_stream); });
}

void H2Session::on_body(Time now) {
  if (!window_in_.take(parser_.flow())) return end(H2End::flow_control);
  H2Stream* const stream = at(parser_.slot());
  if (stream == nullptr || stream->on_body(parser_.body(), parser_.flow())) return;
  use_window(parser_.flow());
  refuse_stream(*stream, H2Code::flow_control_error, now);
}

void H2Session::on_dropped() {
  if (!window_in_.take(parser_.flow())) return end(H2End::flow_control);
  use_window(parser_.flow());
}

void H2Session::on_end() {
  H2Stream* const stream = at(parser_.slot());
  if (stream == nullptr) return;
  stream->on_end(trailers_of_request(parser_.trailers()));
}

void H2Session::on_settings() {
  sender_.frame([](std::string& out) { append_h2_settings_ack(out); });
  sender_.table().resize(parser_.settings().least_table);
  const std::uint32_t window = parser_.settings().initial_window;
  const std::int64_t more = std::int64_t{window} - std::exchange(initial_window_, window);
  if (more == 0) return;
  for (const auto& stream : streams_) {
    if (stream && !stream->window_out().grow(more)) return end(H2End::flow_control);
  }
}

void H2Session::on_window(Time now) {
  if (parser_.stream() == 0) {
    if (!sender_.window().grow(parser_.increment())) end(H2End::flow_control);
    return;
  }
  H2Stream* const stream = at(parser_.slot());
  if (stream == nullptr || stream->window_out().grow(parser_.increment())) return;
  refuse_stream(*stream, H2Code::flow_control_error, now);
}

void H2Session::on_priority() {
  const Priority priority = parse_priority(parser_.body());
  if (H2Stream* const stream = at(parser_.slot())) {
    stream->priority = priority;
  } else if (early_priorities_.size() < kEarlyPriorities) {
    early_priorities_.emplace_back(parser_.stream(), priority);
  }
}

// The last one said of the stream counts, and those of streams before it came too late.
void H2Session::take_early_priority(H2Stream& stream) {
  for (const auto& [id, priority] : early_priorities_) {
    if (id == stream.id()) stream.priority = priority;
  }
  std::erase_if(early_priorities_, [&](const auto& early) { return early.first <= stream.id(); });
}

// --- for streams ---

void H2Session::answered(H2Stream& stream) {
  parser_.answered(stream.slot(), worker_.loop.now().mono);
}

void H2Session::cut(H2Stream& stream, H2Code code) {
  parser_.cut(stream.slot());
  sender_.frame([&](std::string& out) { append_h2_rst_stream(out, stream.id(), code); });
  flush_later();
}

void H2Session::release(H2Stream& stream) {
  give_back(stream.slot());
}

void H2Session::give_back(std::size_t slot) {
  if (slot < streams_.size() && streams_[slot]) shared_.streams.give_back(std::move(streams_[slot]));
}

void H2Session::use_window(std::size_t bytes) {
  if (bytes == 0 || closing_) return;
  const std::uint32_t increment = window_in_.give_back(bytes);
  if (increment > 0) grant(0, increment);
}

void H2Session::hold(std::size_t bytes) {
  const bool was_short = held_ > lent_;
  held_ += bytes;
  if (!borrow() && !was_short) shared_.short_of_it.push_back(this);
}

// What was never lent opens the window first: a connection whose own is used up gets on as soon as anything of it does.
void H2Session::let_go(std::size_t bytes) {
  const bool was_short = held_ > lent_;
  const std::size_t own = std::min(bytes, held_ - lent_);
  held_ -= bytes;
  lent_ -= bytes - own;
  shared_.ahead += bytes - own;
  if (was_short && held_ == lent_) std::erase(shared_.short_of_it, this);
  use_window(own);
  shared_.lend();
}

bool H2Session::borrow() {
  const std::size_t more = std::min(shared_.ahead, held_ - lent_);
  shared_.ahead -= more;
  lent_ += more;
  use_window(more);
  return held_ == lent_;
}

void H2Shared::lend() {
  while (ahead > 0 && !short_of_it.empty() && short_of_it.front()->borrow()) short_of_it.erase(short_of_it.begin());
}

void H2Session::grant(std::uint32_t stream, std::uint32_t increment) {
  sender_.frame([&](std::string& out) { append_h2_window_update(out, stream, increment); });
  flush_later();
}

// --- writing ---

void H2Session::on_writable() {
  connection_->want_write(false);
  flush();
  if (connection_ == nullptr || !held_back_ || !sender_.output_empty()) return;
  connection_->want_read(true);
  process();
}

// Not from inside a step of an exchange, which a failed write would take apart.
void H2Session::flush_later() {
  if (processing_ || std::exchange(flush_due_, true)) return;
  worker_.loop.defer([connection = connection_->weak(*this)] {
    if (auto* session = connection.session()) session->flush();
  });
}

// All that is ready, in turns, until there is no more or the socket is full. Then the connection ends where it must.
void H2Session::flush() {
  flush_due_ = false;
  if (connection_ == nullptr || processing_) return;
  bool more = true;
  while (more) {
    processing_ = true;
    more = sender_.give_turns();
    processing_ = false;
    switch (sender_.write_out(connection_->stream())) {
      case Io::Kind::again: return connection_->want_write(true);
      case Io::Kind::failed:
      case Io::Kind::ended: return connection_->close();
      case Io::Kind::moved: break;
    }
  }
  if (over() && (leaving_ == Leaving::last || client_leaves_)) closing_ = true;
  if (closing_) connection_->linger();
}

}  // namespace weir
