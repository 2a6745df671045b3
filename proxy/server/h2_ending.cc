// How an HTTP/2 connection ends: by a fault, by the clock, by its client or by weir's own end; see h2_session.h.
#include <chrono>

#include "proxy/base/line_log.h"
#include "proxy/server/client_connection.h"
#include "proxy/server/h2_session.h"

namespace weir {
namespace {

constexpr std::string_view kDrainPing = "weir ends";  // its first eight bytes: they come back after what was under way
constexpr auto kDrainPatience = std::chrono::seconds(1);
constexpr auto kReportEvery = std::chrono::minutes(1);
constexpr unsigned kLooksToShrink = 20;
constexpr auto kRestPatience = std::chrono::seconds(2);  // for the rest of a body that nobody wants

// Too much of what costs weir more than the client: for the operator to see, and not to be flooded with.
void report_misuse(Metrics& metrics, std::string_view client, H2End why) {
  const Time now = MonotonicClock::now();
  Time last = metrics.misuse_reported.load(std::memory_order_relaxed);
  if (last != Time{} && now - last < kReportEvery) return;
  if (!metrics.misuse_reported.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  report("HTTP/2 client " + std::string(client) + ": its connection ends for misuse (" + std::string(word(why)) +
         "); said once a minute at most");
}

}  // namespace

// A fault: what is under way ends, too, since nothing that the client says can be understood or is wanted any more.
void H2Session::end(H2End why) {
  if (closing_) return;
  if (code_of(why) == H2Code::enhance_your_calm)
    report_misuse(worker_.node.metrics, connection_->client().address, why);
  say_goodbye(why, last_served());
  closing_ = true;
  close_streams();
  flush_later();
}

void H2Session::say_goodbye(H2End why, std::uint32_t last_stream) {
  worker_.node.metrics.clients(worker_.number).goaways[static_cast<std::size_t>(why)].add();
  sender_.frame([&](std::string& out) { append_h2_goaway(out, last_stream, code_of(why), word(why)); });
}

void H2Session::close_streams() {
  for (auto& stream : streams_) {
    if (stream) shared_.streams.give_back(std::move(stream));
  }
}

// One stream breaks its rules: the others go on.
void H2Session::refuse_stream(H2Stream& stream, H2Code code, Time now) {
  const std::size_t slot = stream.slot();
  const std::uint32_t id = stream.id();
  if (!parser_.reset_sent(slot, now)) return end(parser_.ending());
  reset(slot, id, code);
}

void H2Session::reset(std::size_t slot, std::uint32_t id, H2Code code) {
  give_back(slot);
  sender_.frame([&](std::string& out) { append_h2_rst_stream(out, id, code); });
}

// Nothing is under way, and hasn't been for long.
void H2Session::leave() {
  if (closing_) return;
  say_goodbye(H2End::idle, last_served());
  closing_ = true;
  flush();
}

// Requests may be on their way that the client sent before it hears of it. So first it is told that there is an end,
// and when it has answered that, up to which stream it was served (RFC 9113 §6.8).
void H2Session::drain() {
  if (closing_ || leaving_ != Leaving::no) return;
  leaving_ = Leaving::announced;
  draining_since_ = std::chrono::steady_clock::now();
  say_goodbye(H2End::drain, kH2MostStream);
  sender_.frame([](std::string& out) { append_h2_ping(out, kDrainPing.substr(0, 8), false); });
  flush_later();
}

void H2Session::on_ping_ack() {
  if (leaving_ == Leaving::announced && parser_.body() == kDrainPing.substr(0, 8)) take_no_more();
}

void H2Session::take_no_more() {
  leaving_ = Leaving::last;
  parser_.take_no_more();
  most_served_ = parser_.last_stream();
  sender_.frame(
      [this](std::string& out) { append_h2_goaway(out, most_served_, H2Code::no_error, word(H2End::drain)); });
  flush_later();
}

void H2Session::check_time(std::chrono::steady_clock::time_point now, const ClientPatience& patience) {
  if (closing_ || connection_ == nullptr) return;
  if (leaving_ == Leaving::announced && now - draining_since_ > kDrainPatience) take_no_more();
  if (partial_ && now - waits_since_ > (in_content() ? patience.slow : patience.head)) return end(H2End::slow_head);
  while (parser_.next_overdue(worker_.loop.now().mono - kRestPatience)) {
    sender_.frame([this](std::string& out) { append_h2_rst_stream(out, parser_.stream(), H2Code::no_error); });
    flush_later();
  }
  check_streams(now, patience);
  if (over() && !processing_ && ++idle_looks_ == kLooksToShrink) {
    parser_.shrink();
    sender_.shrink();
    std::vector<std::unique_ptr<H2Stream>>().swap(streams_);
  }
}

// A frame of content is under way, and no head.
bool H2Session::in_content() const {
  if (parser_.in_message() || filled_ - parsed_ < kH2FrameHeader) return false;
  return read_h2_frame_header(buffer_.get() + parsed_).type == H2Type::data;
}

// Each stream by itself: what one client's slow reader costs is that stream, not the others on its connection.
void H2Session::check_streams(Steady now, const ClientPatience& patience) {
  for (const auto& place : streams_) {
    if (!place) continue;
    H2Stream::Watched& watched = place->watched;
    const bool slow = place->client_is_slow();
    if (!slow || !watched.slow) {
      watched = {now, place->progress(), slow};
      continue;
    }
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - watched.since);
    if (waited < patience.slow) continue;
    const auto least = patience.min_rate * static_cast<std::uint64_t>(waited.count()) / 1000;
    if (place->progress() - watched.progress >= least) {
      watched = {now, place->progress(), slow};
      continue;
    }
    parser_.cut(place->slot());
    reset(place->slot(), place->id(), H2Code::cancel);
    flush_later();
  }
}

}  // namespace weir
