// The bytes of a stored response; see body.h. Compared by digest first, byte for byte only where that agrees.
#include "proxy/cache/body.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proxy/cache/footprint.h"

namespace weir {

Body::Body(std::vector<Block> blocks) : blocks_(std::move(blocks)) {
  std::vector<std::string_view> parts;
  parts.reserve(blocks_.size());
  footprint_ = allocated(sizeof(Body) + kControlBlock) + allocated(blocks_.capacity() * sizeof(Block));
  for (const Block& block : blocks_) {
    parts.push_back(block.view());
    size_ += block.used;
    footprint_ += allocated(block.capacity + kControlBlock);
  }
  digest_ = hash128(parts);
}

// Both may be split differently: walks two cursors, a run of common length at a time.
bool Body::same_bytes(const Body& other) const {
  if (this == &other) return true;
  if (size_ != other.size_ || digest_ != other.digest_) return false;
  auto mine = blocks_.begin();
  auto theirs = other.blocks_.begin();
  std::string_view a;
  std::string_view b;
  for (Size left = size_; left > 0;) {
    while (a.empty()) a = (mine++)->view();
    while (b.empty()) b = (theirs++)->view();
    const std::size_t run = std::min(a.size(), b.size());
    if (std::memcmp(a.data(), b.data(), run) != 0) return false;
    a.remove_prefix(run);
    b.remove_prefix(run);
    left -= run;
  }
  return true;
}

BodyPtr Body::of(std::string_view bytes) {
  Block block{std::make_shared_for_overwrite<char[]>(bytes.size()), bytes.size(), bytes.size()};
  std::memcpy(block.bytes.get(), bytes.data(), bytes.size());
  return std::make_shared<const Body>(std::vector<Block>{std::move(block)});
}

std::string Body::copy() const {
  std::string out;
  out.reserve(size_);
  for (const Block& block : blocks_) out.append(block.view());
  return out;
}

}  // namespace weir
