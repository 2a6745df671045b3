// Content that waits; see h2_content.h.
#include "proxy/server/h2_content.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::uint64_t kCopiedBelow = 8 * 1024;

void copy_to(Output& output, const Body& body, std::uint64_t first, std::uint64_t length) {
  for (const Block& block : body.blocks()) {
    if (length == 0) return;
    if (first >= block.used) {
      first -= block.used;
      continue;
    }
    const auto part = std::min<std::uint64_t>(block.used - first, length);
    output.add(block.view().substr(first, part));
    first = 0;
    length -= part;
  }
}

}  // namespace

void H2Content::add(const BodyPtr& body, std::uint64_t first, std::uint64_t length) {
  if (length == 0) return;
  parts_.push_back({body, first, length});
  left_ += length;
}

void H2Content::add(std::string_view text) {
  if (text.empty()) return;
  parts_.push_back({nullptr, text_.size(), text.size()});
  text_.append(text);
  left_ += text.size();
}

void H2Content::move_to(Output& output, std::uint64_t bytes) {
  left_ -= bytes;
  while (bytes > 0) {
    Part& part = parts_[first_];
    const auto length = std::min(part.length, bytes);
    if (part.body == nullptr) {
      output.add(std::string_view(text_).substr(part.first, length));
    } else if (part.body->size() < kCopiedBelow) {
      copy_to(output, *part.body, part.first, length);
    } else {
      output.add(part.body, part.first, length);
    }
    part.first += length;
    part.length -= length;
    bytes -= length;
    if (part.length == 0) {
      part.body.reset();
      ++first_;
    }
  }
  if (left_ == 0) clear();
}

void H2Content::clear() {
  text_.clear();
  parts_.clear();
  first_ = 0;
  left_ = 0;
}

}  // namespace weir
