// Field look-ups and the end of hop-by-hop fields; see headers.h. Known names are found by a perfect hash that the
// compiler searches for: whoever adds a name changes nothing here.
#include "proxy/http/headers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "proxy/base/text.h"

namespace weir {
namespace {

constexpr std::array kNames{std::string_view{},
#define WEIR_AS_TEXT(id, text) std::string_view{text},
                            WEIR_FIELD_NAMES(WEIR_AS_TEXT)
#undef WEIR_AS_TEXT
};

constexpr std::size_t kShortest = 2;
constexpr std::size_t kLongest = 32;
constexpr std::size_t kSlotBits = 10;

// A few bytes tell the known names apart; setting 0x20 makes letters case-blind and harms nothing else here.
constexpr std::uint32_t slot_of(std::string_view name, std::uint32_t factor) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i]) | 0x20U);
  };
  const std::size_t n = name.size();
  const std::uint32_t ends = byte(0) | byte(n / 2) << 8 | byte(n - 2) << 16 | byte(n - 1) << 24;
  return (ends ^ static_cast<std::uint32_t>(n) * 0x9e3779b1U) * factor >> (32 - kSlotBits);
}

struct NameTable {
  std::uint32_t factor = 0;
  std::array<std::uint8_t, 1U << kSlotBits> slots{};  // Name, 0 = other = empty
};

constexpr bool fill(NameTable& table, std::uint32_t factor) {
  table.factor = factor;
  table.slots = {};
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    std::uint8_t& slot = table.slots[slot_of(kNames[i], factor)];
    if (slot != 0) return false;
    slot = static_cast<std::uint8_t>(i);
  }
  return true;
}

constexpr NameTable make_table() {
  NameTable table;
  for (std::uint32_t factor = 0x85ebca6bU; !fill(table, factor); factor += 0x3c6ef372U) {}
  return table;
}

constexpr NameTable kTable = make_table();
static_assert(kNames.size() < 256, "Name is one byte");
static_assert(std::all_of(kNames.begin() + 1, kNames.end(),
                          [](auto name) { return name.size() >= kShortest && name.size() <= kLongest; }));

// The fields that no Connection option may take away: a cache that lost them would keep or send what it must not.
// (In requests, naming one of them is an error already: hostile input rule 13.)
bool is_protected(Name id) noexcept {
  switch (id) {
    case Name::age:
    case Name::authorization:
    case Name::cache_control:
    case Name::cdn_cache_control:
    case Name::content_encoding:
    case Name::content_language:
    case Name::content_length:
    case Name::content_location:
    case Name::content_range:
    case Name::content_type:
    case Name::cookie:
    case Name::date:
    case Name::etag:
    case Name::expires:
    case Name::host:
    case Name::last_modified:
    case Name::pragma:
    case Name::set_cookie:
    case Name::surrogate_control:
    case Name::vary: return true;
    default: return false;
  }
}

// The options of all Connection lines that are names of further fields. Empty for nearly every message.
std::vector<std::string_view> names_in_connection(const Fields& fields) {
  std::vector<std::string_view> names;
  for (const Field& field : fields) {
    if (field.id != Name::connection) continue;
    for_each_member(field.value, [&](std::string_view option) {
      const Name id = name_of(option);
      const bool known = is_hop_by_hop(id) || is_protected(id) || equals_ignoring_case(option, "close");
      if (!known) names.push_back(option);
    });
  }
  return names;
}

}  // namespace

Name name_of(std::string_view text) noexcept {
  if (text.size() < kShortest || text.size() > kLongest) return Name::other;
  const std::uint8_t found = kTable.slots[slot_of(text, kTable.factor)];
  const bool same = kNames[found] == text || equals_ignoring_case(kNames[found], text);  // mostly as we spell it
  return same ? static_cast<Name>(found) : Name::other;
}

std::string_view text_of(Name name) noexcept {
  return kNames[static_cast<std::size_t>(name)];
}

const Field* Fields::find(Name id) const noexcept {
  for (const Field& field : list_) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

const Field* Fields::find(std::string_view name) const noexcept {
  const Name id = name_of(name);
  for (const Field& field : list_) {
    if (field.id == id && (id != Name::other || equals_ignoring_case(field.name, name))) return &field;
  }
  return nullptr;
}

std::size_t Fields::count(Name id) const noexcept {
  return static_cast<std::size_t>(std::count_if(list_.begin(), list_.end(), [id](auto& f) { return f.id == id; }));
}

std::string_view Fields::value(Name id) const noexcept {
  const Field* field = find(id);
  return field == nullptr ? std::string_view{} : field->value;
}

std::string_view Fields::value(std::string_view name) const noexcept {
  const Field* field = find(name);
  return field == nullptr ? std::string_view{} : field->value;
}

std::string Fields::joined(Name id) const {
  return joined(text_of(id));
}

std::string Fields::joined(std::string_view name) const {
  const Name id = name_of(name);
  std::string out;
  bool first = true;
  for (const Field& field : list_) {
    if (field.id != id || (id == Name::other && !equals_ignoring_case(field.name, name))) continue;
    if (!std::exchange(first, false)) out.append(", ");
    out.append(field.value);
  }
  return out;
}

void Fields::set(Name id, std::string_view value) {
  const Field* first = find(id);
  if (first == nullptr) return add(id, value);
  const auto at = first - list_.data();
  list_[static_cast<std::size_t>(at)].value = value;
  list_.erase(std::remove_if(list_.begin() + at + 1, list_.end(), [id](auto& f) { return f.id == id; }), list_.end());
}

void Fields::set(std::string_view name, std::string_view value) {
  const Field* first = find(name);
  if (first == nullptr) return add(name, value);
  const Field kept{first->name, value, first->id};
  const auto at = first - list_.data();
  remove(name);
  list_.insert(list_.begin() + at, kept);
}

void Fields::remove(Name id) {
  remove_if([id](const Field& f) { return f.id == id; });
}

void Fields::remove(std::string_view name) {
  const Name id = name_of(name);
  remove_if([&](const Field& f) { return f.id == id && (id != Name::other || equals_ignoring_case(f.name, name)); });
}

bool is_hop_by_hop(Name id) noexcept {
  switch (id) {
    case Name::connection:
    case Name::keep_alive:
    case Name::proxy_authenticate:
    case Name::proxy_authentication_info:
    case Name::proxy_authorization:
    case Name::proxy_connection:
    case Name::te:
    case Name::trailer:
    case Name::transfer_encoding:
    case Name::upgrade: return true;
    default: return false;
  }
}

void remove_hop_by_hop(Fields& fields) {
  const auto named = names_in_connection(fields);
  fields.remove_if([&](const Field& field) {
    const auto same = [&](std::string_view name) { return equals_ignoring_case(name, field.name); };
    if (field.id == Name::other && equals_ignoring_case(field.name, "HTTP2-Settings")) return true;  // RFC 7540 §3.2.1
    return is_hop_by_hop(field.id) || std::any_of(named.begin(), named.end(), same);
  });
}

bool takes_trailers(const Fields& request) {
  bool takes = false;
  for (const Field& field : request) {
    if (field.id != Name::te) continue;
    for_each_member(field.value, [&](std::string_view coding) { takes |= equals_ignoring_case(coding, "trailers"); });
  }
  return takes;
}

void remove_named_in_connection(Fields& fields) {
  for (const auto name : names_in_connection(fields)) fields.remove(name);
}

}  // namespace weir
