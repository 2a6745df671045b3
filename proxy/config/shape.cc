// Words and values as they stand in errors and in the reference; see shape.h.
#include "proxy/config/shape.h"

namespace weir {

std::string listed(const std::vector<std::string_view>& words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out.append(i + 1 == words.size() ? " " + std::string(last) + " " : ", ");
    out.append(words[i]);
  }
  return out;
}

std::string yaml_scalar(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_of(" ,[]{}#\"'&*!|>%@`\\") == std::string_view::npos &&
                     text.find(": ") == std::string_view::npos && text.front() != '-' && text.back() != ':';
  const bool percentage = text.ends_with('%') && text.find_first_not_of("0123456789.%") == std::string_view::npos;
  if (plain || percentage) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace weir
