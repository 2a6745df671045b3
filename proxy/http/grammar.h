// The character classes of HTTP and URIs as tables (RFC 9110 §5.6, RFC 3986 §2): what the codecs, the URI parser and
// the serialisers agree on. One table look-up a byte; and the one scan that every byte of a head goes through.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
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
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Index of the first control byte but tab (so: CR, LF, NUL, DEL …), or text.size(). 16 bytes at a time.
inline std::size_t find_control(std::string_view text, std::size_t from = 0) noexcept {
  std::size_t i = from;
#ifdef __SSE2__
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i last_control = _mm_set1_epi8(0x1f);
  for (; i + 16 <= text.size(); i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);  // unsigned bytes ≤ 0x1f
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return i + static_cast<std::size_t>(std::countr_zero(mask));
  }
#endif
  while (i < text.size() && kValueChars.has(text[i])) ++i;
  return i;
}

// What may be written as a field's value: no control byte.
inline bool is_field_value(std::string_view text) noexcept {
  return find_control(text) == text.size();
}

}  // namespace weir
