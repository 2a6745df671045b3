// Questions about ASCII text, asked by configuration, logs and codecs; see text.h. Nothing here knows of HTTP.
#include "proxy/base/text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace weir {
namespace {

constexpr std::uint64_t repeat(std::uint64_t byte) {
  return byte * 0x0101010101010101U;
}

// Eight bytes at once: each of A-Z gets its 0x20 bit, all others stay.
constexpr std::uint64_t lower8(std::uint64_t v) {
  const std::uint64_t low7 = v & repeat(0x7f);
  const std::uint64_t from_a = low7 + repeat(0x80 - 'A');
  const std::uint64_t past_z = low7 + repeat(0x7f - 'Z');
  const std::uint64_t upper = (from_a ^ past_z) & ~v & repeat(0x80);
  return v | (upper >> 2);
}

std::uint64_t load8(const char* at) {
  std::uint64_t v = 0;
  std::memcpy(&v, at, sizeof v);
  return v;
}

constexpr std::size_t kLongestWord = 64;  // past this nobody looks for a near word

// Edits (insert, drop, change, swap neighbours) between a and b.
std::size_t edits(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongestWord + 1>;
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = to_lower(a[i - 1]) == to_lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

void append_escaped_byte(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.append("\\u00").push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

}  // namespace

// Eight digits at a time: each nibble goes into a byte of its own, and all eight become letters or digits at once.
std::array<char, 16> hex_of(std::uint64_t number) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::array<char, 16> digits;
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t x = half == 0 ? number >> 32 : number & 0xffffffff;
    x = (x | x << 16) & 0x0000ffff0000ffff;
    x = (x | x << 8) & 0x00ff00ff00ff00ff;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0f;
    const std::uint64_t letters = ((x + 6 * kEach) >> 4) & kEach;
    x += '0' * kEach + letters * ('a' - '0' - 10);
    if constexpr (std::endian::native == std::endian::little) x = __builtin_bswap64(x);  // the first digit comes first
    std::memcpy(digits.data() + 8 * half, &x, sizeof(x));
  }
  return digits;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const std::size_t n = a.size();
  if (n >= 8) {
    for (std::size_t i = 0; i + 8 <= n; i += 8) {
      if (lower8(load8(a.data() + i)) != lower8(load8(b.data() + i))) return false;
    }
    return lower8(load8(a.data() + n - 8)) == lower8(load8(b.data() + n - 8));
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t n = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (n > (UINT64_MAX - digit) / 10) return std::nullopt;
    n = n * 10 + digit;
  }
  return n;
}

// Only the last star can need another try, so the time is at most |pattern| × |text|.
bool glob_match(std::string_view pattern, std::string_view text) {
  constexpr auto kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;
  std::size_t tried = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != kNone) {
      p = star + 1;
      t = ++tried;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t n = edits(word, candidate);
    if (n < fewest && n < candidate.size()) {
      fewest = n;
      best = candidate;
    }
  }
  return best;
}

std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool shorter = first == 0xe0 && byte(1) < 0xa0;  // over-long forms
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return follows(1) && follows(2) && !shorter && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool shorter = first == 0xf0 && byte(1) < 0x90;
    const bool past_end = first == 0xf4 && byte(1) > 0x8f;
    return follows(1) && follows(2) && follows(3) && !shorter && !past_end ? 4 : 0;
  }
  return 0;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    std::size_t taken = utf8_sequence(text);
    if (byte == '"' || byte == '\\') {
      out.append(1, '\\').push_back(text.front());
    } else if (byte == '\n') {
      out.append("\\n");
    } else if (byte == '\r') {
      out.append("\\r");
    } else if (byte == '\t') {
      out.append("\\t");
    } else if (byte < 0x20 || byte == 0x7f || taken == 0) {
      append_escaped_byte(out, byte);
      taken = 1;
    } else if (byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      append_escaped_byte(out, static_cast<unsigned char>(text[1]));  // C1 controls steer terminals, too
    } else {
      out.append(text.substr(0, taken));
    }
    text.remove_prefix(taken);
  }
  return out;
}

bool equals_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    different = static_cast<unsigned char>(different | (a[i] ^ b[i]));
    asm volatile("" : "+r"(different));  // so that no compiler leaves the loop early
  }
  return different == 0;
}

}  // namespace weir
