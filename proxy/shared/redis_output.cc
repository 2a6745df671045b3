// Bytes for Redis; see redis_output.h.
#include "proxy/shared/redis_output.h"

#include <algorithm>
#include <utility>

#include "proxy/shared/redis_codec.h"

namespace weir {

// To append to.
std::string& RedisOutput::piece() {
  if (empty() && !pieces_.empty()) {
    if (pieces_.front().capacity() > 2 * kFull) pieces_.front() = {};
    pieces_.front().clear();  // keeps its memory
    sent_ = 0;
  } else if (pieces_.empty() || pieces_.back().size() >= kFull) {
    pieces_.emplace_back();
  }
  return pieces_.back();
}

void RedisOutput::append(std::vector<std::string>& words, bool take) {
  append_length(piece(), '*', words.size());
  for (std::string& word : words) {
    append_length(pieces_.back(), '$', word.size());
    if (take && word.size() >= kLong) {
      pieces_.push_back(std::move(word));
      pieces_.emplace_back();
    } else {
      pieces_.back() += word;
    }
    pieces_.back() += "\r\n";
  }
}

std::span<const iovec> RedisOutput::next(std::span<iovec> room) {
  std::size_t count = 0;
  for (std::string& piece : pieces_) {
    if (count == room.size()) break;
    const std::size_t skip = count == 0 ? sent_ : 0;
    if (piece.size() == skip) continue;
    room[count++] = {piece.data() + skip, piece.size() - skip};
  }
  return room.first(count);
}

void RedisOutput::sent(std::size_t bytes) {
  sent_ += bytes;
  while (pieces_.size() > 1 && sent_ >= pieces_.front().size()) {
    sent_ -= pieces_.front().size();
    pieces_.pop_front();
  }
}

}  // namespace weir
