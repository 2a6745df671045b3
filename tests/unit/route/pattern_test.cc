// Path patterns: what they match, what they refuse, and which cover which.
#include "proxy/route/pattern.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

Pattern pattern(std::string_view text) {
  auto parsed = Pattern::parse(text);
  INFO(std::string(text));
  REQUIRE(parsed);
  return std::move(*parsed);
}

TEST_CASE("patterns match segment by segment") {
  struct Row {
    const char* pattern;
    const char* path;
    const char* values;  // "name=value …", null: no match
  };
  const Row row = GENERATE(values<Row>({
      {"/", "/", ""},
      {"/", "/a/b", ""},
      {"/", "*", ""},
      {"/a", "/a", ""},
      {"/a", "/a/", nullptr},
      {"/a", "/ab", nullptr},
      {"/a", "/", nullptr},
      {"/a", "*", nullptr},
      {"/a/", "/a/", ""},
      {"/a/", "/a/b/c", ""},
      {"/a/", "/a", nullptr},
      {"/a/", "/ab/", nullptr},
      {"/a/b", "/a/b", ""},
      {"/a/b", "/a//b", nullptr},
      {"/v/{id}", "/v/42", "id=42 "},
      {"/v/{id}", "/v/", nullptr},
      {"/v/{id}", "/v", nullptr},
      {"/v/{id}", "/v/42/", nullptr},
      {"/v/{id}", "/v/a%2Fb", "id=a%2Fb "},
      {"/v/{id}/", "/v/42/x", "id=42 "},
      {"/v/{id}/c/{n}", "/v/1/c/2", "id=1 n=2 "},
      {"/v/{id}/c/{n}", "/v/1/d/2", nullptr},
      {"/{a}/{b}", "//x", nullptr},
      {"/m/{path...}", "/m/a", "path=a "},
      {"/m/{path...}", "/m/a/b/", "path=a/b/ "},
      {"/m/{path...}", "/m/", nullptr},
      {"/m/{path...}", "/m", nullptr},
      {"/{all...}", "/a", "all=a "},
      {"/%7Euser/%e4", "/~user/%E4", ""},  // both in normal form
  }));
  CAPTURE(row.pattern, row.path);
  RouteValues values;
  values.count = 3;
  const Pattern parsed = pattern(row.pattern);
  const bool matched = parsed.match(row.path, values);
  REQUIRE(matched == (row.values != nullptr));
  if (!matched) return;
  std::string found;
  for (std::size_t i = 0; i < values.count; ++i)
    found.append(values.list[i].name).append("=").append(values.list[i].value) += " ";
  CHECK(found == row.values);
}

TEST_CASE("bad patterns are refused with what would be right") {
  struct Row {
    const char* pattern;
    const char* error;
  };
  const Row row = GENERATE(values<Row>({
      {"", "\"\" is not a path: it begins with /"},
      {"a", "\"a\" is not a path: it begins with /"},
      {"/a//b", "\"\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a/../b",
       "\"..\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a/.", "\".\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a?b", "\"a?b\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a#b", "\"a#b\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a b", "\"a b\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/%zz", "\"%zz\" is not a segment of a path: plain or percent-encoded text; not empty, no dots alone, no query"},
      {"/a{id}", "\"a{id}\" is not a segment of a path: a parameter takes a whole segment, as in /videos/{id}/page"},
      {"/{a}{b}",
       "\"{a}{b}\" is not a parameter: small letters, digits and _, as in {id} or {path...}; capitals are for the "
       "environment"},
      {"/{ID}",
       "\"{ID}\" is not a parameter: small letters, digits and _, as in {id} or {path...}; capitals are for the "
       "environment"},
      {"/{}",
       "\"{}\" is not a parameter: small letters, digits and _, as in {id} or {path...}; capitals are for the "
       "environment"},
      {"/{...}",
       "\"{...}\" is not a parameter: small letters, digits and _, as in {id} or {path...}; capitals are for the "
       "environment"},
      {"/{p...}/x", "\"{p...}\" is not a parameter in the middle: what takes the rest stands last"},
      {"/{p...}/", "\"{p...}\" is not a parameter in the middle: what takes the rest stands last"},
      {"/{a}/{a}", "\"/{a}/{a}\" is not a path: each name once; {a} stands twice"},
      {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
       "\"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}\" is not a path: at most 8 parameters"},
  }));
  CAPTURE(row.pattern);
  const auto parsed = Pattern::parse(row.pattern);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().detail == row.error);
}

TEST_CASE("patterns are bounded") {
  CHECK_FALSE(Pattern::parse("/" + std::string(1024, 'a')));
  std::string many;
  for (int i = 0; i < 65; ++i) many += "/a";
  CHECK_FALSE(Pattern::parse(many));
}

TEST_CASE("one pattern covers another when it takes every path of it") {
  struct Row {
    const char* one;
    const char* other;
    bool covers;
    bool back;
  };
  const Row row = GENERATE(values<Row>({
      {"/", "/", true, true},
      {"/", "/a", true, false},
      {"/", "/{x...}", true, false},
      {"/a", "/a", true, true},
      {"/a", "/b", false, false},
      {"/a/", "/a/b", true, false},
      {"/a/", "/a", false, false},
      {"/a/", "/a/{x...}", true, false},
      {"/a/{x...}", "/a/b/", true, false},
      {"/a/{x...}", "/a/b/{y...}", true, false},
      {"/a/{x...}", "/a/{y}", true, false},
      {"/{x}", "/a", true, false},
      {"/{x}", "/{y}", true, true},
      {"/{x}/b", "/a/{y}", false, false},
      {"/{x}/", "/a/b/c", true, false},
      {"/a/{x}", "/a/b/c", false, false},
  }));
  CAPTURE(row.one, row.other);
  CHECK(pattern(row.one).covers(pattern(row.other)) == row.covers);
  CHECK(pattern(row.other).covers(pattern(row.one)) == row.back);
}

// The oracle: on all short paths over a small alphabet, "covers" must never claim what matching denies.
TEST_CASE("covers never claims what matching denies, and finds all that small paths show") {
  const std::vector<std::string> patterns{"/",         "/a",      "/a/",      "/a/b",       "/a/b/",
                                          "/{x}",      "/{x}/",   "/{x}/b",   "/a/{x}",     "/{x...}",
                                          "/a/{x...}", "/a/{x}/", "/{x}/{y}", "/{x}/{y...}"};
  std::vector<std::string> paths{"/"};
  for (std::size_t begin = 0, depth = 0; depth < 3; ++depth) {
    const std::size_t end = paths.size();
    for (; begin < end; ++begin) {
      const std::string stem = paths[begin].ends_with('/') ? paths[begin] : paths[begin] + "/";
      for (const char* segment : {"a", "b", "c"}) {
        paths.push_back(stem + segment);
        paths.push_back(stem + segment + "/");
      }
    }
  }
  for (const auto& one : patterns) {
    for (const auto& other : patterns) {
      const Pattern first = pattern(one);
      const Pattern second = pattern(other);
      bool all = true;
      for (const auto& path : paths) {
        RouteValues values;
        if (second.match(path, values) && !first.match(path, values)) all = false;
      }
      CAPTURE(one, other);
      CHECK(first.covers(second) == all);
    }
  }
}

}  // namespace
}  // namespace weir
