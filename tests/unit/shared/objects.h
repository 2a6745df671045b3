// Makes objects for the tests of the shared tier, plain and random ones, and tells whether two are the same. Not for
// anything else.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cache/object.h"
#include "proxy/shared/entry.h"
#include "tests/support/mutate.h"

namespace weir::test {

inline constexpr Time kNoon{std::chrono::hours(12)};

inline std::shared_ptr<Object> object_of(std::string_view key, std::string_view content) {
  auto made = std::make_shared<Object>();
  made->key = key;
  made->digest = hash128(key);
  made->head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nETag: \"v1\"\r\nContent-Length: " +
               std::to_string(content.size()) + "\r\n";
  made->etag = "\"v1\"";
  made->length = content.size();
  made->date = 1700000000;
  made->body = Body::of(content);
  made->life.received = kNoon;
  made->life.fresh_for = std::chrono::hours(1);
  made->position = 7;
  made->tags = {"video:1", "trending"};
  made->head304 = head_of_304(*made);
  return made;
}

inline std::string random_text(Mutator& random, std::size_t size, bool plain) {
  std::string text;
  while (text.size() < size) {
    if (plain)
      text.append("{\"number\":").append(std::to_string(random.below(1000))).append("},");
    else
      text.push_back(static_cast<char>(random.below(256)));
  }
  text.resize(size);
  return text;
}

// As keep.cc might have made it, with whatever may be said in it.
inline std::shared_ptr<Object> random_object(Mutator& random) {
  const auto duration = [&] { return Duration(static_cast<std::int64_t>(random.below(std::size_t{1} << 50))); };
  const std::size_t size = random.below(4) == 0 ? random.below(4) : random.below(20000);
  auto made =
      object_of(random_text(random, 1 + random.below(200), false), random_text(random, size, random.below(2) == 0));
  made->status = random.below(2) == 0 ? 200 : 404;
  if (made->status == 404) made->head.replace(9, 6, "404 Not Found");
  made->coding = static_cast<ContentCoding>(random.below(kContentCodings));
  made->recodable = random.below(2) == 0;
  if (random.below(2) == 0) made->last_modified = "Sun, 06 Nov 1994 08:49:37 GMT";
  made->life.received = kNoon - duration() / 100;
  made->life.initial_age = duration() / 100;
  made->life.fresh_for = duration();
  made->life.stale_while_revalidate = duration();
  made->life.stale_if_error = duration();
  made->life.always_validate = random.below(2) == 0;
  made->life.for_credentials = random.below(2) == 0;
  made->life.must_revalidate = random.below(2) == 0;
  made->date = static_cast<WallTime>(random.below(std::size_t{1} << 40));
  made->position = random.below(SIZE_MAX);
  made->tags.resize(random.below(5));
  for (auto& tag : made->tags) tag = random_text(random, random.below(40), false);
  for (std::size_t i = random.below(4); i > 0; --i) {
    made->vary_names.push_back(std::string(1, static_cast<char>('a' + made->vary_names.size())));
    made->vary_values.push_back(random_text(random, random.below(40), false));
  }
  made->head304 = head_of_304(*made);
  return made;
}

inline bool same_life(const Life& a, const Life& b, Time now) {
  return a.age(now) == b.age(now) && a.fresh_for == b.fresh_for &&
         a.stale_while_revalidate == b.stale_while_revalidate && a.stale_if_error == b.stale_if_error &&
         a.always_validate == b.always_validate && a.for_credentials == b.for_credentials &&
         a.must_revalidate == b.must_revalidate;
}

// All that the store and the client side look at, the life as of `now`.
inline bool same(const Object& a, const Object& b, Time now) {
  return a.key == b.key && a.digest == b.digest && a.vary_names == b.vary_names && a.vary_values == b.vary_values &&
         a.status == b.status && a.head == b.head && a.length == b.length && a.head304 == b.head304 &&
         a.etag == b.etag && a.last_modified == b.last_modified && a.date == b.date && a.coding == b.coding &&
         a.recodable == b.recodable && !b.is_dictionary && a.tags == b.tags && a.position == b.position &&
         a.body->same_bytes(*b.body) && same_life(a.life, b.life, now);
}

// Written at `now`, as one would do who doesn't care for parts.
inline Written written_at(Time now, std::chrono::milliseconds kept = std::chrono::hours(2)) {
  return {now, kept, 0x1122334455667788, "00112233445566778899aabbccddeeff"};
}

struct Read {
  std::shared_ptr<Object> object;  // null: `why`
  std::optional<Unfit> why;
  std::uint64_t mark = 0;
};

// An entry with its body, whether that stands in it or in `parts`.
inline Read read_whole(std::string_view bytes, const Sighting& seen, const Seal& seal,
                       const std::vector<std::string_view>& parts = {}) {
  auto entry = read_entry(bytes, seen, seal);
  if (const auto* const why = std::get_if<Unfit>(&entry)) return {nullptr, *why};
  auto* const read = std::get_if<ReadEntry>(&entry);
  if (read == nullptr) return {nullptr, Unfit::corrupt};
  const auto why = unpack_body(*read->object, read->place, parts.empty() ? std::vector{read->body} : parts, seal);
  if (why) return {nullptr, why};
  return {read->object, std::nullopt, read->mark};
}

inline Sighting sighting(const Object& object, Time now, std::chrono::milliseconds left = std::chrono::hours(2)) {
  return {object.key, object.digest, now, left.count(), 64_MiB};
}

// Makes the seal of a changed entry right again, as one could who knows the secret: what is behind it is looked at too.
inline void seal_again(std::string& entry, const Seal& seal) {
  const auto put = [&](std::size_t at, const Seal::Tag& tag) { entry.replace(at, tag.size(), tag.data(), tag.size()); };
  const std::string_view bytes = entry;
  if (entry.size() >= 8 + Seal::kSize && entry[6] == 2) {  // a note
    const auto sealed = bytes.substr(0, entry.size() - Seal::kSize);
    put(sealed.size(), seal.of(Seal::Purpose::note, sealed));
  }
  if (entry.size() < kEntryHead + Seal::kSize || entry[6] != 1) return;
  std::size_t meta = 0;
  for (std::size_t i = 0; i < 4; ++i) meta |= std::size_t{static_cast<unsigned char>(entry[16 + i])} << (8 * i);
  const std::size_t room = entry.size() - kEntryHead - Seal::kSize;
  if (meta > room) return;
  put(kEntryHead - Seal::kSize, seal.of(Seal::Purpose::body, bytes.substr(kEntryHead + meta, room - meta)));
  put(entry.size() - Seal::kSize, seal.of(Seal::Purpose::entry, bytes.substr(0, kEntryHead + meta)));
}

}  // namespace weir::test
