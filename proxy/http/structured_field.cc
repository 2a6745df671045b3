// The parsing algorithm of RFC 8941 §4.2 for dictionaries; see structured_field.h.
#include "proxy/http/structured_field.h"

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

using Type = StructuredItem::Type;

constexpr CharSet kKeyStart = CharSet("*").add_range('a', 'z');
constexpr CharSet kKeyChars = CharSet("_-.*").add_range('a', 'z').add_range('0', '9');
constexpr CharSet kTokenStart = CharSet("*").add_range('a', 'z').add_range('A', 'Z');
constexpr CharSet kStructuredTokenChars = CharSet(kTokenChars).add(":/");
constexpr CharSet kBase64Chars = CharSet(kAlphaDigit).add("+/=");
constexpr std::size_t kMostIntegerDigits = 15;
constexpr std::size_t kMostWholeDigits = 12;  // of a decimal
constexpr std::size_t kMostFractionDigits = 3;

// Each take_… consumes what it names, or says no: the whole field is then invalid.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  void skip(std::string_view blanks) {
    const auto begin = rest_.find_first_not_of(blanks);
    rest_.remove_prefix(begin == std::string_view::npos ? rest_.size() : begin);
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_key(std::string_view& key) {
    if (rest_.empty() || !kKeyStart.has(rest_.front())) return false;
    key = take_span(kKeyChars);
    return true;
  }

  bool take_parameters() {
    while (take(';')) {
      skip(" ");
      std::string_view key;
      if (!take_key(key)) return false;
      StructuredItem ignored;
      if (take('=') && !take_bare_item(ignored)) return false;
    }
    return true;
  }

  bool take_member_value(StructuredItem& item) {
    if (take('(')) {
      item.type = Type::inner_list;
      return take_inner_list() && take_parameters();
    }
    return take_bare_item(item) && take_parameters();
  }

 private:
  std::string_view take_span(const CharSet& set) {
    const auto taken = rest_.substr(0, set.span(rest_));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  bool take_inner_list() {
    for (;;) {
      skip(" ");
      if (take(')')) return true;
      StructuredItem ignored;
      if (!take_bare_item(ignored) || !take_parameters()) return false;
      if (!rest_.starts_with(' ') && !rest_.starts_with(')')) return false;
    }
  }

  bool take_bare_item(StructuredItem& item) {
    if (rest_.empty()) return false;
    const char first = rest_.front();
    if (first == '-' || is_digit(first)) return take_number(item);
    if (first == '"') return take_string(item);
    if (first == ':') return take_bytes(item);
    if (first == '?') return take_boolean(item);
    return take_token(item);
  }

  bool take_number(StructuredItem& item) {
    const bool negative = take('-');
    const auto whole = take_digits();
    if (whole.empty()) return false;
    if (take('.')) {
      const auto fraction = take_digits();
      item.type = Type::decimal;
      return whole.size() <= kMostWholeDigits && !fraction.empty() && fraction.size() <= kMostFractionDigits;
    }
    if (whole.size() > kMostIntegerDigits) return false;
    const auto number = static_cast<std::int64_t>(parse_number(whole).value_or(0));
    item.type = Type::integer;
    item.number = negative ? -number : number;
    return true;
  }

  std::string_view take_digits() {
    std::size_t n = 0;
    while (n < rest_.size() && is_digit(rest_[n])) ++n;
    const auto digits = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return digits;
  }

  bool take_string(StructuredItem& item) {
    item.type = Type::string;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (take('"')) return true;
      const bool escaped = take('\\');
      if (rest_.empty()) return false;
      const char c = rest_.front();
      if (escaped ? c != '"' && c != '\\' : c < 0x20 || c > 0x7e) return false;
      item.text.push_back(c);
      rest_.remove_prefix(1);
    }
    return false;
  }

  bool take_bytes(StructuredItem& item) {
    item.type = Type::bytes;
    rest_.remove_prefix(1);
    (void)take_span(kBase64Chars);
    return take(':');
  }

  bool take_boolean(StructuredItem& item) {
    item.type = Type::boolean;
    rest_.remove_prefix(1);
    item.number = rest_.starts_with('1') ? 1 : 0;
    return take('0') || take('1');
  }

  bool take_token(StructuredItem& item) {
    if (!kTokenStart.has(rest_.front())) return false;
    item.type = Type::token;
    item.text = take_span(kStructuredTokenChars);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<StructuredMember>> parse_structured_dictionary(std::string_view text) {
  std::vector<StructuredMember> members;
  Parser in(text);
  in.skip(" ");
  while (!in.done()) {
    StructuredMember member;
    if (!in.take_key(member.key)) return std::nullopt;
    member.item.number = 1;  // a key alone is true
    const bool valid = in.take('=') ? in.take_member_value(member.item) : in.take_parameters();
    if (!valid) return std::nullopt;
    members.push_back(std::move(member));
    in.skip(" \t");
    if (in.done()) break;
    if (!in.take(',')) return std::nullopt;
    in.skip(" \t");
    if (in.done()) return std::nullopt;  // a comma with nothing behind it
  }
  return members;
}

}  // namespace weir
