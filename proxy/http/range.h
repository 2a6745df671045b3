// Byte ranges (RFC 9110 §14): what a Range header asks for, and the words of a 206 or 416. No I/O and no body here.
// hostile.md 31 in one place: more than kMostRanges, or any two that overlap, and the whole is sent, once. Reading a
// header allocates nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "proxy/base/clock.h"
#include "proxy/http/headers.h"

namespace weir {

inline constexpr std::size_t kMostRanges = 16;

// Both ends belong to it.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t length() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// In the order in which they were asked for; at least one, inside of the body, none overlapping.
class ByteRanges {
 public:
  void add(const ByteRange& range) noexcept { list_[size_++] = range; }  // kMostRanges at most
  std::size_t size() const noexcept { return size_; }
  const ByteRange& operator[](std::size_t i) const noexcept { return list_[i]; }
  const ByteRange* begin() const noexcept { return list_.data(); }
  const ByteRange* end() const noexcept { return list_.data() + size_; }

 private:
  std::array<ByteRange, kMostRanges> list_{};
  std::size_t size_ = 0;
};

struct WholeBody {};      // 200: nothing is asked for that could be understood and is allowed
struct Unsatisfiable {};  // 416
using Ranges = std::variant<WholeBody, Unsatisfiable, ByteRanges>;

// The Range header's value; empty where there is none, or more than one line of it: then it doesn't count.
std::string_view range_header(const Fields& request) noexcept;

// Of a body of that length. Another unit and broken syntax mean the whole; so do suffixes of an empty body. Numbers
// past 64 bits are as good as infinite.
Ranges resolve_range(std::string_view header, std::uint64_t length) noexcept;

// A look before the length is known, while the body still arrives. With FromTo the answer may begin as soon as byte
// `first` is there; `last` is missing for an open end, and may yet lie past the end of the body.
struct FromTo {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;
};
struct NeedsLength {};  // a suffix, or several ranges: resolve_range() once the length is known
using EarlyRange = std::variant<WholeBody, NeedsLength, FromTo>;
EarlyRange look_at_range(std::string_view header) noexcept;

// If-Range (RFC 9110 §13.1.5): whether the Range may be honoured. By a strong entity tag; or by Last-Modified, the same
// second, and only where the object's Date shows that it is a strong validator: at least a second later (§8.8.2.2).
// What is malformed is false: the whole is always right.
bool if_range_holds(std::string_view if_range, std::string_view etag, std::string_view last_modified,
                    std::string_view date, WallTime now) noexcept;

// The value of Content-Range, kept in place.
class ContentRangeText {
 public:
  // "bytes 0-499/1234"; "bytes 0-499/*" while the length is unknown.
  ContentRangeText(const ByteRange& range, std::optional<std::uint64_t> length) noexcept;
  // "bytes */1234", for a 416.
  explicit ContentRangeText(std::uint64_t length) noexcept;
  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  void add(std::string_view text) noexcept;
  void add(std::uint64_t number) noexcept;

  std::array<char, 72> bytes_{};  // three numbers of 20 digits, and 8 more
  std::size_t size_ = 0;
};

}  // namespace weir
