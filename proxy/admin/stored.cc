// Finds and describes stored objects; see stored.h.
#include "proxy/admin/stored.h"

#include <algorithm>
#include <array>

#include "proxy/base/arena.h"
#include "proxy/base/text.h"
#include "proxy/cache/freshness.h"
#include "proxy/cache/key.h"

namespace weir {
namespace {

std::string hex(std::uint64_t number) {
  const auto digits = hex_of(number);
  return {digits.data(), digits.size()};
}

bool is_for(const Object& object, const PlainUrl& url) {
  const KeyParts parts = key_parts(object.key);
  return (url.host.empty() || parts.host == url.host) && parts.path == url.path && parts.has_query == url.has_query &&
         parts.query == url.query;
}

// The key of a route that keys by nothing more: found without a walk.
std::vector<ObjectPtr> find_plain(const Store& store, const PlainUrl& url) {
  Arena arena;
  RequestHead head;
  head.path = url.path;
  head.query = url.query;
  head.has_query = url.has_query;
  head.authority = url.host;
  const Key key = make_key(KeySpec{}, head, arena);
  return store.variants(key.digest, key.bytes);
}

// What a Vary name selected by. Only the negotiation of content is shown as it was sent; of other fields, which may be
// secret, as much as tells variants apart.
std::string shown_value(std::string_view name, std::string_view value) {
  return name.starts_with("accept") || value.empty() ? std::string(value) : "#" + hex(hash64(value));
}

constexpr std::array<std::string_view, 3> kCoverageWords{"none", "soft", "hard"};

// The route that a GET for it has now; a reload may have given it another than the one that stored it.
std::string_view route_name(const Object& object, const RouteTable& routes) {
  RouteValues values;
  const Route* const route = routes.match(Method::get, "GET", key_parts(object.key).path, values);
  return route == nullptr ? std::string_view() : std::string_view(route->name);
}

// In whole seconds, as HTTP counts them.
void write_life(JsonWriter& json, const Life& life, std::optional<Time> purged, Time now) {
  json.field("age", whole_seconds(life.age(now))).field("ttl", whole_seconds(ttl_left(life, purged, now)));
  json.field("fresh_for", whole_seconds(life.fresh_for));
  json.field("stale_while_revalidate", whole_seconds(life.stale_while_revalidate));
  json.field("stale_if_error", whole_seconds(life.stale_if_error));
  json.field("always_validate", life.always_validate).field("must_revalidate", life.must_revalidate);
}

// The codings that weir made of it (form.h); `bytes` 0: this one makes it no smaller.
void write_forms(JsonWriter& json, const Object& object) {
  json.field("coding", word_of(object.coding)).key("forms").begin_array();
  for (const FormPtr& form : object.forms) {
    if (!form) continue;
    json.begin_object().field("coding", word_of(form->coding));
    json.field("bytes", form->body ? form->body->size() : 0).field("best", form->best).end_object();
  }
  json.end_array();
}

}  // namespace

std::string readable_key(std::string_view key_bytes) {
  const KeyParts parts = key_parts(key_bytes);
  return PlainUrl{std::string(parts.host), std::string(parts.path), std::string(parts.query), parts.has_query}.text();
}

std::int64_t whole_seconds(Duration duration) {
  return std::chrono::floor<std::chrono::seconds>(duration).count();
}

StoredSearch find_stored(const Store& store, const PlainUrl& url) {
  StoredSearch search;
  search.objects = find_plain(store, url);
  const auto walked = store.sample(kMostWalked);
  search.complete = walked.size() < kMostWalked;
  for (const auto& object : walked) {
    if (!is_for(*object, url)) continue;
    if (std::find(search.objects.begin(), search.objects.end(), object) == search.objects.end()) {
      search.objects.push_back(object);
    }
  }
  return search;
}

void write_stored(JsonWriter& json, const Object& object, const InvalidationRules& rules, const RouteTable& routes,
                  Time now) {
  json.begin_object().field("key", readable_key(object.key)).field("id", hex(object.digest.high));
  json.field("route", route_name(object, routes));
  json.field("status", object.status).field("bytes", object.body ? object.body->size() : 0);
  json.field("etag", object.etag).field("last_modified", object.last_modified);
  json.field("hits", std::uint64_t{object.hits.load(std::memory_order_relaxed)});
  const Coverage coverage = rules.covers(object);
  const bool soft = coverage == Coverage::soft;
  write_life(json, object.life, soft ? std::optional(object.soft_since.load(std::memory_order_relaxed)) : std::nullopt,
             now);
  json.field("invalidated", kCoverageWords[static_cast<std::size_t>(coverage)]).field("position", object.position);
  json.key("tags").begin_array();
  for (const auto& tag : object.tags) json.value(tag);
  json.end_array().key("vary").begin_object();
  for (std::size_t i = 0; i < object.vary_names.size() && i < object.vary_values.size(); ++i) {
    json.field(object.vary_names[i], shown_value(object.vary_names[i], object.vary_values[i]));
  }
  json.end_object();
  write_forms(json, object);
  json.end_object();
}

}  // namespace weir
