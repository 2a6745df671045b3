// The character classes of HTTP and URIs as tables (RFC 9110 §5.6, RFC 3986 §2): what the codecs, the URI parser and
// the serialisers agree on. One table look-up a byte.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

class CharSet {
 public:
  constexpr explicit CharSet(std::string_view members) { add(members); }
  constexpr CharSet& add(std::string_view members) {
    for (const char c : members) has_[static_cast<unsigned char>(c)] = true;
    return *this;
  }
  constexpr CharSet& add_range(unsigned first, unsigned last) {
    for (unsigned c = first; c <= last; ++c) has_[c] = true;
    return *this;
  }
  constexpr CharSet& remove(std::string_view members) {
    for (const char c : members) has_[static_cast<unsigned char>(c)] = false;
    return *this;
  }
  constexpr bool has(char c) const { return has_[static_cast<unsigned char>(c)]; }
  // The number of leading bytes of `text` that are members.
  constexpr std::size_t span(std::string_view text) const {
    std::size_t n = 0;
    while (n < text.size() && has(text[n])) ++n;
    return n;
  }
  constexpr bool covers(std::string_view text) const { return span(text) == text.size(); }

 private:
  std::array<bool, 256> has_{};
};

inline constexpr std::string_view kAlphaDigit = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

inline constexpr CharSet kTokenChars = CharSet(kAlphaDigit).add("!#$%&'*+-.^_`|~");
// Field values: visible, space, tab and obs-text. No control byte, whatever it is.
inline constexpr CharSet kValueChars = CharSet("\t").add_range(0x20, 0x7e).add_range(0x80, 0xff);
inline constexpr CharSet kUnreservedChars = CharSet(kAlphaDigit).add("-._~");
// Request targets: visible ASCII without what a second reader could cut at or turn round.
inline constexpr CharSet kTargetChars = CharSet("").add_range(0x21, 0x7e).remove("#\\");
inline constexpr CharSet kHostChars = CharSet(kAlphaDigit).add("-._");

constexpr bool is_token(std::string_view text) {
  return !text.empty() && kTokenChars.covers(text);
}
bool is_field_value(std::string_view text) noexcept;  // as it may be written: no control byte

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Index of the first control byte but tab (so: CR, LF, NUL, DEL …), or text.size(). 16 bytes at a time.
std::size_t find_control(std::string_view text, std::size_t from = 0) noexcept;

}  // namespace weir
