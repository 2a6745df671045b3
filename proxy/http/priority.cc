// RFC 9218 §4; see priority.h.
#include "proxy/http/priority.h"

#include "proxy/base/text.h"
#include "proxy/http/structured_field.h"

namespace weir {
namespace {

constexpr std::int64_t kLeastUrgent = 7;

}  // namespace

Priority parse_priority(std::string_view text) {
  Priority priority;
  if (text.empty()) return priority;
  if (text.size() == 3 && text.starts_with("u=") && text[2] >= '0' && text[2] <= '7') {  // what is said mostly
    priority.urgency = static_cast<std::uint8_t>(text[2] - '0');
    return priority;
  }
  const auto members = parse_structured_dictionary(text);
  if (!members) return priority;
  using Type = StructuredItem::Type;
  for (const StructuredMember& member : *members) {
    const StructuredItem& item = member.item;
    if (member.key == "u") {
      const bool known = item.type == Type::integer && item.number >= 0 && item.number <= kLeastUrgent;
      priority.urgency = known ? static_cast<std::uint8_t>(item.number) : Priority{}.urgency;
    } else if (member.key == "i") {
      priority.incremental = item.type == Type::boolean && item.number == 1;
    }
  }
  return priority;
}

}  // namespace weir
