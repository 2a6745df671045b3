// The body of an invalidation as records of the log.
#include "proxy/admin/invalidate.h"

#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

using Kind = InvalidationRecord::Kind;

class Parsed {
 public:
  explicit Parsed(std::string_view body) : wanted_(parse_invalidation(body, *weir_.services().snapshot()->routes)) {}
  bool ok() const { return wanted_.ok(); }
  std::string error() const { return ok() ? "" : wanted_.error().detail; }
  const WantedInvalidation& wanted() const { return *wanted_; }
  const std::vector<InvalidationRecord>& records() const { return wanted_->records; }

 private:
  test::Running weir_;
  Result<WantedInvalidation> wanted_;
};

TEST_CASE("each kind becomes a record", "[invalidate]") {
  const Parsed all(
      R"({"tags":["a","b"],"urls":["http://X.test/p"],"prefix":"/api/","pattern":"/a/*","all":true,"soft":true})");
  REQUIRE(all.ok());
  REQUIRE(all.records().size() == 6);
  const std::pair<Kind, std::string> expected[] = {{Kind::tag, "a"},        {Kind::tag, "b"},
                                                   {Kind::url, "x.test/p"}, {Kind::prefix, "/api/"},
                                                   {Kind::pattern, "/a/*"}, {Kind::all, ""}};
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(all.records()[i].kind == expected[i].first);
    CHECK(all.records()[i].value == expected[i].second);
    CHECK(all.records()[i].soft);
  }
  CHECK_FALSE(all.wanted().wait);
}

TEST_CASE("a URL, a prefix and a pattern are put as keys hold them", "[invalidate]") {
  const Parsed parsed(R"({"urls":["/search?q=cats&utm=1"],"prefix":"http://X.test/caf%c3%a9","pattern":"/%61*"})");
  REQUIRE(parsed.ok());
  REQUIRE(parsed.records().size() == 3);
  CHECK(parsed.records()[0].value == "/search?q=cats");
  CHECK(parsed.records()[1].value == "x.test/caf%C3%A9");
  CHECK(parsed.records()[2].value == "/a*");
}

TEST_CASE("wait is a duration of at most a minute", "[invalidate]") {
  const Parsed parsed(R"({"all":true,"wait":"2s"})");
  REQUIRE(parsed.ok());
  CHECK(parsed.wanted().wait == std::chrono::seconds(2));
  for (const auto* wait : {"", "2", "-1s", "2h", "soon"}) {
    CHECK_FALSE(Parsed(std::string(R"({"all":true,"wait":")") + wait + "\"}").ok());
  }
}

TEST_CASE("what would invalidate nothing, or something else than meant, is refused", "[invalidate]") {
  for (const auto* body :
       {"", "{}", R"({"all":false})", R"({"tags":[]})", R"({"soft":true})", R"({"tags":[""]})", R"({"tags":["a b"]})",
        R"({"tags":["a,b"]})", R"({"tags":["a\n"]})", R"({"urls":[""]})", R"({"urls":["/a b"]})", R"({"prefix":""})",
        R"({"prefix":"http://"})", R"({"prefix":"/%zz"})", R"({"pattern":" "})", R"({"url":["/a"]})"}) {
    CAPTURE(body);
    CHECK_FALSE(Parsed(body).ok());
  }
  CHECK(Parsed("{}").error().find("nothing to invalidate") == 0);
}

TEST_CASE("the number of records is bounded", "[invalidate]") {
  std::string body = "{\"tags\":[";
  for (int i = 0; i <= 10'000; ++i) body += i == 0 ? "\"t\"" : ",\"t\"";
  CHECK_FALSE(Parsed(body + "]}").ok());
}

TEST_CASE("clearing is by pattern, or all", "[invalidate]") {
  CHECK(parse_clearing("")->kind == Kind::all);
  CHECK(parse_clearing("{}")->kind == Kind::all);
  const auto record = parse_clearing(R"({"pattern":"/api/videos/*"})");
  REQUIRE(record);
  CHECK(record->kind == Kind::pattern);
  CHECK(record->value == "/api/videos/*");
  CHECK_FALSE(parse_clearing(R"({"pattern":""})"));
  CHECK_FALSE(parse_clearing(R"({"patern":"/a"})"));
}

}  // namespace
}  // namespace weir
