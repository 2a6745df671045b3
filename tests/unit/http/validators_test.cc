// Entity tags and the conditions that a cache answers itself (RFC 9110 §8.8.3, §13; cache-tests' conditional groups).
#include "proxy/http/validators.h"

#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using weir::test::literal_fields;

TEST_CASE("entity tags", "[validators]") {
  CHECK(parse_entity_tag("\"\"")->opaque.empty());
  CHECK(parse_entity_tag("\"a,b\\\"")->opaque == "a,b\\");
  CHECK(parse_entity_tag("W/\"x\"")->weak);
  CHECK(parse_entity_tag("\"abcdef\xc3\xbc\"")->opaque == "abcdef\xc3\xbc");
  for (const auto wrong : {"", "x", "\"", "\"x", "x\"", "w/\"x\"", "W/x", "W\"x\"", "W/", "\"a\"b", "\"a b\"", " \"a\"",
                           "\"a\" ", "\"a\"\"", "*", "\"\x7f\""}) {
    INFO(wrong);
    CHECK_FALSE(parse_entity_tag(wrong));
  }
}

TEST_CASE("strong and weak comparison", "[validators]") {  // the table of RFC 9110 §8.8.3.2
  struct Row {
    std::string_view a, b;
    bool strong, weak;
  };
  for (const auto& row : {Row{"W/\"1\"", "W/\"1\"", false, true}, Row{"W/\"1\"", "W/\"2\"", false, false},
                          Row{"W/\"1\"", "\"1\"", false, true}, Row{"\"1\"", "\"1\"", true, true}}) {
    const auto a = *parse_entity_tag(row.a);
    const auto b = *parse_entity_tag(row.b);
    CHECK(strong_match(a, b) == row.strong);
    CHECK(weak_match(a, b) == row.weak);
  }
}

TEST_CASE("lists of tags", "[validators]") {
  const auto matches = [](std::string_view list, std::string_view etag) {
    return matches_any(literal_fields({{"If-None-Match", list}}), Name::if_none_match, etag);
  };
  for (const auto list : {"\"a\"", "W/\"a\"", "\"a\", \"b\", \"c\"", "\"b\", \"a\", \"c\"", "\"b\",\"c\",\"a\"",
                          " , \"a\" ,", "*", "\"b,\", \"a\"", "broken, \"a\"", "\"b\"x, \"a\"", "b\"x\", \"a\""}) {
    INFO(list);
    CHECK(matches(list, "\"a\""));
    CHECK(matches(list, "W/\"a\""));
  }
  for (const auto list :
       {"", "a", "\"A\"", "\"b\"", "\"a", "a\"", "\"a\"x", "w/\"a\"", "\"x, \"a", "\"*\"", "\"b\" \"a\""}) {
    INFO(list);
    CHECK_FALSE(matches(list, "\"a\""));
  }
  CHECK(matches("*", ""));
  CHECK_FALSE(matches("\"a\"", ""));
  CHECK_FALSE(matches("\"a\"", "a"));
  CHECK(matches_any(literal_fields({{"If-None-Match", "\"b\""}, {"If-None-Match", "\"a\""}}), Name::if_none_match,
                    "\"a\""));
  CHECK_FALSE(matches_any(literal_fields({{"If-Match", "\"a\""}}), Name::if_none_match, "\"a\""));
}

TEST_CASE("what a cache answers", "[validators]") {
  constexpr std::string_view kModified = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
  constexpr std::string_view kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";
  using P = Precondition;
  struct Row {
    std::initializer_list<std::pair<std::string_view, std::string_view>> request;
    std::string_view etag, last_modified;
    P answer;
  };
  for (const auto& row : {
           Row{{}, "\"a\"", kModified, P::none},
           Row{{{"If-None-Match", "\"a\""}}, "\"a\"", "", P::not_modified},
           Row{{{"If-None-Match", "W/\"a\""}}, "\"a\"", "", P::not_modified},
           Row{{{"If-None-Match", "\"b\""}}, "\"a\"", "", P::passes},
           Row{{{"If-None-Match", "\"b\""}, {"If-Modified-Since", kAfter}}, "\"a\"", kModified, P::passes},
           Row{{{"If-None-Match", "\"a\""}, {"If-Modified-Since", kBefore}}, "\"a\"", kModified, P::not_modified},
           Row{{{"If-None-Match", "broken"}, {"If-Modified-Since", kAfter}}, "\"a\"", kModified, P::passes},
           Row{{{"If-Modified-Since", kModified}}, "", kModified, P::not_modified},
           Row{{{"If-Modified-Since", kAfter}}, "\"a\"", kModified, P::not_modified},
           Row{{{"If-Modified-Since", kBefore}}, "", kModified, P::passes},
           Row{{{"If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"}}, "", kModified, P::not_modified},
           Row{{{"If-Modified-Since", "yesterday"}}, "", kModified, P::none},
           Row{{{"If-Modified-Since", kAfter}, {"If-Modified-Since", kAfter}}, "", kModified, P::none},
           Row{{{"If-Modified-Since", kAfter}}, "", "", P::none},
           Row{{{"If-Modified-Since", kAfter}}, "", "broken", P::none},
           Row{{{"If-Match", "\"b\""}}, "\"a\"", kModified, P::none},
           Row{{{"If-Unmodified-Since", kBefore}}, "\"a\"", kModified, P::none},
       }) {
    CHECK(evaluate_preconditions(literal_fields(row.request), row.etag, row.last_modified, 1790000000) == row.answer);
  }
}
