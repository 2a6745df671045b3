// RouteDictionaries: what is learned, for whom, and when it is over.
#include "proxy/fetch/dictionaries.h"

#include <future>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

constexpr std::string_view kHost = "example.com";

std::string answer(int n) {
  std::string text = R"({"kind":"profile","name":"user )" + std::to_string(n) + R"(","videos":[)";
  for (int i = 0; i < 6; ++i)
    text += R"({"title":"a video of )" + std::to_string(n * 31 + i) + R"(","likes":)" + std::to_string(i * n) + "},";
  return text + "{}]}";
}

struct Fixture {
  explicit Fixture(DictionarySource source)
      : dictionaries(std::make_shared<RouteDictionaries>(DictionaryPolicy{source, "/profiles/*", {"profiles"}}, rules,
                                                         background)) {}

  std::shared_ptr<Object> kept(int n) {
    auto object = test::object("/profiles/" + std::to_string(n), answer(n));
    object->tags = {"profile:" + std::to_string(n)};
    object->position = rules.head();
    return object;
  }
  void purge(std::string tag, bool soft = false) {
    rules.apply(rules.head() + 1, {InvalidationRecord::Kind::tag, std::move(tag), soft, MonotonicClock::now()});
  }
  // All that was queued so far is done.
  void settle() {
    std::promise<void> done;
    background.idle([&] { done.set_value(); });
    done.get_future().wait();
  }
  std::string announced(const Object& object) const {
    std::string line;
    dictionaries->announce(object, line);
    return line;
  }

  InvalidationRules rules;
  Background background{1};
  std::shared_ptr<RouteDictionaries> dictionaries;
};

Sha256 hash_of(const Object& object) {
  return sha256(object.body->copy());
}

}  // namespace

TEST_CASE("previous: a plain answer becomes a dictionary, for its own host") {
  Fixture f(DictionarySource::previous);
  auto object = f.kept(1);
  CHECK(f.announced(*object).empty());
  object->is_dictionary = f.dictionaries->learn(*object);
  REQUIRE(object->is_dictionary);
  CHECK(f.announced(*object) == "Use-As-Dictionary: match=\"/profiles/*\"\r\n");
  const auto found = f.dictionaries->find(hash_of(*object), kHost);
  REQUIRE(found);
  CHECK(found->hash() == hash_of(*object));
  CHECK_FALSE(f.dictionaries->find(hash_of(*object), "other.example"));
  CHECK_FALSE(f.dictionaries->find(Sha256{}, kHost));
  CHECK_FALSE(f.dictionaries->file(std::string(RouteDictionaries::kPath) + "00", kHost));
}

TEST_CASE("previous: what is never learned") {
  Fixture f(DictionarySource::previous);
  auto object = f.kept(1);
  SECTION("an error") {
    object->status = 404;
  }
  SECTION("what the origin coded") {
    object->coding = ContentCoding::br;
  }
  SECTION("what varies by the client") {
    object->vary_names = {"accept-language"};
  }
  SECTION("too small") {
    object->body = test::body("{}");
  }
  SECTION("too large") {
    object->body = test::body(std::string(64 * 1024, 'x'));
  }
  SECTION("what was purged while it was fetched") {
    f.purge("profile:1");
  }
  CHECK_FALSE(f.dictionaries->learn(*object));
  CHECK_FALSE(f.dictionaries->find(hash_of(*object), kHost));
}

TEST_CASE("previous: a purged answer is nobody's dictionary; a stale one still is") {
  Fixture f(DictionarySource::previous);
  const auto one = f.kept(1), two = f.kept(2);
  REQUIRE(f.dictionaries->learn(*one));
  REQUIRE(f.dictionaries->learn(*two));
  f.purge("profile:1");
  f.purge("profile:2", true);
  CHECK_FALSE(f.dictionaries->find(hash_of(*one), kHost));
  CHECK(f.dictionaries->find(hash_of(*two), kHost));
  const auto again = f.kept(1);  // fetched after the purge: the same bytes are good again
  CHECK(f.dictionaries->learn(*again));
  CHECK(f.dictionaries->find(hash_of(*again), kHost));
}

TEST_CASE("previous: a full house keeps what clients were told of, until it is purged") {
  Fixture f(DictionarySource::previous);
  int learned = 0;
  while (f.dictionaries->learn(*f.kept(learned))) {
    ++learned;
    REQUIRE(learned < 1000);
  }
  CHECK(learned >= 4);
  for (int i = 0; i < learned; ++i) CHECK(f.dictionaries->find(hash_of(*f.kept(i)), kHost));
  CHECK(f.dictionaries->learn(*f.kept(0)));  // known: renewed
  f.purge("profile:0");
  CHECK(f.dictionaries->learn(*f.kept(learned)));
}

TEST_CASE("trained: made of many answers, served on its own path, named in a Link") {
  Fixture f(DictionarySource::trained);
  for (int i = 0; i < 200; ++i) CHECK_FALSE(f.dictionaries->learn(*f.kept(i)));
  f.settle();
  const std::string link = f.announced(*f.kept(1));
  REQUIRE(link.starts_with("Link: </.well-known/weir/dictionary/"));
  const auto begin = link.find('<') + 1;
  const std::string path = link.substr(begin, link.find('>') - begin);
  const ObjectPtr file = f.dictionaries->file(path, kHost);
  REQUIRE(file);
  CHECK(file->fields().value(Name::use_as_dictionary) == "match=\"/profiles/*\"");
  CHECK(file->tags == std::vector<std::string>{"profiles"});
  CHECK(f.dictionaries->find(hash_of(*file), kHost));
  CHECK_FALSE(f.dictionaries->file(path, "other.example"));
  CHECK_FALSE(f.dictionaries->find(hash_of(*file), "other.example"));
  auto elsewhere = f.kept(1);
  Arena arena;
  RequestHead request = test::get("/profiles/1");
  request.authority = "other.example";
  elsewhere->key = make_key(KeySpec{}, request, arena).bytes;
  CHECK(f.announced(*elsewhere).empty());

  SECTION("the purge of the route's tag ends it, even a soft one") {
    const bool soft = GENERATE(false, true);
    f.purge("profiles", soft);
    CHECK_FALSE(f.dictionaries->file(path, kHost));
    CHECK_FALSE(f.dictionaries->find(hash_of(*file), kHost));
    CHECK(f.announced(*f.kept(1)).empty());
  }
  SECTION("another tag's does not") {
    f.purge("profile:7");
    CHECK(f.dictionaries->file(path, kHost));
  }
}

TEST_CASE("trained: answers of another host, and the same one again, teach nothing") {
  Fixture f(DictionarySource::trained);
  for (int i = 0; i < 500; ++i) f.dictionaries->learn(*f.kept(1));
  f.settle();
  CHECK(f.announced(*f.kept(1)).empty());
}

TEST_CASE("dictionaries live on over a reload that leaves the route's as they were") {
  Fixture f(DictionarySource::previous);
  DictionaryTable table(f.rules, f.background);
  const DictionaryPolicy policy{DictionarySource::previous, "/a/*", {}};
  const auto first = table.of("a", policy);
  CHECK(table.of("a", policy) == first);
  CHECK(table.of("b", policy) != first);
  CHECK(table.of("a", {DictionarySource::trained, "/a/*", {}}) != first);
}

}  // namespace weir
