// Targeted Cache-Control (RFC 9213): the directives of cache_control.h out of a structured dictionary, which is valid
// as a whole or ignored as a whole. A lifetime of another type than Integer makes it invalid; parameters are ignored.
#include <algorithm>

#include "proxy/http/cache_control.h"
#include "proxy/http/structured_field.h"

namespace weir {
namespace {

using Type = StructuredItem::Type;

enum class Kind { lifetime, permission, restriction, flag };

struct Known {
  std::string_view key;
  Kind kind;
  std::optional<Seconds> ResponseDirectives::*seconds = nullptr;
  bool ResponseDirectives::*flag = nullptr;
  bool ResponseDirectives::*has_list = nullptr;
  std::string ResponseDirectives::*list = nullptr;
};

using D = ResponseDirectives;
const Known kKnown[] = {
    {.key = "max-age", .kind = Kind::lifetime, .seconds = &D::max_age},
    {.key = "s-maxage", .kind = Kind::lifetime, .seconds = &D::s_maxage},
    {.key = "stale-while-revalidate", .kind = Kind::permission, .seconds = &D::stale_while_revalidate},
    {.key = "stale-if-error", .kind = Kind::permission, .seconds = &D::stale_if_error},
    {.key = "no-cache",
     .kind = Kind::restriction,
     .flag = &D::no_cache,
     .has_list = &D::no_cache_fields,
     .list = &D::no_cache_list},
    {.key = "private",
     .kind = Kind::restriction,
     .flag = &D::private_,
     .has_list = &D::private_fields,
     .list = &D::private_list},
    {.key = "no-store", .kind = Kind::restriction, .flag = &D::no_store},
    {.key = "must-revalidate", .kind = Kind::restriction, .flag = &D::must_revalidate},
    {.key = "proxy-revalidate", .kind = Kind::restriction, .flag = &D::proxy_revalidate},
    {.key = "no-transform", .kind = Kind::restriction, .flag = &D::no_transform},
    {.key = "must-understand", .kind = Kind::flag, .flag = &D::must_understand},
    {.key = "public", .kind = Kind::flag, .flag = &D::public_},
    {.key = "immutable", .kind = Kind::flag, .flag = &D::immutable},
};

bool is_false(const StructuredItem& item) {
  return item.type == Type::boolean && item.number == 0;
}

// What restricts counts whatever its value, unless that is ?0; no-cache="a" and private="a" are about field a.
void set_restriction(const Known& known, const StructuredItem& item, ResponseDirectives& out) {
  const bool names = known.list != nullptr && item.type == Type::string && !item.text.empty();
  out.*known.flag = !names && !is_false(item);
  if (known.list == nullptr) return;
  out.*known.has_list = names;
  out.*known.list = names ? item.text : std::string();
}

// False where the type is wrong: then the field is ignored.
bool set(const Known& known, const StructuredItem& item, ResponseDirectives& out) {
  switch (known.kind) {
    case Kind::lifetime:
    case Kind::permission:
      if (item.type != Type::integer) return false;
      out.*known.seconds = std::clamp<Seconds>(item.number, 0, kMaxDelta);
      if (known.kind == Kind::lifetime && item.number < 0) out.invalid_lifetime = true;
      return true;
    case Kind::restriction: set_restriction(known, item, out); return true;
    case Kind::flag: out.*known.flag = item.type == Type::boolean && item.number == 1; return true;
  }
  return true;
}

}  // namespace

std::optional<ResponseDirectives> parse_targeted_cache_control(const Fields& fields, Name name) {
  if (!fields.has(name)) return std::nullopt;
  const std::string text = fields.joined(name);
  const auto members = parse_structured_dictionary(text);
  if (!members || members->empty()) return std::nullopt;
  ResponseDirectives out;
  out.present = true;
  for (const auto& member : *members) {
    const auto known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](auto& k) { return k.key == member.key; });
    if (known != std::end(kKnown) && !set(*known, member.item, out)) return std::nullopt;
  }
  return out;
}

}  // namespace weir
