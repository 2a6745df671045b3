// Requests over HTTP/2: frames of streams, the assembling of field blocks, and what may come when (RFC 9113 §5.1, §6.1,
// §6.2, §6.10, §8.1). Frames of the connection are h2_control.cc's.
#include <algorithm>
#include <utility>

#include "proxy/http/h2_codec.h"

namespace weir {
namespace {

constexpr unsigned kMostContinuations = 8;
constexpr std::size_t kLongestBlock = 4;  // heads: a larger one than is taken gets an answer, if it is no flood
constexpr std::uint64_t kMostDropped = 64 * 1024;  // of a body that nobody wants, once its answer is out
constexpr std::size_t kResetsRemembered = 256;
constexpr std::size_t kPriorityFields = 5;

// The payload without its padding; false where the padding is all of it, or more.
bool cut_padding(const H2FrameHeader& header, std::string_view& payload) {
  if (!header.has(h2_flag::kPadded)) return true;
  if (payload.empty()) return false;
  const auto padding = static_cast<unsigned char>(payload.front());
  if (padding >= payload.size()) return false;
  payload = payload.substr(1, payload.size() - 1 - padding);
  return true;
}

}  // namespace

H2RequestParser::H2RequestParser(const H1Limits& limits) : limits_(limits), reader_(limits) {}

void H2RequestParser::restart(bool tls) {
  reader_.restart(tls);
  state_ = State::preface;
  hpack_.restart();
  settings_ = {};
  budget_.restart();
  takes_more_ = true;
  last_stream_ = block_stream_ = 0;
  under_way_ = 0;
  end_slot_ = kNone;
  next_reset_ = 0;
  reset_.clear();
  streams_ = 0;
  shrink();
}

void H2RequestParser::shrink() {
  if (streams_ > 0 || in_message() || end_slot_ != kNone) return;
  std::vector<Open>().swap(open_);
  std::string().swap(block_);
  reader_.shrink();
  head_ = {};
  trailers_ = {};
  arena_ = {};
  trailer_arena_ = {};
}

void H2RequestParser::take_head(RequestHead& head, Arena& arena) {
  std::swap(head, head_);
  std::swap(arena, arena_);
}

H2Event H2RequestParser::fail(H2End why) {
  state_ = State::failed;
  end_ = why;
  code_ = code_of(why);
  return H2Event::error;
}

bool H2RequestParser::spend(H2Budget::Kind kind, Time now) {
  static_assert(static_cast<std::size_t>(H2End::strays) - static_cast<std::size_t>(H2End::settings) + 1 ==
                H2Budget::kKinds);
  if (budget_.spend(kind, now)) return true;
  fail(static_cast<H2End>(static_cast<std::size_t>(H2End::settings) + static_cast<std::size_t>(kind)));
  return false;
}

// --- which streams are open ---

std::size_t H2RequestParser::find(std::uint32_t stream) const {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (open_[i].id == stream) return i;
  }
  return kNone;
}

std::size_t H2RequestParser::open_slot(std::uint32_t stream) {
  std::size_t slot = find(0);
  if (slot == kNone) {
    slot = open_.size();
    open_.emplace_back();
  }
  open_[slot] = Open{.id = stream};
  ++streams_;
  return slot;
}

void H2RequestParser::close(std::size_t slot) {
  if (!is_open(slot)) return;
  open_[slot].id = 0;
  --streams_;
}

// What the client has sent by then, or will before it hears of it, is no fault.
void H2RequestParser::remember_reset(std::uint32_t stream) {
  if (reset_.size() < kResetsRemembered) return reset_.push_back(stream);
  reset_[next_reset_] = stream;
  next_reset_ = (next_reset_ + 1) % kResetsRemembered;
}

void H2RequestParser::answered(std::size_t slot, Time now) {
  if (!is_open(slot)) return;
  Open& open = open_[slot];
  if (open.client_ended) return close(slot);
  open.answered = true;
  open.left = kMostDropped;
  open.since = now;
}

void H2RequestParser::cut(std::size_t slot) {
  if (!is_open(slot)) return;
  if (!open_[slot].client_ended) remember_reset(open_[slot].id);
  close(slot);
}

bool H2RequestParser::reset_sent(std::size_t slot, Time now) {
  cut(slot);
  if (budget_.reset(now)) return true;
  fail(H2End::resets);
  return false;
}

