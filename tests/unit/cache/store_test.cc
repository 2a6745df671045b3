// The store: what is found, what is replaced, what goes, and that every byte is accounted for.
#include "proxy/cache/store.h"

#include "proxy/cache/shared_bodies.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using test::at;
using test::fields;
using test::key_of;
using test::Lines;

constexpr Size kBudget = 4_MiB;

Store::Found find(const Store& store, std::string_view path, const Lines& request = {}, Time now = at(0)) {
  const std::string key = key_of(path);
  return store.find(hash128(key), key, fields(request), now);
}

std::string content(const Store& store, std::string_view path, const Lines& request = {}) {
  const auto found = find(store, path, request);
  return found.object ? found.object->body->copy() : "nothing";
}

TEST_CASE("what was put is found by its key, and by no other") {
  Store store(kBudget);
  REQUIRE(store.put(test::object("/a", "A"), 16));
  REQUIRE(store.put(test::object("/b", "B"), 16));
  CHECK(content(store, "/a") == "A");
  CHECK(content(store, "/b") == "B");
  CHECK(content(store, "/c") == "nothing");
  CHECK(store.statistics().objects == 2);
  CHECK(store.statistics().keys == 2);
}

TEST_CASE("keys are compared whole: the same digest is not the same key") {
  Store store(kBudget);
  const auto one = test::object("/a", "A");
  const auto other = test::object("/b", "B");
  other->digest = one->digest;
  store.put(one, 16);
  CHECK_FALSE(store.find(one->digest, other->key, {}, at(0)).object);
  store.put(other, 16);
  CHECK(store.find(one->digest, one->key, {}, at(0)).object == one);
  CHECK(store.find(one->digest, other->key, {}, at(0)).object == other);
  store.erase(*one);
  CHECK_FALSE(store.find(one->digest, one->key, {}, at(0)).object);
  CHECK(store.find(one->digest, other->key, {}, at(0)).object == other);
}

TEST_CASE("the newest answer takes the old one's place") {
  Store store(kBudget);
  store.put(test::object("/a", "old"), 16);
  store.put(test::object("/a", "new"), 16);
  CHECK(content(store, "/a") == "new");
  CHECK(store.statistics().objects == 1);
}

TEST_CASE("variants stand side by side under one key; a request that matches none is told so") {
  Store store(kBudget);
  store.put(test::variant("/a", "1", {{"foo", "1"}}), 16);
  store.put(test::variant("/a", "2", {{"foo", "2"}}), 16);
  CHECK(content(store, "/a", {{"Foo", "1"}}) == "1");
  CHECK(content(store, "/a", {{"Foo", "2"}}) == "2");
  const auto missed = find(store, "/a", {{"Foo", "3"}});
  CHECK_FALSE(missed.object);
  CHECK(missed.other_variants);
  CHECK_FALSE(find(store, "/b").other_variants);
  CHECK(store.statistics().keys == 1);
  CHECK(store.statistics().objects == 2);
  store.put(test::variant("/a", "1b", {{"foo", "1"}}), 16);
  CHECK(content(store, "/a", {{"Foo", "1"}}) == "1b");
  CHECK(store.statistics().objects == 2);
}

TEST_CASE("when the answer varies by other names, what varied by the old ones goes") {
  Store store(kBudget);
  store.put(test::variant("/a", "1", {{"foo", "1"}}), 16);
  store.put(test::variant("/a", "2", {{"bar", "1"}}), 16);
  CHECK_FALSE(find(store, "/a", {{"Foo", "1"}}).object);
  CHECK(content(store, "/a", {{"Bar", "1"}}) == "2");
  store.put(test::object("/a", "plain"), 16);
  CHECK(content(store, "/a", {{"Bar", "1"}}) == "plain");
  CHECK(store.statistics().objects == 1);
}

TEST_CASE("variants of a key are capped: the least used goes") {
  Store store(kBudget);
  for (int i = 0; i < 4; ++i) {
    const std::string value = std::to_string(i);
    store.put(test::variant("/a", value, {{"foo", value}}), 4);
  }
  for (const auto* used : {"0", "1", "3"}) CHECK(find(store, "/a", {{"Foo", used}}).object);
  store.put(test::variant("/a", "4", {{"foo", "4"}}), 4);
  CHECK(store.statistics().objects == 4);
  CHECK_FALSE(find(store, "/a", {{"Foo", "2"}}).object);
  for (const auto* kept : {"0", "1", "3", "4"}) CHECK(find(store, "/a", {{"Foo", kept}}).object);
}

