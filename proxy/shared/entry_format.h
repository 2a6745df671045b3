// What entry_write.cc and entry_read.cc must agree on; see docs/formats/entry.md. For these two alone.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/units.h"

namespace weir::entry_format {

using namespace std::string_view_literals;

inline constexpr std::string_view kMagic = "weir";
inline constexpr std::uint8_t kEntryKind = 1;
inline constexpr std::uint8_t kNoteKind = 2;
inline constexpr int kLevel = 3;
inline constexpr std::size_t kPartsName = 16;  // bytes
inline constexpr std::string_view kNoParts = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv;
inline constexpr std::uint32_t kMostTags = 1024;
inline constexpr Duration kLongest = std::chrono::seconds(std::int64_t{1} << 31);  // RFC 9111 §1.2.2

inline constexpr unsigned kRecodable = 1;
inline constexpr unsigned kAlwaysValidate = 2;
inline constexpr unsigned kForCredentials = 4;
inline constexpr unsigned kMustRevalidate = 8;
inline constexpr unsigned kHasLength = 16;
inline constexpr unsigned kCompressed = 32;
inline constexpr unsigned kAllFlags = 63;

// An entry can't make a reader allocate far more than it is long itself.
constexpr bool may_grow_to(Size size, Size written) {
  return size <= 1_MiB || size / 1000 <= written;
}

// Object::head as the rest of weir relies on it: a status line and whole lines, no empty one.
bool is_ready_head(std::string_view head, int status);

std::string bytes_of_hex(std::string_view digits);  // lower case; an even number of them
std::string hex_of_bytes(std::string_view bytes);

}  // namespace weir::entry_format
