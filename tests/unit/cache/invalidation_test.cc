// What covers what: kinds, hosts, positions, `until`, and what happens when there is too much to remember.
#include "proxy/cache/invalidation.h"

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;
using test::key_of;

Coverage after(const InvalidationRecord& record, std::string_view path, const std::vector<std::string>& tags = {}) {
  InvalidationRules rules;
  rules.apply(1, record);
  return rules.covers(Subject{key_of(path), &tags, 0});
}

TEST_CASE("what a record covers") {
  struct Row {
    Kind kind;
    const char* value;
    const char* path;
    bool covered;
  };
  const std::vector<Row> rows{
      {Kind::all, "", "/a", true},
      {Kind::tag, "t", "/a", false},
      {Kind::url, "/a", "/a", true},
      {Kind::url, "/a", "/a?", false},
      {Kind::url, "/a", "/a?x=1", false},
      {Kind::url, "/a", "/a/b", false},
      {Kind::url, "example.com/a", "/a", true},
      {Kind::url, "http://Example.com/a", "/a", true},
      {Kind::url, "other.com/a", "/a", false},
      {Kind::url, "/a?b=2&a=1", "/a?a=1&b=2", true},
      {Kind::url, "/a?a=1&b=2", "/a?b=2&a=1", true},
      {Kind::url, "/a?a=1", "/a?a=2", false},
      {Kind::prefix, "/a", "/a", true},
      {Kind::prefix, "/a", "/ab?c", true},
      {Kind::prefix, "/a/", "/a", false},
      {Kind::prefix, "/a?x=1", "/a?x=12", true},
      {Kind::prefix, "example.com/a", "/ab", true},
      {Kind::prefix, "https://EXAMPLE.com/A", "/Ab", true},
      {Kind::prefix, "example.org/a", "/ab", false},
      {Kind::prefix, "exam", "/ab", true},
      {Kind::pattern, "/api/*/page", "/api/videos/1/page", true},
      {Kind::pattern, "/api/*/page", "/api/videos/1", false},
      {Kind::pattern, "/api/?", "/api/1", true},
      {Kind::pattern, "/api/*", "/api/x?y=z", true},
      {Kind::pattern, "/API/*", "/api/x", false},
      {Kind::pattern, "*.com/a", "/a", true},
      {Kind::pattern, "Example.com/*", "/a", true},
      {Kind::pattern, "*B", "/aB", true},
  };
  for (const auto& row : rows) {
    INFO(row.value << " on " << row.path);
    CHECK((after({row.kind, row.value, false}, row.path) == Coverage::hard) == row.covered);
    CHECK((after({row.kind, row.value, true}, row.path) == Coverage::soft) == row.covered);
  }
}

TEST_CASE("a tag covers what carries it, and no URL of the same spelling") {
  CHECK(after({Kind::tag, "t", false}, "/a", {"s", "t"}) == Coverage::hard);
  CHECK(after({Kind::tag, "/a", false}, "/a") == Coverage::none);
  CHECK(after({Kind::url, "/a", false}, "/b", {"/a"}) == Coverage::none);
}

TEST_CASE("records count that are later than the subject's position, and the strongest wins") {
  InvalidationRules rules;
  const std::vector<std::string> tags{"t", "u"};
  const std::string key = key_of("/a");
  rules.apply(5, {Kind::tag, "t", false});
  rules.apply(7, {Kind::tag, "t", true});
  rules.apply(9, {Kind::prefix, "/", true});
  CHECK(rules.covers(Subject{key, &tags, 4}) == Coverage::hard);
  CHECK(rules.covers(Subject{key, &tags, 5}) == Coverage::soft);
  CHECK(rules.covers(Subject{key, &tags, 7}) == Coverage::soft);
  CHECK(rules.covers(Subject{key, &tags, 9}) == Coverage::none);
  CHECK(rules.covers(Subject{key, nullptr, 4}) == Coverage::soft);  // tags not known yet: what else covers it
}

TEST_CASE("records that were applied already, or come out of order, are ignored") {
  InvalidationRules rules;
  rules.apply(5, {Kind::url, "/a", false});
  rules.apply(5, {Kind::url, "/b", false});
  rules.apply(3, {Kind::all, "", false});
  CHECK(rules.head() == 5);
  CHECK(rules.covers(Subject{key_of("/b"), nullptr, 0}) == Coverage::none);
}