bool H2RequestParser::next_overdue(Time before) {
  for (std::size_t slot = 0; slot < open_.size(); ++slot) {
    const Open& open = open_[slot];
    if (open.id == 0 || !open.answered || open.since > before) continue;
    stream_ = open.id;
    remember_reset(open.id);
    close(slot);
    return true;
  }
  return false;
}

H2Event H2RequestParser::stream_error(std::size_t slot, H2Code code, Time now) {
  slot_ = slot;
  stream_ = open_[slot].id;
  code_ = code;
  return reset_sent(slot, now) ? H2Event::stream_error : H2Event::error;
}

// --- frames ---

H2Event H2RequestParser::next(std::string_view in, std::size_t& consumed, Time now) {
  consumed = 0;
  flow_ = 0;
  if (end_slot_ != kNone) {
    slot_ = std::exchange(end_slot_, kNone);
    if (is_open(slot_)) {  // its body may have been the end of it
      stream_ = open_[slot_].id;
      return H2Event::end;
    }
  }
  if (state_ == State::preface && preface(in, consumed) == H2Event::error) return H2Event::error;
  while (state_ == State::settings || state_ == State::frames) {
    const auto rest = in.substr(consumed);
    if (rest.size() < kH2FrameHeader) return H2Event::need_more;
    const H2FrameHeader header = read_h2_frame_header(rest.data());
    if (header.length > kH2LeastFrame) return fail(H2End::frame_size);
    const bool continues = header.type == H2Type::continuation && header.stream == block_stream_;
    if (block_stream_ != 0 && !continues) return fail(H2End::protocol);
    if (state_ == State::settings && (header.type != H2Type::settings || header.has(h2_flag::kAck))) {
      return fail(H2End::protocol);
    }
    if (rest.size() < kH2FrameHeader + header.length) return H2Event::need_more;
    state_ = State::frames;
    consumed += kH2FrameHeader + header.length;
    const H2Event event = frame(header, rest.substr(kH2FrameHeader, header.length), now);
    if (event != H2Event::need_more) return event;
  }
  return state_ == State::failed ? H2Event::error : H2Event::need_more;
}

H2Event H2RequestParser::preface(std::string_view in, std::size_t& consumed) {
  const auto begin = in.substr(0, kH2Preface.size());
  if (!kH2Preface.starts_with(begin)) return fail(H2End::protocol);
  if (begin.size() < kH2Preface.size()) return H2Event::need_more;
  consumed = kH2Preface.size();
  state_ = State::settings;
  return H2Event::need_more;
}

H2Event H2RequestParser::frame(const H2FrameHeader& header, std::string_view payload, Time now) {
  switch (header.type) {
    case H2Type::data: return data(header, payload, now);
    case H2Type::headers: return headers(header, payload, now);
    case H2Type::priority: return priority(header, payload, now);
    case H2Type::rst_stream: return rst_stream(header, payload, now);
    case H2Type::settings: return settings_frame(header, payload, now);
    case H2Type::push_promise: return fail(H2End::protocol);
    case H2Type::ping: return ping(header, payload, now);
    case H2Type::goaway: return goaway(header, payload);
    case H2Type::window_update: return window_update(header, payload, now);
    case H2Type::continuation: return continuation(header, payload, now);
    case H2Type::priority_update: return priority_update(header, payload, now);
  }
  return spend(H2Budget::Kind::empty_frames, now) ? H2Event::need_more : H2Event::error;  // unknown: ignored (§5.5)
}

H2Event H2RequestParser::data(const H2FrameHeader& header, std::string_view payload, Time now) {
  const std::size_t flow = payload.size();
  if (is_idle(header.stream)) return fail(H2End::protocol);  // 0 as well
  if (!cut_padding(header, payload)) return fail(H2End::protocol);
  const bool ends = header.has(h2_flag::kEndStream);
  if (payload.empty() && !ends && !spend(H2Budget::Kind::empty_frames, now)) return H2Event::error;
  const std::size_t slot = find(header.stream);
  stream_ = header.stream;
  flow_ = flow;
  if (slot == kNone) {  // answered or reset meanwhile
    return spend(H2Budget::Kind::strays, now) ? H2Event::dropped : H2Event::error;
  }
  Open& open = open_[slot];
  if (open.client_ended) return stream_error(slot, H2Code::stream_closed, now);
  if (open.answered) return dropped_data(slot, ends);
  if (open.counted) {
    if (payload.size() > open.left || (ends && payload.size() < open.left)) {
      return stream_error(slot, H2Code::protocol_error, now);
    }
    open.left -= payload.size();
  }
  slot_ = slot;
  body_ = payload;
  open.client_ended = ends;
  if (ends) trailers_.clear();  // those that are there are another stream's
  if (flow == 0) return ends ? H2Event::end : H2Event::need_more;
  if (ends) end_slot_ = slot;
  return H2Event::body;
}

