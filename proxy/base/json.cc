// Writes JSON text; see json.h. What goes in as text comes out as a valid JSON string, whatever its bytes.
#include "proxy/base/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/base/text.h"

namespace weir {
namespace {

template <class Integer>
void append_integer(std::string& out, Integer n) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
  out.append(digits.data(), end);
}

// The two-character escapes; 0 for a byte that has none.
constexpr char short_escape(char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      out.append("\xef\xbf\xbd");
    } else if (const char escape = short_escape(c); escape != 0) {
      out.append(1, '\\').push_back(escape);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.append("\\u00").push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.push_back('"');
}

// Between the members of what is open.
void JsonWriter::separate() {
  if (std::exchange(after_key_, false) || depth_ == 0) return;
  const std::uint64_t bit = std::uint64_t{1} << (depth_ - 1);
  if ((filled_ & bit) != 0) out_.push_back(',');
  filled_ |= bit;
}

void JsonWriter::open(char bracket) {
  WEIR_CHECK(depth_ < kDeepest);
  separate();
  out_.push_back(bracket);
  filled_ &= ~(std::uint64_t{1} << depth_++);
}

void JsonWriter::close(char bracket) {
  WEIR_CHECK(depth_ > 0 && !after_key_);
  out_.push_back(bracket);
  --depth_;
}

JsonWriter& JsonWriter::begin_object() {
  open('{');
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  close('}');
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  open('[');
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  close(']');
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  WEIR_CHECK(depth_ > 0 && !after_key_);
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(bool yes) {
  return raw(yes ? "true" : "false");
}

JsonWriter& JsonWriter::value(std::int64_t n) {
  separate();
  append_integer(out_, n);
  return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t n) {
  separate();
  append_integer(out_, n);
  return *this;
}

JsonWriter& JsonWriter::value(double n) {
  if (!std::isfinite(n)) return null();
  std::array<char, 400> digits{};  // the largest double has 309 before the point
  const int length = std::snprintf(digits.data(), digits.size(), "%.3f", n);
  std::string_view text(digits.data(), static_cast<std::size_t>(length));
  while (text.back() == '0') text.remove_suffix(1);
  if (text.back() == '.') text.remove_suffix(1);
  return raw(text == "-0" ? "0" : text);
}

JsonWriter& JsonWriter::null() {
  return raw("null");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

JsonWriter& JsonWriter::members(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace weir
