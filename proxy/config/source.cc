// Checks and prepares the text of a config file; see source.h.
#include "proxy/config/source.h"

#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/config/yaml.h"

namespace weir {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::size_t skip_blanks(std::string_view line, std::size_t at) {
  while (at < line.size() && is_blank(line[at])) ++at;
  return at;
}

// Where `[` stands in a line of the form `- match: [ PUT, PATCH ] /path`; npos in any other.
std::size_t bracket_of_match(std::string_view line) {
  constexpr auto kNone = std::string_view::npos;
  std::size_t at = skip_blanks(line, 0);
  while (at + 1 < line.size() && line[at] == '-' && is_blank(line[at + 1])) at = skip_blanks(line, at + 1);
  if (line.substr(at, 5) != "match") return kNone;
  at = skip_blanks(line, at + 5);
  if (at >= line.size() || line[at] != ':') return kNone;
  at = skip_blanks(line, at + 1);
  if (at >= line.size() || line[at] != '[') return kNone;
  const auto close = line.find_first_of("]\"'#", at);
  if (close == kNone || line[close] != ']') return kNone;
  const auto path = skip_blanks(line, close + 1);
  return path < line.size() && line[path] == '/' ? at : kNone;
}

// The offset after the quote that closes what opens at `at`, or npos.
std::size_t end_of_quote(std::string_view line, std::size_t at) {
  const char quote = line[at];
  for (++at; at < line.size(); ++at) {
    if (quote == '"' && line[at] == '\\') {
      ++at;
    } else if (line[at] == quote) {
      return at + 1;  // of 'it''s' the first part: enough to know that it closes
    }
  }
  return std::string_view::npos;
}

}  // namespace

ConfigSource::ConfigSource(std::string_view text) : text_(text), lines_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') lines_.push_back(i + 1);
  }
}

std::string_view ConfigSource::line(unsigned number) const {
  if (number == 0 || number > lines_.size()) return {};
  const std::size_t begin = lines_[number - 1];
  const std::size_t end = number < lines_.size() ? lines_[number] - 1 : text_.size();
  return text_.substr(begin, end - begin);
}

Place ConfigSource::place_of(std::size_t offset) const {
  const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
  const auto number = static_cast<unsigned>(after - lines_.begin());
  return {number, static_cast<unsigned>(offset - lines_[number - 1] + 1)};
}

std::optional<Diagnostic> ConfigSource::wrong(const std::string& file) const {
  const auto error = [&](std::size_t offset, std::string what, std::string right) {
    return Diagnostic{Diagnostic::Severity::error, file, place_of(offset), std::move(what), std::move(right)};
  };
  if (text_.size() > kMaxConfigBytes) return error(0, "the file is too large", "at most 1 MiB");
  for (std::size_t i = 0; i < text_.size();) {
    const auto byte = static_cast<unsigned char>(text_[i]);
    const bool line_end = byte == '\n' || (byte == '\r' && text_.substr(i + 1, 1) == "\n");
    if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f) {
      return error(i, "a control byte, \"" + printable(text_.substr(i, 1)) + "\"",
                   "text, and lines that end in LF or CR LF");
    }
    const std::size_t length = utf8_sequence(text_.substr(i));
    if (length == 0) return error(i, "bytes that are not UTF-8", "a text file in UTF-8");
    i += length;
  }
  return std::nullopt;
}

std::string ConfigSource::for_yaml() const {
  std::string out(text_);
  for (unsigned number = 1; number <= lines_.size(); ++number) {
    const auto at = bracket_of_match(line(number));
    if (at != std::string_view::npos) out[lines_[number - 1] + at] = kMatchBracket;
  }
  return out;
}

void ConfigSource::restore_matches(std::string& scalar) {
  std::replace(scalar.begin(), scalar.end(), kMatchBracket, '[');
}

bool ConfigSource::quote_closes(Place place) const {
  const std::string_view in = line(place.line);
  const std::size_t open = place.column == 0 ? 0 : in.find_first_of("\"'", place.column - 1);
  return open == std::string_view::npos || end_of_quote(in, open) != std::string_view::npos;
}

}  // namespace weir