H2Event H2RequestParser::dropped_data(std::size_t slot, bool ends) {
  Open& open = open_[slot];
  if (ends) {
    close(slot);
  } else if (flow_ > open.left) {
    code_ = H2Code::no_error;
    slot_ = slot;
    remember_reset(open.id);
    close(slot);
    return H2Event::stream_error;
  } else {
    open.left -= flow_;
  }
  return H2Event::dropped;
}

// What the block is for is known before it is read; it is read in any case, for HPACK's sake.
H2Event H2RequestParser::headers(const H2FrameHeader& header, std::string_view payload, Time now) {
  const std::uint32_t stream = header.stream;
  if (stream % 2 == 0 || !cut_padding(header, payload)) return fail(H2End::protocol);
  if (header.has(h2_flag::kPriority)) {
    if (payload.size() < kPriorityFields) return fail(H2End::frame_size);
    payload.remove_prefix(kPriorityFields);
  }
  if (stream > last_stream_) {
    last_stream_ = stream;
    block_use_ = !takes_more_                                    ? Use::dropped
                 : std::max(streams_, under_way_) < kMostStreams ? Use::request
                                                                 : Use::refused;
  } else if (find(stream) != kNone) {
    block_use_ = Use::trailers;
  } else if (std::find(reset_.begin(), reset_.end(), stream) != reset_.end()) {
    if (!spend(H2Budget::Kind::strays, now)) return H2Event::error;
    block_use_ = Use::dropped;
  } else {
    return fail(H2End::stream_closed);
  }
  block_stream_ = stream;
  block_ends_ = header.has(h2_flag::kEndStream);
  if (header.has(h2_flag::kEndHeaders)) return block(payload, now);
  continuations_ = 0;
  block_.assign(payload);
  return H2Event::need_more;
}

H2Event H2RequestParser::continuation(const H2FrameHeader& header, std::string_view payload, Time now) {
  if (block_stream_ == 0) return fail(H2End::protocol);
  if (++continuations_ > kMostContinuations || block_.size() + payload.size() > kLongestBlock * limits_.head) {
    return fail(H2End::continuations);
  }
  block_.append(payload);
  if (!header.has(h2_flag::kEndHeaders)) return H2Event::need_more;
  const H2Event event = block(block_, now);
  if (block_.capacity() > limits_.head) std::string().swap(block_);
  return event;
}

H2Event H2RequestParser::block(std::string_view whole, Time now) {
  stream_ = std::exchange(block_stream_, 0);
  switch (block_use_) {
    case Use::request: return request_block(whole);
    case Use::trailers: return trailer_block(whole, now);
    case Use::refused:
    case Use::dropped: break;
  }
  if (!reader_.skip(hpack_, whole)) return fail(H2End::compression);
  if (!block_ends_) remember_reset(stream_);
  if (block_use_ == Use::dropped) return H2Event::need_more;
  return budget_.reset(now) ? H2Event::refused : fail(H2End::resets);
}

H2Event H2RequestParser::request_block(std::string_view whole) {
  if (!reader_.read_request(hpack_, whole, block_ends_, head_, arena_)) return fail(H2End::compression);
  slot_ = open_slot(stream_);
  Open& open = open_[slot_];
  open.client_ended = block_ends_;
  open.counted = head_.framing == Framing::length;
  open.left = head_.content_length;
  return H2Event::head;
}

H2Event H2RequestParser::trailer_block(std::string_view whole, Time now) {
  if (!reader_.read_trailers(hpack_, whole, trailers_, trailer_arena_)) return fail(H2End::compression);
  const std::size_t slot = find(stream_);
  if (slot == kNone) return H2Event::need_more;  // it was over before the last of them came
  Open& open = open_[slot];
  if (open.client_ended) return stream_error(slot, H2Code::stream_closed, now);
  if (open.answered && block_ends_) {
    close(slot);
    return H2Event::need_more;
  }
  const bool short_of_its_length = open.counted && open.left > 0;
  if (!block_ends_ || reader_.refused() || short_of_its_length) {
    return stream_error(slot, H2Code::protocol_error, now);
  }
  open.client_ended = true;
  slot_ = slot;
  return H2Event::end;
}

}  // namespace weir
