// Lines, fields and what fields say of framing; see h1_lines.h.
#include "proxy/http/h1_lines.h"

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr int kMostOptions = 32;  // of Connection, in one head

// Whether `option`, a token in Connection, names what concerns more than the connection (hostile input rule 13).
bool is_protected_option(std::string_view option, Name id) noexcept {
  switch (id) {
    case Name::host:
    case Name::authorization:
    case Name::cookie:
    case Name::cache_control:
    case Name::transfer_encoding: return true;
    default: return option.size() > 8 && equals_ignoring_case(option.substr(0, 8), "content-");
  }
}

void read_connection(std::string_view value, HeadFacts& facts, int& options) noexcept {
  for_each_member(value, [&](std::string_view option) {
    if (++options > kMostOptions || !is_token(option)) {
      facts.bad_connection = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      facts.keep_alive = true;
    } else if (equals_ignoring_case(option, "close")) {
      facts.close = true;
    } else if (is_protected_option(option, name_of(option))) {
      facts.names_protected = true;
    }
  });
}

}  // namespace

HeadLines::Found HeadLines::next(std::string_view in, std::size_t longest, std::string_view& line) noexcept {
  const auto window = in.substr(0, next_ + longest + 2);  // no more of the line than it may have, and its CR LF
  const std::size_t end = find_control(window, seen_);
  seen_ = end;
  if (end - next_ > longest) return Found::too_long;
  if (end == window.size()) return Found::partial;
  if (window[end] != '\r') return Found::bad;
  if (end + 1 == window.size()) return Found::partial;
  if (window[end + 1] != '\n') return Found::bad;
  line = in.substr(next_, end - next_);
  next_ = seen_ = end + 2;
  return Found::line;
}

std::optional<Field> parse_field_line(std::string_view line) noexcept {
  const std::size_t colon = kTokenChars.span(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') return std::nullopt;
  const auto name = line.substr(0, colon);
  const Field field{name, trim(line.substr(colon + 1)), name_of(name)};
  const bool framing = field.id == Name::content_length || field.id == Name::transfer_encoding;
  if (framing && line.find('\t') != std::string_view::npos) return std::nullopt;
  return field;
}

HeadFacts facts_of(const Fields& fields) noexcept {
  HeadFacts facts;
  int options = 0;
  for (const Field& field : fields) {
    switch (field.id) {
      case Name::host:
        facts.host = field.value;
        ++facts.hosts;
        break;
      case Name::content_length:
        facts.length = field.value;
        ++facts.lengths;
        break;
      case Name::transfer_encoding:
        facts.coding = field.value;
        ++facts.codings;
        break;
      case Name::expect:
        facts.expect = field.value;
        ++facts.expects;
        break;
      case Name::connection: read_connection(field.value, facts, options); break;
      default: break;
    }
  }
  return facts;
}

bool is_chunked(std::string_view coding) noexcept {
  return equals_ignoring_case(coding, "chunked");
}

}  // namespace weir
