// Vary: the names that count, what makes two requests alike, and what never does.
#include "proxy/cache/vary.h"

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using test::fields;
using test::Lines;

TEST_CASE("the names of all Vary lines; * and what is no list mean: don't store") {
  struct Row {
    Lines lines;
    std::optional<std::vector<std::string>> names;
  };
  const std::vector<Row> rows{
      {{}, std::vector<std::string>{}},
      {{{"Vary", ""}}, std::vector<std::string>{}},
      {{{"Vary", "Foo"}}, {{"foo"}}},
      {{{"Vary", "Foo, Bar"}, {"vary", "bar,Accept"}}, {{"accept", "bar", "foo"}}},
      {{{"Vary", ", Foo ,,"}}, {{"foo"}}},
      {{{"Vary", "*"}}, std::nullopt},
      {{{"Vary", "*, *"}}, std::nullopt},
      {{{"Vary", "*"}, {"Vary", "*"}}, std::nullopt},
      {{{"Vary", ", *"}}, std::nullopt},
      {{{"Vary", ""}, {"Vary", "*"}}, std::nullopt},
      {{{"Vary", "*, Foo"}}, std::nullopt},
      {{{"Vary", "Foo, *"}}, std::nullopt},
      {{{"Vary", "Foo Bar"}}, std::nullopt},
      {{{"Vary", "\"Foo\""}}, std::nullopt},
      {{{"Vary", "a,b,c,d,e,f,g,h"}}, {{"a", "b", "c", "d", "e", "f", "g", "h"}}},
      {{{"Vary", "a,b,c,d,e,f,g,h"}, {"Vary", "i"}}, std::nullopt},
      {{{"Vary", "a,b,c,d,e,f,g,h,A,B"}}, {{"a", "b", "c", "d", "e", "f", "g", "h"}}},
  };
  for (const auto& row : rows) {
    INFO((row.lines.empty() ? "no line" : std::string(row.lines.back().second)));
    CHECK(vary_names(fields(row.lines)) == row.names);
  }
}

TEST_CASE("which requests are alike") {
  struct Row {
    const char* name;
    Lines one, other;
    bool alike;
  };
  const std::vector<Row> rows{
      {"foo", {}, {}, true},
      {"foo", {{"Foo", "1"}}, {}, false},
      {"foo", {{"Foo", ""}}, {}, false},
      {"foo", {{"Foo", "1"}}, {{"FOO", "1"}}, true},
      {"foo", {{"Foo", "1"}}, {{"Foo", "2"}}, false},
      {"foo", {{"Foo", "1,2"}}, {{"Foo", " 1, 2 "}}, true},
      {"foo", {{"Foo", "1, 2"}}, {{"Foo", "1"}, {"Foo", "2"}}, true},
      {"foo", {{"Foo", "1, 2"}}, {{"Foo", "2, 1"}}, false},
      {"foo", {{"Foo", "\"1,  2\""}}, {{"Foo", "\"1, 2\""}}, false},
      {"foo", {{"Foo", "\"a\\\", b\""}}, {{"Foo", "\"a\\\",b\""}}, false},
      {"foo", {{"Foo", "A"}}, {{"Foo", "a"}}, false},
      {"user-agent", {{"User-Agent", "x (a, b)"}}, {{"User-Agent", "x (a,b)"}}, false},
      {"cookie", {{"Cookie", "a"}, {"Cookie", "b"}}, {{"Cookie", "a,b"}}, false},
      {"accept-encoding", {{"Accept-Encoding", "gzip, br"}}, {{"Accept-Encoding", "BR,gzip"}}, true},
      {"accept-encoding", {{"Accept-Encoding", "gzip;q=1.0, br"}}, {{"Accept-Encoding", "br, gzip"}}, true},
      {"accept-encoding", {{"Accept-Encoding", "gzip;q=0.5, br"}}, {{"Accept-Encoding", "br, gzip ; q=0.500"}}, true},
      {"accept-encoding", {{"Accept-Encoding", "gzip;q=0.5, br"}}, {{"Accept-Encoding", "gzip, br;q=0.5"}}, false},
      {"accept-encoding", {{"Accept-Encoding", "gzip;q=0"}}, {{"Accept-Encoding", "gzip"}}, false},
      {"accept-encoding", {{"Accept-Encoding", "gzip;q=2"}}, {{"Accept-Encoding", "gzip"}}, false},
      {"accept-encoding", {{"Accept-Encoding", ""}}, {}, false},
      {"accept-language", {{"Accept-Language", "en, de"}}, {{"Accept-Language", " dE ,   en"}}, true},
      {"accept-language", {{"Accept-Language", "en, de"}}, {{"Accept-Language", "en"}}, false},
  };
  for (const auto& row : rows) {
    INFO(row.name << ": " << (row.one.empty() ? "" : row.one[0].second) << " | "
                  << (row.other.empty() ? "" : row.other[0].second));
    auto object = test::object("/v", "x");
    object->vary_names = {row.name};
    object->vary_values = {vary_value(fields(row.one), row.name)};
    CHECK(vary_matches(*object, fields(row.other)) == row.alike);
    CHECK((vary_value(fields(row.one), row.name) == vary_value(fields(row.other), row.name)) == row.alike);
  }
}

TEST_CASE("an answer in the language liked best is the one that would be chosen") {
  const auto object = test::variant("/v", "x", {{"accept-language", "en, de"}});
  object->head = "HTTP/1.1 200 OK\r\nContent-Language: de\r\n";
  const auto matches = [&](std::string_view value) {
    return vary_matches(*object, fields({{"Accept-Language", value}}));
  };
  CHECK(matches("fr;q=0.5, de;q=1.0"));
  CHECK(matches("DE"));
  CHECK_FALSE(matches("fr, de;q=0.9"));
  CHECK_FALSE(matches("fr, de"));  // both alike: not ours to choose
  CHECK_FALSE(matches("de;q=0"));
  CHECK_FALSE(matches("de-CH"));
  object->head = "HTTP/1.1 200 OK\r\nContent-Language: de, en\r\n";
  CHECK_FALSE(matches("de"));
}

TEST_CASE("all names must match") {
  const auto object = test::variant("/v", "x", {{"bar", "2"}, {"foo", "1"}});
  CHECK(vary_matches(*object, fields({{"Foo", "1"}, {"Bar", "2"}})));
  CHECK_FALSE(vary_matches(*object, fields({{"Foo", "1"}})));
  CHECK_FALSE(vary_matches(*object, fields({{"Foo", "1"}, {"Bar", "3"}})));
}

TEST_CASE("a long list is compared as text, at no more cost") {
  std::string many = "a0";
  for (int i = 1; i < 400; ++i) many += ",a" + std::to_string(i);
  const auto object = test::variant("/v", "x", {{"accept-encoding", many}});
  CHECK(vary_matches(*object, fields({{"Accept-Encoding", many}})));
  CHECK_FALSE(vary_matches(*object, fields({{"Accept-Encoding", many.substr(0, many.size() - 1)}})));
}

}  // namespace
}  // namespace weir
