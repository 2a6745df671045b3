// Stored objects as people look at them: found by URL, and written as JSON without what a user sent.
#pragma once

#include <string>
#include <vector>

#include "proxy/base/json.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/store.h"
#include "proxy/route/url.h"

namespace weir {

inline constexpr std::size_t kMostWalked = 50'000;  // objects that one call looks at

struct StoredSearch {
  std::vector<ObjectPtr> objects;
  bool complete = true;  // false: the store holds more than was looked at, so there may be more
};
// All that is kept for the URL, whatever else its keys hold; on any host where it names none. One whose host is given
// and whose key holds no more is found however large the store is.
StoredSearch find_stored(const Store& store, const PlainUrl& url);

std::string readable_key(std::string_view key_bytes);  // host/path?query
std::int64_t whole_seconds(Duration duration);

void write_stored(JsonWriter& json, const Object& object, const InvalidationRules& rules, const RouteTable& routes,
                  Time now);

}  // namespace weir
