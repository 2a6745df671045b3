// Frames of the connection, and those that only concern how a stream is sent (RFC 9113 §6.3 to §6.9, RFC 9218 §7); see
// h2_codec.h.
#include <array>

#include "proxy/http/h2_codec.h"

namespace weir {
namespace {

constexpr std::size_t kPing = 8;

struct EndWord {
  std::string_view word;
  H2Code code;
};
constexpr std::array<EndWord, kH2Ends> kEndWords{{
    {"protocol", H2Code::protocol_error},
    {"frame-size", H2Code::frame_size_error},
    {"flow-control", H2Code::flow_control_error},
    {"stream-closed", H2Code::stream_closed},
    {"compression", H2Code::compression_error},
    {"continuations", H2Code::enhance_your_calm},
    {"resets", H2Code::enhance_your_calm},
    {"settings", H2Code::enhance_your_calm},
    {"pings", H2Code::enhance_your_calm},
    {"empty-frames", H2Code::enhance_your_calm},
    {"windows", H2Code::enhance_your_calm},
    {"priorities", H2Code::enhance_your_calm},
    {"strays", H2Code::enhance_your_calm},
    {"slow-head", H2Code::enhance_your_calm},
    {"idle", H2Code::no_error},
    {"drain", H2Code::no_error},
}};

}  // namespace

std::string_view word(H2End why) noexcept {
  return kEndWords[static_cast<std::size_t>(why)].word;
}

H2Code code_of(H2End why) noexcept {
  return kEndWords[static_cast<std::size_t>(why)].code;
}

H2Event H2RequestParser::rst_stream(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (payload.size() != 4) return fail(H2End::frame_size);
  if (is_idle(header.stream)) return fail(H2End::protocol);
  if (!budget_.reset(now)) return fail(H2End::resets);
  const std::size_t slot = find(header.stream);
  if (slot == kNone) return H2Event::need_more;
  const bool answered = open_[slot].answered;
  close(slot);
  if (answered) return H2Event::need_more;
  slot_ = slot;
  stream_ = header.stream;
  return H2Event::reset;
}

H2Event H2RequestParser::settings_frame(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (header.stream != 0) return fail(H2End::protocol);
  if (payload.size() % 6 != 0 || (header.has(h2_flag::kAck) && !payload.empty())) return fail(H2End::frame_size);
  if (!spend(H2Budget::Kind::settings, now)) return H2Event::error;
  if (header.has(h2_flag::kAck)) return H2Event::need_more;
  if (const auto wrong = settings_.apply(payload)) {
    return fail(*wrong == H2Code::flow_control_error ? H2End::flow_control : H2End::protocol);
  }
  return H2Event::settings;
}

H2Event H2RequestParser::ping(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (header.stream != 0) return fail(H2End::protocol);
  if (payload.size() != kPing) return fail(H2End::frame_size);
  if (!spend(H2Budget::Kind::pings, now)) return H2Event::error;
  body_ = payload;
  return header.has(h2_flag::kAck) ? H2Event::ping_ack : H2Event::ping;
}

H2Event H2RequestParser::goaway(const H2FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(H2End::protocol);
  if (payload.size() < 8) return fail(H2End::frame_size);
  return H2Event::goaway;
}

H2Event H2RequestParser::window_update(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (payload.size() != 4) return fail(H2End::frame_size);
  if (!spend(H2Budget::Kind::windows, now)) return H2Event::error;
  increment_ = read_u32(payload.data()) & kH2MostWindow;
  stream_ = header.stream;
  if (header.stream == 0) return increment_ == 0 ? fail(H2End::protocol) : H2Event::window;
  if (is_idle(header.stream)) return fail(H2End::protocol);
  const std::size_t slot = find(header.stream);
  if (slot == kNone || open_[slot].answered) return H2Event::need_more;
  if (increment_ == 0) return stream_error(slot, H2Code::protocol_error, now);
  slot_ = slot;
  return H2Event::window;
}

// The priorities of RFC 7540 are gone: nothing of a dependency is looked at.
H2Event H2RequestParser::priority(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (header.stream == 0) return fail(H2End::protocol);
  if (payload.size() != 5) return fail(H2End::frame_size);
  return spend(H2Budget::Kind::priorities, now) ? H2Event::need_more : H2Event::error;
}

H2Event H2RequestParser::priority_update(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (header.stream != 0) return fail(H2End::protocol);
  if (payload.size() < 4) return fail(H2End::frame_size);
  if (!spend(H2Budget::Kind::priorities, now)) return H2Event::error;
  stream_ = read_u32(payload.data()) & kH2MostStream;
  if (stream_ == 0) return fail(H2End::protocol);
  const std::size_t slot = find(stream_);
  if (stream_ % 2 == 0 || (slot == kNone && !is_idle(stream_))) return H2Event::need_more;
  slot_ = slot;  // kNone: of a stream that will be opened
  body_ = payload.substr(4);
  return H2Event::priority;
}

}  // namespace weir
