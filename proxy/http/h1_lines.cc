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

bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}

void read_connection(std::string_view value, HeadFacts& facts, int& options) noexcept {
  if (value == "keep-alive") {  // nearly always
    facts.keep_alive = true;
    return;
  }
  for_each_member(value, [&](std::string_view option) {
    if (++options > kMostOptions || !is_token(option)) {
      facts.bad_connection = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      facts.keep_alive = true;
    } else if (equals_ignoring_case(option, "close")) {
      facts.close = true;
    } else if (equals_ignoring_case(option, "upgrade")) {
      facts.upgrade = true;
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

// Most names are known ones, and those need no second look at their characters.
std::optional<Field> parse_field_line(std::string_view line) noexcept {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto name = line.substr(0, colon);
  const Name id = name_of(name);
  if (id == Name::other && !is_token(name)) return std::nullopt;
  const bool framing = id == Name::content_length || id == Name::transfer_encoding;
  if (framing && line.find('\t') != std::string_view::npos) return std::nullopt;
  auto value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (!value.empty() && (is_blank(value.front()) || is_blank(value.back()))) value = trim(value);
  return Field{name, value, id};
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
