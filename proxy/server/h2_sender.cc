// Frames on their way out, and turns; see h2_sender.h.
#include "proxy/server/h2_sender.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/http/hpack.h"
#include "proxy/server/h2_stream.h"

namespace weir {

void H2Sender::restart() {
  accounts_.cut(output_.sent());
  output_.clear();
  window_ = H2SendWindow{};
  table_.restart();
  waiting_.clear();
  content_ = {};
}

void H2Sender::shrink() {
  if (!output_.empty()) return;
  output_.shrink();
  accounts_.shrink();
  for (std::string* text : {&scratch_, &block_}) std::string().swap(*text);
  std::vector<H2Stream*>().swap(waiting_);
}

void H2Sender::begin_block() {
  block_.clear();
  table_.begin(block_);
}

void H2Sender::add_block(std::uint32_t stream, bool ends) {
  if (block_.size() <= kFrame) {
    const auto flags = static_cast<std::uint8_t>(h2_flag::kEndHeaders | (ends ? h2_flag::kEndStream : 0U));
    const auto header =
        write_h2_frame_header({static_cast<std::uint32_t>(block_.size()), H2Type::headers, flags, stream});
    output_.add({header.data(), header.size()});
    output_.add(block_);
    return;
  }
  frame([&](std::string& out) { append_h2_headers(out, stream, block_, ends); });
}

void H2Sender::head(std::uint32_t stream, const ResponseStart& response, bool ends) {
  begin_block();
  append_hpack_status(block_, response.tunnel.empty() ? response.status : 200);  // RFC 8441 §5
  table_.add(block_, heads_.find(response.head));
  if (response.marks.empty()) append_hpack_lines(block_, response.extra);
  for (const auto& [id, begin, end] : response.marks)
    table_.add_own(block_, id, response.extra.substr(begin, end - begin));
  const bool says_length = response.length && !response.length_in_head;
  if (says_length && response.status != 304 && response.status != 204) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *response.length).ptr;
    append_hpack_field(block_, Name::content_length, {},
                       {digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  add_block(stream, ends);
}

void H2Sender::interim(std::uint32_t stream, std::string_view head) {
  int status = 0;
  const auto digits = head.substr(std::min(head.find(' ') + 1, head.size()), 3);
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  begin_block();
  append_hpack_status(block_, status);
  append_hpack_lines(block_, head);
  add_block(stream, false);
}

void H2Sender::trailers(std::uint32_t stream, std::string_view lines) {
  begin_block();
  append_hpack_lines(block_, lines);
  add_block(stream, true);
}

void H2Sender::data(std::uint32_t stream, std::size_t bytes, bool ends) {
  const auto header = write_h2_frame_header(
      {static_cast<std::uint32_t>(bytes), H2Type::data, ends ? h2_flag::kEndStream : std::uint8_t{0}, stream});
  output_.add({header.data(), header.size()});
  window_.take(bytes);
  ++content_.frames;
  content_.bytes += bytes;
}

std::size_t H2Sender::room() const {
  if (window_.left() <= 0 || output_.unsent() >= kMostQueued) return 0;
  return std::min(static_cast<std::size_t>(window_.left()), kMostQueued - output_.unsent());
}

// The most urgent go first. Of one urgency, those that are of use in parts share with the oldest of those that aren't.
H2Stream* H2Sender::next_turn() const {
  H2Stream* best = nullptr;
  H2Stream* oldest = nullptr;  // of best's urgency, and of use only as a whole
  for (H2Stream* const stream : waiting_) {
    if (!stream->can_send(window_.left() > 0)) continue;
    if (best == nullptr || stream->priority.urgency < best->priority.urgency) {
      best = stream;
      oldest = nullptr;
    } else if (stream->priority.urgency > best->priority.urgency) {
      continue;
    }
    const bool whole = !stream->priority.incremental;
    if (whole && (oldest == nullptr || stream->id() < oldest->id())) oldest = stream;
  }
  return best != nullptr && !best->priority.incremental ? oldest : best;
}

bool H2Sender::give_turns() {
  for (;;) {
    H2Stream* const stream = next_turn();
    if (stream == nullptr) return false;
    if (output_.unsent() >= kMostQueued) return true;
    forget(*stream);
    stream->take_turn();
  }
}

void H2Sender::settle_when_sent(Account account, std::string_view text) {
  accounts_.add(std::move(account), text, output_.sent() + output_.unsent());
  accounts_.settle(output_.sent());
}

Io::Kind H2Sender::write_out(Stream& to) {
  const Io::Kind kind = output_.flush(to);
  accounts_.settle(output_.sent());
  return kind;
}

}  // namespace weir
