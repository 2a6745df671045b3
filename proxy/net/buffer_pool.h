// Read buffers of one worker: borrowed while bytes are being read, given back while a connection idles, so that idle
// connections cost little. One loop only.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

class BufferPool {
 public:
  static constexpr std::size_t kSize = 64 * 1024;  // holds the largest head

  using Buffer = std::unique_ptr<char[]>;

  Buffer borrow() {
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(kSize);
    Buffer buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }

  void give_back(Buffer buffer) {
    if (buffer && free_.size() < kKept) free_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kKept = 64;
  std::vector<Buffer> free_;
};

}  // namespace weir
