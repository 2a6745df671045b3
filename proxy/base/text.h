// Small questions about ASCII text, none of which depend on the locale.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower(std::string_view text);
std::string_view trim(std::string_view text);  // spaces and tabs, as HTTP's OWS
std::vector<std::string_view> split(std::string_view text, char separator);

// Digits only, no sign, no overflow.
std::optional<std::uint64_t> parse_number(std::string_view digits);

// `*` any run, `?` any one character. Linear in practice, never exponential.
bool glob_match(std::string_view pattern, std::string_view text);

// The candidate with the fewest edits, when it is near enough to be meant; else empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// The length of the valid UTF-8 sequence that `text` begins with; 0 where it begins with none.
std::size_t utf8_sequence(std::string_view text) noexcept;

// Control bytes and quotes escaped as in JSON, bytes that are not UTF-8 as \u00XX: safe in logs and in errors.
std::string printable(std::string_view text);

// Sixteen lower-case digits.
std::array<char, 16> hex_of(std::uint64_t number);

// Compares in a time that depends on the lengths only: for tokens.
bool equals_constant_time(std::string_view a, std::string_view b);

}  // namespace weir
