// Arena: bump memory for one request. Reset, not freed, so that a hit allocates nothing. One loop only.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

class Arena {
 public:
  // Valid until reset().
  char* take(std::size_t bytes) {
    if (bytes > kBlock) return large_.emplace_back(std::make_unique_for_overwrite<char[]>(bytes)).get();
    if (used_ + bytes > kBlock || blocks_.empty()) next_block();
    char* at = blocks_[current_].get() + used_;
    used_ += bytes;
    return at;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = take(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }

  // a + b + c in one piece.
  template <class... Parts>
  std::string_view join(const Parts&... parts) {
    const std::size_t total = (std::string_view(parts).size() + ...);
    char* const begin = take(total);
    char* at = begin;
    ((at = append(at, std::string_view(parts))), ...);
    return {begin, total};
  }

  void reset() {
    large_.clear();
    if (blocks_.size() > kKept) blocks_.resize(kKept);
    current_ = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = 4096;
  static constexpr std::size_t kKept = 2;

  static char* append(char* at, std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }

  void next_block() {
    if (!blocks_.empty()) ++current_;
    if (current_ == blocks_.size()) blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<std::unique_ptr<char[]>> large_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
};

}  // namespace weir
