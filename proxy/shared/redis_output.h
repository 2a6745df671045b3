// RedisOutput: commands as bytes that wait to be sent. Short words are copied together, long ones are kept as they are.
#pragma once

#include <sys/uio.h>

#include <deque>
#include <span>
#include <string>
#include <vector>

namespace weir {

class RedisOutput {
 public:
  static constexpr std::size_t kMostPieces = 32;

  // A command; with `take`, its long words are moved out of it.
  void append(std::vector<std::string>& words, bool take);
  bool empty() const { return pieces_.empty() || (pieces_.size() == 1 && sent_ == pieces_.front().size()); }
  // What to send next, in `room`.
  std::span<const iovec> next(std::span<iovec> room);
  void sent(std::size_t bytes);

 private:
  static constexpr std::size_t kLong = 16 * 1024;  // a word worth a piece of its own
  static constexpr std::size_t kFull = 64 * 1024;  // a piece that takes no more short ones
  std::string& piece();

  std::deque<std::string> pieces_;
  std::size_t sent_ = 0;  // of the first
};

}  // namespace weir
