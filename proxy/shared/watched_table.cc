// Reads TABLE:TAG[,TAG…]; see watched_table.h.
#include "proxy/shared/watched_table.h"

#include <algorithm>
#include <utility>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::size_t kLongestName = 63;  // bytes: PostgreSQL cuts what is longer
constexpr std::size_t kLongestTag = 256;  // of the letters that are always there
constexpr std::string_view kRight = "TABLE:TAG[,TAG…], as in videos:video:{id},trending";

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) {
  return begins_name(c) || is_digit(c) || c == '$';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : whole_(text), left_(text) {}

  Result<WatchedTable> parse() {
    if (!is_utf8(whole_)) return wrong("is not UTF-8");
    WatchedTable table;
    auto name = parse_name("a table");
    if (!name) return std::move(name).error();
    if (take('.')) {
      table.schema = std::move(*name);
      name = parse_name("a table");
      if (!name) return std::move(name).error();
    }
    table.name = std::move(*name);
    if (!take(':')) return wrong(left_.empty() ? "names no tags" : "has no ':' after the table: quote odd names");
    do {
      auto tag = parse_tag();
      if (!tag) return std::move(tag).error();
      if (std::find(table.tags.begin(), table.tags.end(), *tag) == table.tags.end())
        table.tags.push_back(std::move(*tag));
    } while (take(','));
    return table;
  }

 private:
  Error wrong(std::string_view what) const {
    std::string detail = "\"" + printable(whole_) + "\" ";
    return Error{Side::config, Code::malformed, detail.append(what).append(": ").append(kRight)};
  }

  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }

  Result<std::string> parse_name(std::string_view what) {
    std::string name;
    if (take('"')) {
      for (;;) {
        const auto end = left_.find('"');
        if (end == std::string_view::npos) return wrong("has a '\"' that is not closed");
        name.append(left_.substr(0, end));
        left_.remove_prefix(end + 1);
        if (!take('"')) break;
        name += '"';
      }
    } else {
      const auto* const end = std::find_if_not(left_.begin(), left_.end(), continues_name);
      const auto length = static_cast<std::size_t>(end - left_.begin());
      if (length > 0 && begins_name(left_.front())) name = lower(left_.substr(0, length));
      if (!name.empty()) left_.remove_prefix(length);
    }
    if (name.empty()) return wrong("lacks the name of " + std::string(what));
    if (name.size() > kLongestName) return wrong("has a name of more than 63 bytes, which PostgreSQL cuts");
    return name;
  }

  Result<WatchedTable::Tag> parse_tag() {
    WatchedTable::Tag tag;
    std::string letters;
    std::size_t length = 0;
    const auto end_letters = [&] {
      length += letters.size();
      if (!letters.empty()) tag.push_back({false, std::exchange(letters, {})});
    };
    while (!left_.empty() && left_.front() != ',') {
      const char c = left_.front();
      left_.remove_prefix(1);
      if ((c == '{' || c == '}') && take(c)) {
        letters += c;
      } else if (c == '{') {
        end_letters();
        auto column = parse_name("a column in {}");
        if (!column) return std::move(column).error();
        if (!take('}')) return wrong("has a '{' that is not closed: {column}");
        tag.push_back({true, std::move(*column)});
      } else if (c == '}') {
        return wrong("has a '}' without '{'; a brace in a tag is written twice");
      } else if (c < 0x21 || c > 0x7e) {
        return wrong("has a tag with a space, a control byte or a letter beyond ASCII");
      } else {
        letters += c;
      }
    }
    end_letters();
    if (tag.empty()) return wrong("has an empty tag");
    if (length > kLongestTag) return wrong("has a tag of more than 256 letters");
    return tag;
  }

  std::string_view whole_, left_;
};

}  // namespace

std::vector<std::string> WatchedTable::columns() const {
  std::vector<std::string> names;
  for (const Tag& tag : tags) {
    for (const Piece& piece : tag) {
      if (piece.is_column && std::find(names.begin(), names.end(), piece.text) == names.end())
        names.push_back(piece.text);
    }
  }
  return names;
}

Result<WatchedTable> parse_watched_table(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace weir
