// Numbers and byte strings in the order in which they stand in an entry: little-endian, one after the other, whatever
// the machine and however a struct lies in memory. Reading never goes past the end: what isn't there makes the reader
// fail once and for all, and gives zeros.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

class LittleEndianWriter {
 public:
  explicit LittleEndianWriter(std::string& out) : out_(out) {}

  template <std::unsigned_integral T>
  void number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      out_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
  }
  void bytes(std::string_view text) { out_.append(text); }
  void text(std::string_view text) {  // with its length before it
    number(static_cast<std::uint32_t>(text.size()));
    bytes(text);
  }

 private:
  std::string& out_;
};

class LittleEndianReader {
 public:
  explicit LittleEndianReader(std::string_view in) : in_(in) {}

  template <std::unsigned_integral T>
  T number() {
    const std::string_view raw = bytes(sizeof(T));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(raw[i])) << (8 * i);
    }
    return static_cast<T>(value);
  }
  std::string_view bytes(std::size_t count) {
    if (count > in_.size()) return fail();
    const auto taken = in_.substr(0, count);
    in_.remove_prefix(count);
    return taken;
  }
  // Fails for one that says that it is longer than `most`.
  std::string_view text(std::size_t most) {
    const std::size_t size = number<std::uint32_t>();
    return size <= most ? bytes(size) : fail();
  }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && in_.empty(); }

 private:
  std::string_view fail() {
    ok_ = false;
    in_ = {};
    return {};
  }

  std::string_view in_;
  bool ok_ = true;
};

}  // namespace weir