TEST_CASE("`until` leaves out what is later; what it can't tell counts as covered") {
  InvalidationRules rules;
  const std::vector<std::string> tags{"t"};
  const Subject subject{"", &tags, 10};
  rules.apply(5, {Kind::tag, "t", false});
  rules.apply(15, {Kind::tag, "t", false});
  CHECK(rules.covers(subject, 12) == Coverage::none);
  CHECK(rules.covers(subject, 15) == Coverage::hard);
  rules.apply(20, {Kind::tag, "t", false});
  CHECK(rules.covers(subject, 16) == Coverage::hard);
  CHECK(rules.covers(subject, 12) == Coverage::hard);  // two are remembered; there might have been one at 11
  rules.apply(30, {Kind::prefix, "/x", false});
  const std::string key = key_of("/x");
  CHECK(rules.covers(Subject{key, nullptr, 25}, 29) == Coverage::none);
  CHECK(rules.covers(Subject{key, nullptr, 25}, 30) == Coverage::hard);
}

TEST_CASE("an object pays once for each new record, and a later one still finds it") {
  InvalidationRules rules;
  const auto object = test::object("/a", "x");
  object->tags = {"t"};
  rules.apply(1, {Kind::tag, "u", false});
  CHECK(rules.covers(*object) == Coverage::none);
  CHECK(object->checked == 1);
  rules.apply(2, {Kind::tag, "t", true});
  CHECK(rules.covers(*object) == Coverage::soft);
  CHECK(object->checked == 1);  // stays soft until it is fetched anew
  rules.apply(3, {Kind::tag, "x", false});
  CHECK(rules.covers(*object) == Coverage::soft);
  rules.apply(4, {Kind::tag, "t", false});
  CHECK(rules.covers(*object) == Coverage::hard);
  object->position = 4;
  CHECK(rules.covers(*object) == Coverage::none);
}

TEST_CASE("a soft purge is noted with its time, and one after the other doesn't make the object young again") {
  using test::at;
  InvalidationRules rules;
  const auto object = test::object("/a", "x");
  object->tags = {"t"};
  const auto soft = [&](Kind kind, const char* value, Time time) {
    rules.apply(rules.head() + 1, {kind, value, true, time});
    CHECK(rules.covers(*object) == Coverage::soft);
    return object->soft_since.load();
  };
  CHECK(object->soft_since.load() == Time{});
  rules.apply(1, {Kind::tag, "t", true, at(10)});
  CHECK(soft(Kind::tag, "t", at(20)) == at(10));  // two of a kind are remembered
  CHECK(soft(Kind::tag, "t", at(30)) == at(10));  // and what was noted is not forgotten
  CHECK(soft(Kind::all, "", at(40)) == at(10));
  for (const Kind kind : {Kind::tag, Kind::url, Kind::prefix, Kind::pattern, Kind::all}) {
    const char* const value = kind == Kind::tag ? "t" : "/a";
    object->position = rules.head();  // fetched anew
    object->soft_since = Time{};
    CHECK(soft(kind, value, at(50)) == at(50));
    CHECK(soft(kind, value, at(60)) == at(50));
  }
}

TEST_CASE("what is forgotten raises the floor: what began before counts as gone, never as valid") {
  InvalidationRules rules({.tags = 4, .patterns = 2});
  const auto name = [](int i) { return "t" + std::to_string(i); };
  for (int i = 1; i <= 6; ++i) rules.apply(static_cast<Position>(i), {Kind::tag, name(i), false});
  CHECK(rules.remembered() == 4);
  const std::vector<std::string> none;
  CHECK(rules.covers(Subject{"", &none, 1}) == Coverage::hard);
  CHECK(rules.covers(Subject{"", &none, 2}) == Coverage::none);
  const std::vector<std::string> remembered{name(3)};
  CHECK(rules.covers(Subject{"", &remembered, 2}) == Coverage::hard);

  for (int i = 0; i < 100; ++i)
    rules.apply(static_cast<Position>(10 + i), {Kind::tag, name(6), false});  // takes no more place
  CHECK(rules.remembered() == 4);
  CHECK(rules.covers(Subject{"", &none, 2}) == Coverage::none);
  for (Position i = 200; i < 205; ++i) rules.apply(i, {Kind::prefix, "/none", false});
  CHECK(rules.covers(Subject{"", &none, 201}) == Coverage::hard);
  CHECK(rules.covers(Subject{"", &none, 202}) == Coverage::none);
}

TEST_CASE("an object that was checked stays valid when the floor passes the position of its fetch") {
  InvalidationRules rules({.tags = 2, .patterns = 2});
  const auto object = test::object("/a", "x");
  for (Position i = 1; i <= 100; ++i) {
    rules.apply(i, {Kind::tag, "t" + std::to_string(i), false});
    REQUIRE(rules.covers(*object) == Coverage::none);
  }
  const auto never_asked = test::object("/b", "x");
  CHECK(rules.covers(*never_asked) == Coverage::hard);
}

TEST_CASE("purging a tag costs the same however many objects carry it") {
  InvalidationRules rules;
  for (Position i = 1; i <= 200000; ++i) rules.apply(i, {Kind::tag, "t", (i & 1) != 0});
  CHECK(rules.remembered() == 1);
}

}  // namespace
}  // namespace weir