TEST_CASE("a route's cap can't exceed what a look-up can hold") {
  Store store(64_MiB);
  for (int i = 0; i < 200; ++i) store.put(test::variant("/a", "x", {{"foo", std::to_string(i)}}), 100000);
  CHECK(store.statistics().objects == 64);
  CHECK(find(store, "/a", {{"Foo", "199"}}).object);
}

TEST_CASE("erase takes this very object, erase_key all of a key, clear everything") {
  Store store(kBudget);
  const auto old = test::object("/a", "old");
  store.put(old, 16);
  store.put(test::object("/a", "new"), 16);
  store.erase(*old);
  CHECK(content(store, "/a") == "new");
  store.put(test::variant("/v", "1", {{"foo", "1"}}), 16);
  store.put(test::variant("/v", "2", {{"foo", "2"}}), 16);
  CHECK(store.variants(hash128(key_of("/v")), key_of("/v")).size() == 2);
  store.erase_key(hash128(key_of("/v")), key_of("/v"));
  CHECK_FALSE(find(store, "/v", {{"Foo", "1"}}).other_variants);
  CHECK(content(store, "/a") == "new");
  store.clear();
  CHECK(content(store, "/a") == "nothing");
  CHECK(store.statistics().objects == 0);
}

TEST_CASE("an empty store takes again what an empty store took: nothing is lost of the budget") {
  Store store(kBudget);
  const Size empty = store.statistics().bytes;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 500; ++i) {
      const std::string path = "/" + std::to_string(i % 100);
      store.put(
          test::variant(path, std::string(static_cast<std::size_t>(i % 7) * 50, 'x'), {{"foo", std::to_string(i % 3)}}),
          2);
      store.remember_uncacheable(hash128(key_of(path + "u")), key_of(path + "u"), at(100));
    }
    store.clear();
    CHECK(store.statistics().bytes == empty);
    CHECK(store.statistics().body_bytes == 0);
    CHECK(store.statistics().shared_body_bytes == 0);
    CHECK(store.statistics().hit_for_miss == 0);
  }
}

TEST_CASE("an object that is held stays whole though the store forgets it") {
  auto store = std::make_unique<Store>(kBudget);
  store->put(test::object("/a", "A"), 16);
  const auto held = find(*store, "/a").object;
  store.reset();
  CHECK(held->body->copy() == "A");
}

TEST_CASE("the same bytes are kept once") {
  Store store(kBudget);
  const std::string bytes(10000, 'b');
  const auto one = test::object("/a", bytes);
  const auto other = test::object("/b", bytes);
  store.put(one, 16);
  const Size body_bytes = store.statistics().body_bytes;
  const Size before = store.statistics().bytes;
  store.put(other, 16);
  CHECK(other->body == one->body);
  CHECK(store.statistics().body_bytes == body_bytes);
  CHECK(store.statistics().shared_body_bytes == body_bytes);
  CHECK(store.statistics().bytes - before < 2000);
  store.erase(*one);
  CHECK(store.statistics().body_bytes == body_bytes);
  CHECK(store.statistics().shared_body_bytes == 0);
  CHECK(content(store, "/b") == bytes);
  store.erase(*other);
  CHECK(store.statistics().body_bytes == 0);
}

TEST_CASE("a renewed object that shares its body is charged once") {
  Store store(kBudget);
  const auto old = test::object("/a", std::string(5000, 'x'));
  store.put(old, 16);
  const Size bytes = store.statistics().bytes;
  const auto renewed = test::object("/a", "");
  renewed->body = old->body;
  store.put(renewed, 16);
  CHECK(store.statistics().bytes == bytes);
  CHECK(store.statistics().shared_body_bytes == 0);
}

TEST_CASE("the budget is never exceeded, whatever comes") {
  Store store(kBudget);
  for (int i = 0; i < 4000; ++i) {
    const auto size = static_cast<std::size_t>((i * 7919) % 20000);
    store.put(test::object("/" + std::to_string(i), std::string(size, static_cast<char>('a' + i % 26))), 16);
    REQUIRE(store.statistics().bytes <= kBudget);
  }
  CHECK(store.statistics().bytes > kBudget * 3 / 4);
  CHECK(store.statistics().evictions > 0);
  CHECK(store.statistics().inserts == 4000);
}

TEST_CASE("what is larger than a tenth of the budget is refused; the rest stays") {
  Store store(kBudget);
  store.put(test::object("/a", "A"), 16);
  CHECK_FALSE(store.put(test::object("/b", std::string(kBudget / 10, 'x')), 16));
  CHECK(store.put(test::object("/c", std::string(kBudget / 12, 'x')), 16));
  CHECK(store.statistics().refused == 1);
  CHECK(content(store, "/a") == "A");
  CHECK_FALSE(Store(0).put(test::object("/a", "A"), 16));
}

