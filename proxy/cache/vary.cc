// Vary: which stored variant a request selects; see vary.h. Normal forms are written to a sink, so that storing makes a
// string of them while a look-up compares as it goes and allocates nothing.
#include "proxy/cache/vary.h"

#include <algorithm>
#include <array>

#include "proxy/base/text.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

// How a request field may be rewritten without changing what it says.
enum class Form : std::uint8_t {
  exact,   // one value whose inside we don't know: credentials, names of programs
  list,    // white space around commas means nothing
  ranked,  // a list of names with q-values: case and order mean nothing either
};

Form form_of(Name id) {
  switch (id) {
    case Name::accept_encoding:
    case Name::accept_language: return Form::ranked;
    case Name::authorization:
    case Name::cookie:
    case Name::host:
    case Name::origin:
    case Name::proxy_authorization:
    case Name::referer:
    case Name::user_agent: return Form::exact;
    default: return Form::list;
  }
}

struct Append {
  std::string& out;
  void operator()(char c) { out.push_back(c); }
  void operator()(std::string_view text) { out.append(text); }
  void folded(std::string_view text) {
    for (const char c : text) out.push_back(to_lower(c));
  }
};

struct Compare {
  std::string_view left;
  bool same = true;
  void operator()(char c) { pass(left.starts_with(c), 1); }
  void operator()(std::string_view text) { pass(left.starts_with(text), text.size()); }
  void folded(std::string_view text) { pass(equals_ignoring_case(left.substr(0, text.size()), text), text.size()); }
  void pass(bool equal, std::size_t length) {
    same = same && equal;
    if (same) left.remove_prefix(length);
  }
  bool equal() const { return same && left.empty(); }
};

// Calls each(member) for the members of one line, trimmed; commas inside quotes don't part.
template <class Each>
void for_each_member(std::string_view line, Each each) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\')
      ++i;
    else if (line[i] == '"')
      quoted = !quoted;
    else if (line[i] == ',' && !quoted) {
      each(trim(line.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  each(trim(line.substr(begin)));
}

template <class Each>
void for_each_line(const Fields& fields, std::string_view name, Name id, Each each) {
  for (const Field& field : fields) {
    if (id == Name::other ? field.id == id && equals_ignoring_case(field.name, name) : field.id == id)
      each(field.value);
  }
}

constexpr unsigned kWhole = 1000;  // q=1, in thousandths

struct Ranked {
  std::string_view name;
  unsigned weight = kWhole;
};

// qvalue of RFC 9110 §12.4.2, in thousandths.
std::optional<unsigned> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  unsigned value = text[0] == '1' ? kWhole : 0;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  unsigned place = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is_digit(c)) return std::nullopt;
    value += place * static_cast<unsigned>(c - '0');
    place /= 10;
  }
  return value <= kWhole ? std::optional(value) : std::nullopt;
}

std::optional<Ranked> parse_ranked(std::string_view member) {
  const auto semicolon = member.find(';');
  Ranked ranked{trim(member.substr(0, semicolon))};
  if (!is_token(ranked.name)) return std::nullopt;
  if (semicolon == std::string_view::npos) return ranked;
  const auto parameter = trim(member.substr(semicolon + 1));
  if (parameter.size() < 2 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') return std::nullopt;
  const auto weight = parse_weight(parameter.substr(2));
  if (!weight) return std::nullopt;
  ranked.weight = *weight;
  return ranked;
}

bool before(const Ranked& a, const Ranked& b) {
  if (a.weight != b.weight) return a.weight > b.weight;
  return std::lexicographical_compare(a.name.begin(), a.name.end(), b.name.begin(), b.name.end(),
                                      [](char x, char y) { return to_lower(x) < to_lower(y); });
}

// The members of all lines by rank. Not `whole` where one isn't understood or there are too many to sort cheaply.
struct RankedList {
  std::array<Ranked, 16> members;
  std::size_t count = 0;
  bool whole = true;

  RankedList(const Fields& request, std::string_view name, Name id) {
    for_each_line(request, name, id, [this](std::string_view line) {
      for_each_member(line, [this](std::string_view member) { add(member); });
    });
    std::sort(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(count), before);
  }

  void add(std::string_view member) {
    if (member.empty() || !whole) return;
    const auto ranked = parse_ranked(member);
    whole = ranked.has_value() && count < members.size();
    if (whole) members[count++] = *ranked;
  }
};

template <class Sink>
void write_ranked(const RankedList& list, Sink& sink) {
  for (std::size_t i = 0; i < list.count; ++i) {
    const auto& [name, weight] = list.members[i];
    if (i > 0) sink(',');
    sink.folded(name);
    if (weight == kWhole) continue;
    sink(std::string_view(";q="));
    for (unsigned place = 100; place > 0; place /= 10) sink(static_cast<char>('0' + weight / place % 10));
  }
}

// Nothing for a missing field; '=' and the value for one that is there, though it be empty.
template <class Sink>
void write_normal_form(const Fields& request, std::string_view name, Sink& sink) {
  const Name id = name_of(name);
  const Form form = form_of(id);
  if (form == Form::ranked) {
    const RankedList list(request, name, id);
    if (list.whole) {
      if (request.has(id)) sink('=');
      return write_ranked(list, sink);
    }
  }
  bool first = true;
  for_each_line(request, name, id, [&](std::string_view line) {
    const auto put = [&](std::string_view member) {
      sink(first ? '=' : form == Form::exact ? '\n' : ',');
      first = false;
      sink(member);
    };
    if (form == Form::exact)
      put(line);
    else
      for_each_member(line, put);
  });
}

// The value of a field with one line in the stored head; empty where it isn't there or has several.
std::string_view stored_field(std::string_view head, std::string_view name) {
  std::string_view found;
  unsigned lines = 0;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name)) {
      found = trim(line.substr(colon + 1));
      ++lines;
    }
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
  }
  return lines == 1 ? found : std::string_view{};
}

// A stored answer in the one language that the request likes best is what the origin would choose for it, too
// (RFC 9111 §4.1 lets a cache compare by what the field means).
bool speaks_preferred_language(const Object& object, const Fields& request) {
  const RankedList wanted(request, text_of(Name::accept_language), Name::accept_language);
  if (!wanted.whole || wanted.count == 0 || wanted.members[0].weight == 0) return false;
  if (wanted.count > 1 && wanted.members[1].weight == wanted.members[0].weight) return false;
  return equals_ignoring_case(wanted.members[0].name, stored_field(object.head, text_of(Name::content_language)));
}

}  // namespace

std::optional<std::vector<std::string>> vary_names(const Fields& response) {
  std::vector<std::string> names;
  for (const Field& field : response) {
    if (field.id != Name::vary) continue;
    for (const auto member : split(field.value, ',')) {
      const auto name = trim(member);
      if (name.empty()) continue;
      if (name == "*" || !is_token(name)) return std::nullopt;
      names.push_back(lower(name));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > kMaxVaryNames) return std::nullopt;
  return names;
}

std::string vary_value(const Fields& request, std::string_view name) {
  std::string value;
  Append sink{value};
  write_normal_form(request, name, sink);
  return value;
}

bool vary_matches(const Object& object, const Fields& request) {
  for (std::size_t i = 0; i < object.vary_names.size(); ++i) {
    const std::string& name = object.vary_names[i];
    Compare sink{object.vary_values[i]};
    write_normal_form(request, name, sink);
    if (sink.equal()) continue;
    if (name_of(name) != Name::accept_language || !speaks_preferred_language(object, request)) return false;
  }
  return true;
}

}  // namespace weir
