// The bytes of a stored response. Immutable once complete, shared by reference between objects, sockets and workers;
// never copied on the way out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/hash.h"
#include "proxy/base/units.h"

namespace weir {

// One allocation of bytes that grows up to its capacity; what is below `used` never changes.
struct Block {
  std::shared_ptr<char[]> bytes;
  std::size_t capacity = 0;
  std::size_t used = 0;
  std::string_view view() const { return {bytes.get(), used}; }
};

class Body {
 public:
  Body() = default;
  explicit Body(std::vector<Block> blocks);
  static std::shared_ptr<const Body> of(std::string_view bytes);  // a copy of them, as one block

  Size size() const { return size_; }
  // What it takes of memory, allocator slack included.
  Size footprint() const { return footprint_; }
  std::span<const Block> blocks() const { return blocks_; }
  const Digest& digest() const { return digest_; }  // of all bytes
  bool same_bytes(const Body& other) const;
  std::string copy() const;  // in one piece

 private:
  std::vector<Block> blocks_;
  Size size_ = 0;
  Size footprint_ = 0;
  Digest digest_;
};

using BodyPtr = std::shared_ptr<const Body>;

}  // namespace weir
