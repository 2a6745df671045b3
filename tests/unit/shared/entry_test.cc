// Entries: what goes in comes out, and nothing else ever does.
#include "proxy/shared/entry.h"

#include <algorithm>

#include "proxy/cache/store.h"
#include "tests/support/catch.h"
#include "tests/unit/shared/objects.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

const Seal& plain() {
  static const Seal seal;
  return seal;
}
const Seal& keyed() {
  static const Seal seal("a secret");
  return seal;
}

std::string entry_of(const Object& object, const Seal& seal = plain(), Size compress_above = 1_KiB) {
  return write_entry(object, pack_body(object, compress_above, seal), written_at(kNoon), seal);
}

std::optional<Unfit> why_not(std::string_view bytes, const Object& object, const Seal& seal = plain()) {
  return read_whole(bytes, sighting(object, kNoon), seal).why;
}

template <class T>
void set(std::string& entry, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    entry[at + i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

TEST_CASE("what is written is read, with and without a secret") {
  Mutator random(1);
  for (int round = 0; round < 300; ++round) {
    const auto object = random_object(random);
    REQUIRE(may_be_written(*object));
    const Seal& seal = round % 2 == 0 ? plain() : keyed();
    const std::string entry = entry_of(*object, seal, random.below(3000));
    const auto read = read_whole(entry, sighting(*object, kNoon), seal);
    REQUIRE(read.object);
    CHECK(read.mark == written_at(kNoon).mark);
    CHECK(same(*object, *read.object, kNoon));
  }
}

TEST_CASE("compressed where it pays, above a size, and never twice") {
  Mutator random(2);
  const auto json = object_of("k", random_text(random, 5000, true));
  CHECK(pack_body(*json, 1_KiB, plain()).compressed);
  CHECK_FALSE(pack_body(*json, 5000, plain()).compressed);
  CHECK(entry_of(*json).size() < 2000);
  const auto noise = object_of("k", random_text(random, 5000, false));
  CHECK_FALSE(pack_body(*noise, 1_KiB, plain()).compressed);
  json->coding = ContentCoding::br;
  CHECK_FALSE(pack_body(*json, 1_KiB, plain()).compressed);
  // So few bytes for so many: a reader wouldn't believe them.
  const auto zeros = object_of("k", std::string(4_MiB, '0'));
  CHECK_FALSE(pack_body(*zeros, 1_KiB, plain()).compressed);
}

TEST_CASE("a read object serves the memory store as a fetched one does") {
  const auto object = object_of("key", "hello");
  const auto read = read_whole(entry_of(*object), sighting(*object, kNoon), plain()).object;
  REQUIRE(read);
  Store store(1_MiB);
  REQUIRE(store.put(read, 16));
  const auto found = store.find(hash128("key"), "key", Fields{}, kNoon);
  REQUIRE(found.object);
  CHECK(found.object->body->copy() == "hello");
  CHECK(found.object->head304.find("304 Not Modified") != std::string::npos);
  CHECK(found.object->head304.find("ETag: \"v1\"") != std::string::npos);
  CHECK(found.object->length == 5);
}

TEST_CASE("every bit counts, every byte must be there, and no more") {
  for (const Seal* seal : {&plain(), &keyed()}) {
    const auto object = object_of("some key", "some content, and a little more of it");
    const std::string entry = entry_of(*object, *seal);
    REQUIRE_FALSE(why_not(entry, *object, *seal));
    std::size_t accepted = 0;
    for (std::size_t bit = 0; bit < entry.size() * 8; ++bit) {
      std::string changed = entry;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      accepted += why_not(changed, *object, *seal) ? 0U : 1U;
    }
    for (std::size_t size = 0; size < entry.size(); ++size) {
      accepted += why_not(entry.substr(0, size), *object, *seal) ? 0U : 1U;
    }
    accepted += why_not(entry + '\0', *object, *seal) ? 0U : 1U;
    CHECK(accepted == 0);
  }
}

TEST_CASE("reasons") {
  const auto object = object_of("key", std::string(3000, 'x'));
  const std::string entry = entry_of(*object);
  CHECK(why_not("", *object) == Unfit::foreign);
  CHECK(why_not("hello, world", *object) == Unfit::foreign);
  CHECK(why_not("wei", *object) == Unfit::cut);
  CHECK(why_not(entry.substr(0, 100), *object) == Unfit::cut);
  CHECK(why_not(entry.substr(0, entry.size() - 1), *object) == Unfit::cut);
  CHECK(why_not(entry + "x", *object) == Unfit::corrupt);
  CHECK(why_not(entry, *object_of("another", "x")) == Unfit::another_key);
  CHECK(why_not(entry, *object, keyed()) == Unfit::corrupt);
  CHECK(why_not(entry_of(*object, keyed()), *object) == Unfit::corrupt);
  CHECK(why_not(entry_of(*object, keyed()), *object, Seal("another secret")) == Unfit::corrupt);
  auto older = entry;
  set<std::uint16_t>(older, 4, kEntryVersion - 1);
  CHECK(why_not(older, *object) == Unfit::version);
  seal_again(older, plain());
  CHECK(why_not(older, *object) == Unfit::version);
  auto seen = sighting(*object, kNoon);
  seen.most = 2999;
  CHECK(read_whole(entry, seen, plain()).why == Unfit::too_large);
  seen.most = 3000;
  CHECK(read_whole(entry, seen, plain()).object);
}

TEST_CASE("garbage is no entry") {
  Mutator random(3);
  const auto object = object_of("key", "x");
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = random_text(random, random.below(400), false);
    if (round % 2 == 0) bytes = std::string("weir\1\0\1", 7) + bytes;
    if (round % 3 == 0) bytes = std::string("weir\1\0\2", 7) + bytes;
    REQUIRE(why_not(bytes, *object));
  }
}

// Sealed rightly, so that nothing but the checks behind the seal stands between them and memory.
TEST_CASE("lengths and numbers that no entry has") {
  const auto object = object_of("key", std::string(100, 'x'));
  const std::string good = entry_of(*object);
  const auto with = [&](std::size_t at, auto value) {
    std::string bad = good;
    set(bad, at, value);
    seal_again(bad, plain());
    return why_not(bad, *object);
  };
  REQUIRE_FALSE(with(7, std::uint8_t{16}));    // the flags as they are
  CHECK(with(6, std::uint8_t{3}));             // kind
  CHECK(with(7, std::uint8_t{64}));            // flags
  CHECK(with(7, std::uint8_t{16 | 32}));       // compressed: it isn't
  CHECK(with(8, std::uint64_t{1} << 60));      // total
  CHECK(with(16, std::uint32_t{0xffffffff}));  // meta
  CHECK(with(20, std::uint32_t{1}));           // parts
  CHECK(with(20, std::uint32_t{0xffffffff}));
  CHECK(with(24, std::uint8_t{1}));     // what parts are named by
  CHECK(with(40, std::uint16_t{304}));  // status: the head says 200
  CHECK(with(40, std::uint16_t{65535}));
  CHECK(with(42, std::uint8_t{kContentCodings}));  // coding
  CHECK(with(43, std::uint8_t{1}));
  CHECK(with(44, std::uint64_t{1} << 62));  // written
  CHECK(with(52, std::uint64_t{1} << 62));  // size
  CHECK(with(52, std::uint64_t{99}));
  for (const std::size_t at : {68U, 76U, 84U, 92U}) CHECK(with(at, std::uint64_t{1} << 63));  // durations
  CHECK(with(100, std::uint64_t{0}));                                                         // kept
  CHECK(with(100, std::uint64_t{1} << 63));
  CHECK(with(140, std::uint32_t{0xffffffff}));  // the key's length
  CHECK(with(140, std::uint32_t{4}));
}

TEST_CASE("what is announced is neither allocated nor exceeded") {
  const auto object = object_of("key", std::string(100000, 'x'));
  const std::string good = entry_of(*object);
  REQUIRE(good.size() < 1000);
  for (const std::uint64_t size :
       {std::uint64_t{99999}, std::uint64_t{100001}, std::uint64_t{64_MiB}, std::uint64_t{1} << 40}) {
    std::string bad = good;
    set(bad, 52, size);
    seal_again(bad, plain());
    CHECK(why_not(bad, *object));
  }
}

TEST_CASE("heads that could split an answer are no heads") {
  for (const std::string_view head : {"", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nA: b",
                                      "HTTP/1.1 200 OK\r\nA: b\r\n\r\nx\r\n", "HTTP/1.1 404 OK\r\n", "x\r\n"}) {
    auto object = object_of("key", "x");
    object->head = head;
    CHECK_FALSE(may_be_written(*object));
    CHECK(why_not(entry_of(*object), *object) == Unfit::corrupt);
  }
}

TEST_CASE("age is what it was, and how long Redis has had it") {
  const auto object = object_of("key", "x");
  object->life.initial_age = 5s;
  const std::string entry =
      write_entry(*object, pack_body(*object, 1_KiB, plain()), written_at(kNoon + 10s, 3600s), plain());
  const auto age_at = [&](std::chrono::milliseconds left, Time now) {
    const auto read = read_whole(entry, sighting(*object, now, left), plain());
    return read.object ? std::optional(read.object->life.age(now)) : std::nullopt;
  };
  // Another machine: its monotonic clock began elsewhere.
  for (const Time now : {Time{}, Time{1s}, kNoon + 1000h, Time{-5h}}) {
    CHECK(age_at(3600s, now) == Duration(15s));
    CHECK(age_at(3599999ms, now) == Duration(15001ms));
    CHECK(age_at(0ms, now) == Duration(3615s));
  }
  CHECK(read_whole(entry, sighting(*object, kNoon, 3600001ms), plain()).why == Unfit::unknown_age);
  CHECK(read_whole(entry, sighting(*object, kNoon, -1ms), plain()).why == Unfit::unknown_age);
  CHECK(read_whole(entry, sighting(*object, kNoon, -2ms), plain()).why == Unfit::unknown_age);
}

TEST_CASE("times that are out of all bounds are kept within them") {
  auto object = object_of("key", "x");
  object->life.fresh_for = Duration::max();
  object->life.stale_if_error = Duration::max();
  object->life.stale_while_revalidate = Duration::min();
  CHECK(time_to_keep(*object, kNoon) == kLongestKept);
  object->life.received = kNoon + 1h;  // in the future
  const auto read = read_whole(entry_of(*object), sighting(*object, kNoon, 0ms), plain()).object;
  REQUIRE(read);
  CHECK(read->life.age(kNoon) == Duration(2h));
  CHECK(read->life.stale_while_revalidate == Duration::zero());
  CHECK(read->life.fresh_for == Duration(std::chrono::seconds(std::int64_t{1} << 31)));
  CHECK(read->life.ttl(kNoon) > Duration::zero());
}

TEST_CASE("how long Redis keeps it") {
  struct Row {
    Duration fresh, stale_while, stale_error, age;
    bool validator;
    std::chrono::milliseconds kept;
  };
  for (const Row& row : {Row{1h, 0s, 0s, 0s, false, 1h}, Row{1h, 30s, 2h, 0s, false, 3h},
                         Row{1h, 2h, 30s, 30min, false, 150min}, Row{1h, 0s, 0s, 1h, false, 0s},
                         Row{1h, 0s, 0s, 2h, false, 0s}, Row{1h, 0s, 0s, 2h, true, 60s}, Row{0s, 0s, 0s, 0s, true, 60s},
                         Row{90s, 0s, 0s, 0s, true, 90s}, Row{10000h, 0s, 0s, 0s, false, kLongestKept}}) {
    auto object = object_of("key", "x");
    object->life.fresh_for = row.fresh;
    object->life.stale_while_revalidate = row.stale_while;
    object->life.stale_if_error = row.stale_error;
    object->life.initial_age = row.age;
    if (!row.validator) object->etag.clear();
    CHECK(time_to_keep(*object, kNoon) == row.kept);
  }
}

TEST_CASE("large bodies go in parts, which must all be the right ones") {
  Mutator random(4);
  auto object = object_of("key", random_text(random, 2_MiB + 5, false));
  const auto packed = pack_body(*object, 1_KiB, keyed());
  REQUIRE(parts_of(packed.bytes.size()) == 3);
  const std::string entry = write_entry(*object, packed, written_at(kNoon), keyed());
  CHECK(entry.size() < 1000);
  const auto named = parts_named_in(std::string_view(entry).substr(0, kEntryHead));
  CHECK(named.count == 3);
  CHECK(named.name == written_at(kNoon).parts);
  const auto read = [&](std::vector<std::string_view> parts) {
    return read_whole(entry, sighting(*object, kNoon), keyed(), parts);
  };
  const auto one = part_of(packed.bytes, 0), two = part_of(packed.bytes, 1), three = part_of(packed.bytes, 2);
  CHECK(three.size() == 5);
  const auto whole = read({one, two, three});
  REQUIRE(whole.object);
  CHECK(same(*object, *whole.object, kNoon));
  CHECK(read({one, two}).why == Unfit::cut);
  CHECK(read({two, one, three}).why == Unfit::corrupt);
  CHECK(read({one, two, "12345"}).why == Unfit::corrupt);
  CHECK(read({one, two, three, three}).why == Unfit::corrupt);
  // A body of 1 MiB stands in the entry still.
  object = object_of("key", random_text(random, 1_MiB, false));
  const std::string largest = entry_of(*object);
  CHECK(largest.size() <= kLargestEntry);
  CHECK(parts_named_in(largest).count == 0);
  CHECK_FALSE(why_not(largest, *object));
}

TEST_CASE("what can't be told in an entry isn't written") {
  auto object = object_of("key", "x");
  CHECK(may_be_written(*object));
  object->length = 2;
  CHECK_FALSE(may_be_written(*object));
  object->length.reset();
  CHECK(may_be_written(*object));
  object->tags.assign(2000, "t");
  CHECK_FALSE(may_be_written(*object));
  object->tags.assign(1000, std::string(2000, 't'));
  CHECK_FALSE(may_be_written(*object));
  object->tags.clear();
  object->body.reset();
  CHECK_FALSE(may_be_written(*object));
}

TEST_CASE("notes") {
  const std::vector<std::string> names{"accept", "accept-language"};
  for (const Seal* seal : {&plain(), &keyed()}) {
    const std::string note = write_note("key", names, *seal);
    CHECK(note == write_note("key", names, *seal));
    const auto read = [&](std::string_view bytes, std::string_view key) {
      return read_entry(bytes, {key, {}, kNoon, 1000, 1_MiB}, *seal);
    };
    const auto whole = read(note, "key");
    REQUIRE(std::holds_alternative<VaryNote>(whole));
    CHECK(std::get<VaryNote>(whole).names == names);
    CHECK(std::get<Unfit>(read(note, "other")) == Unfit::another_key);
    for (std::size_t bit = 0; bit < note.size() * 8; ++bit) {
      std::string changed = note;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      REQUIRE(std::holds_alternative<Unfit>(read(changed, "key")));
    }
    for (std::size_t size = 0; size < note.size(); ++size)
      REQUIRE(std::holds_alternative<Unfit>(read(note.substr(0, size), "key")));
  }
}

TEST_CASE("a tag is for one purpose, and names are of whole parts") {
  for (const Seal* seal : {&plain(), &keyed()}) {
    CHECK(seal->of(Seal::Purpose::body, "x") != seal->of(Seal::Purpose::entry, "x"));
    const std::vector<std::string_view> split{"ab", "c"}, other{"a", "bc"};
    CHECK(seal->of(Seal::Purpose::body, split) == seal->of(Seal::Purpose::body, "abc"));
    CHECK(seal->name_of('k', split) != seal->name_of('k', other));
    CHECK(seal->name_of('k', split) != seal->name_of('v', split));
    CHECK(seal->name_of('k', split).size() == 32);
  }
  const std::string_view key = "key";
  CHECK(plain().name_of('k', {&key, 1}) != keyed().name_of('k', {&key, 1}));
  CHECK(Seal("a secret").name_of('k', {&key, 1}) == keyed().name_of('k', {&key, 1}));
  CHECK(random_id() != random_id());
}

}  // namespace
}  // namespace weir::test
