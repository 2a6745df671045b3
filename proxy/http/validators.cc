// Entity tags and the preconditions that a cache may judge (RFC 9110 §8.8.3, §13); see validators.h.
#include "proxy/http/validators.h"

#include "proxy/base/text.h"
#include "proxy/http/date.h"
#include "proxy/http/grammar.h"

namespace weir {
namespace {

constexpr CharSet kTagChars = CharSet("").add_range(0x21, 0x7e).add_range(0x80, 0xff).remove("\"");

// The entity tag that `text` begins with; `length` is what it takes.
std::optional<EntityTag> leading_tag(std::string_view text, std::size_t& length) noexcept {
  EntityTag tag;
  tag.weak = text.starts_with("W/");
  const std::size_t begin = tag.weak ? 3 : 1;
  if (text.size() <= begin || text[begin - 1] != '"') return std::nullopt;
  const std::size_t size = kTagChars.span(text.substr(begin));
  if (!text.substr(begin + size).starts_with('"')) return std::nullopt;
  tag.opaque = text.substr(begin, size);
  length = begin + size + 1;
  return tag;
}

// What is left of a list after its first member, which is malformed: up to the next comma.
std::string_view skip_member(std::string_view list) noexcept {
  const auto comma = list.find(',');
  return comma == std::string_view::npos ? std::string_view{} : list.substr(comma);
}

bool line_matches(std::string_view list, const std::optional<EntityTag>& wanted) noexcept {
  while (!list.empty()) {
    if (list.front() == ',' || list.front() == ' ' || list.front() == '\t') {
      list.remove_prefix(1);
      continue;
    }
    std::size_t length = 0;
    const auto tag = leading_tag(list, length);
    const auto rest = trim(list.substr(length));
    const bool whole = tag && (rest.empty() || rest.front() == ',');
    if (whole && wanted && weak_match(*tag, *wanted)) return true;
    list = whole ? rest : skip_member(list.substr(length));
  }
  return false;
}

Precondition modified_since(const Fields& request, std::string_view last_modified, WallTime now) noexcept {
  if (request.count(Name::if_modified_since) != 1) return Precondition::none;
  const auto since = parse_date(request.value(Name::if_modified_since), now);
  const auto modified = parse_date(last_modified, now);
  if (!since || !modified) return Precondition::none;
  return *modified <= *since ? Precondition::not_modified : Precondition::passes;
}

}  // namespace

std::optional<EntityTag> parse_entity_tag(std::string_view text) noexcept {
  std::size_t length = 0;
  const auto tag = leading_tag(text, length);
  return length == text.size() ? tag : std::nullopt;
}

bool strong_match(const EntityTag& a, const EntityTag& b) noexcept {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool weak_match(const EntityTag& a, const EntityTag& b) noexcept {
  return a.opaque == b.opaque;
}

bool matches_any(const Fields& request, Name list_field, std::string_view etag_of_object) noexcept {
  const auto wanted = parse_entity_tag(etag_of_object);
  for (const Field& field : request) {
    if (field.id == list_field && (field.value == "*" || line_matches(field.value, wanted))) return true;
  }
  return false;
}

Precondition evaluate_preconditions(const Fields& request, std::string_view etag, std::string_view last_modified,
                                    WallTime now) noexcept {
  if (request.has(Name::if_none_match)) {
    return matches_any(request, Name::if_none_match, etag) ? Precondition::not_modified : Precondition::passes;
  }
  return modified_since(request, last_modified, now);
}

}  // namespace weir
