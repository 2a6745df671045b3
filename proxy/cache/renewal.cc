// What a 304 does to the stored fields (RFC 9111 §3.2); see freshness.h.
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/cache/freshness.h"

namespace weir {
namespace {

// Framing, what describes the bytes that are kept, and what a 304 must not slip past the rules for storing.
bool stays_as_stored(const Field& field) {
  switch (field.id) {
    case Name::content_encoding:
    case Name::content_length:
    case Name::content_range:
    case Name::etag:
    case Name::set_cookie: return true;
    case Name::other: return equals_ignoring_case(field.name, "Content-MD5");
    default: return is_hop_by_hop(field.id);
  }
}

bool same_name(const Field& a, const Field& b) {
  return a.id == b.id && (a.id != Name::other || equals_ignoring_case(a.name, b.name));
}

}  // namespace

Fields updated_fields(const Fields& stored, const Fields& not_modified) {
  Fields updated;
  updated.reserve(stored.size() + not_modified.size());
  const auto replaces = [&](const Field& field) {
    return !stays_as_stored(field) && std::any_of(not_modified.begin(), not_modified.end(),
                                                  [&](const Field& newer) { return same_name(field, newer); });
  };
  for (const Field& field : stored) {
    if (!replaces(field)) updated.add(field);
  }
  for (const Field& field : not_modified) {
    if (!stays_as_stored(field)) updated.add(field);
  }
  return updated;
}

}  // namespace weir