TEST_CASE("one shard alone may fill the budget, and gives way when the others want their part") {
  Store store(kBudget);
  const auto in_shard = [&](int i, std::uint64_t shard) {
    auto object =
        test::object("/" + std::to_string(i), std::string(3000, static_cast<char>('a' + i % 26)) + std::to_string(i));
    object->digest = Digest{hash64(object->key), shard + 64 * static_cast<std::uint64_t>(i)};
    return object;
  };
  for (int i = 0; i < 2000; ++i) store.put(in_shard(i, 7), 16);
  CHECK(store.statistics().bytes > kBudget * 9 / 10);
  std::uint64_t kept = 0;
  std::vector<std::shared_ptr<Object>> others;
  for (int i = 0; i < 2000; ++i) {
    others.push_back(in_shard(10000 + i, static_cast<std::uint64_t>(i) % 64));
    store.put(others.back(), 16);
  }
  for (const auto& object : others) kept += store.find(object->digest, object->key, {}, at(0)).object ? 1U : 0U;
  CHECK(kept > store.statistics().objects / 2);
}

TEST_CASE("what is used stays while a scan of things asked for once goes by") {
  Store store(kBudget);
  const auto path = [](int i) { return "/hot/" + std::to_string(i); };
  for (int i = 0; i < 100; ++i)
    store.put(test::object(path(i), "hot " + std::to_string(i) + std::string(1000, 'x')), 16);
  for (int i = 0; i < 8000; ++i) {
    if (i % 10 == 0) {
      for (int hot = 0; hot < 100; hot += 10) find(store, path((hot + i / 10) % 100));
    }
    store.put(test::object("/scan/" + std::to_string(i), std::to_string(i) + std::string(1000, 'y')), 16);
  }
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += find(store, path(i)).object ? 1 : 0;
  CHECK(kept >= 95);
}

TEST_CASE("an uncacheable key is remembered until its time, and forgotten once something is stored") {
  Store store(kBudget);
  const std::string key = key_of("/u");
  const Digest digest = hash128(key);
  store.remember_uncacheable(digest, key, at(10));
  CHECK(find(store, "/u", {}, at(9)).hit_for_miss);
  CHECK_FALSE(find(store, "/u", {}, at(10)).hit_for_miss);
  store.remember_uncacheable(digest, key, at(20));
  CHECK(store.statistics().hit_for_miss == 1);
  CHECK(find(store, "/u", {}, at(19)).hit_for_miss);
  store.remember_uncacheable(digest, key, at(5));
  CHECK(find(store, "/u", {}, at(19)).hit_for_miss);

  store.put(test::variant("/u", "1", {{"foo", "1"}}), 16);
  CHECK_FALSE(find(store, "/u", {{"Foo", "1"}}, at(9)).hit_for_miss);
  store.remember_uncacheable(digest, key, at(20));
  const auto found = find(store, "/u", {{"Foo", "1"}}, at(9));
  CHECK(found.object);
  CHECK(found.hit_for_miss);
  CHECK(find(store, "/u", {}, at(9)).hit_for_miss);
  store.erase_key(digest, key);
  CHECK(find(store, "/u", {}, at(9)).hit_for_miss);  // the purge of an object says nothing about that
}

TEST_CASE("marks are bounded and never push out much of what is stored") {
  Store store(kBudget);
  for (int i = 0; i < 300; ++i)
    store.put(test::object("/" + std::to_string(i), std::to_string(i) + std::string(8000, 'x')), 16);
  const auto before = store.statistics();
  for (int i = 0; i < 30000; ++i) {
    const std::string key = key_of("/u/" + std::to_string(i));
    store.remember_uncacheable(hash128(key), key, at(1000));
    if (i % 100 == 0) REQUIRE(store.statistics().bytes <= kBudget);
  }
  CHECK(store.statistics().hit_for_miss < 10000);
  CHECK(store.statistics().objects > before.objects / 2);
}

TEST_CASE("a sample is bounded and holds what is stored") {
  Store store(kBudget);
  for (int i = 0; i < 100; ++i) store.put(test::object("/" + std::to_string(i), "x"), 16);
  CHECK(store.sample(10).size() == 10);
  CHECK(store.sample(1000).size() == 100);
}

TEST_CASE("an object without a body is kept too") {
  Store store(kBudget);
  const auto object = test::object("/a", "");
  store.put(object, 16);
  const auto none = test::object("/b", "");
  none->body = nullptr;
  store.put(none, 16);
  CHECK(find(store, "/a").object == object);
  CHECK(find(store, "/b").object == none);
}

}  // namespace
}  // namespace weir
