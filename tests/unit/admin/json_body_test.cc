// Bodies of calls: strict JSON objects, whose keys and types are known.
#include "proxy/admin/json_body.h"

#include <array>

#include "proxy/admin/parameters.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

struct Read {
  std::optional<bool> all;
  std::optional<std::string> prefix;
  std::optional<std::vector<std::string>> tags;
  Result<void> done;

  explicit Read(std::string_view body) {
    const std::array<JsonField, 3> fields{JsonField{"all", &all}, {"prefix", &prefix}, {"tags", &tags}};
    done = read_json_object(body, fields);
  }
  std::string error() const { return done ? "" : done.error().detail; }
};

TEST_CASE("an object is read into the variables; no body is an empty one", "[json_body]") {
  const Read read(R"({"tags":["a","b\u00e9"],"prefix":"/x","all":true})");
  REQUIRE(read.done);
  CHECK(read.tags == std::vector<std::string>{"a", "b\xc3\xa9"});
  CHECK(read.prefix == "/x");
  CHECK(read.all == true);
  for (const auto* body : {"", " \r\n", "{}"}) {
    const Read nothing(body);
    CHECK(nothing.done);
    CHECK_FALSE(nothing.all);
  }
}

TEST_CASE("what is not exactly that is refused", "[json_body]") {
  const std::string deep(10'000, '[');
  const std::vector<std::string> bodies{"nonsense",
                                        "[]",
                                        "1",
                                        R"({"tags":"a"})",
                                        R"({"tags":[1]})",
                                        R"({"all":"yes"})",
                                        R"({"all":1})",
                                        R"({"prefix":null})",
                                        R"({"all":true} x)",
                                        R"({"all":true)",
                                        R"({"all":true,"all":true})",
                                        "{\"prefix\":\"\xff\"}",
                                        deep};
  for (const auto& body : bodies) {
    CAPTURE(body.substr(0, 40));
    CHECK_FALSE(Read(body).done);
  }
}

TEST_CASE("errors name the key and what would be right", "[json_body]") {
  CHECK(Read(R"({"tag":["a"]})").error() == "unknown key \"tag\": did you mean \"tags\"?");
  CHECK(Read(R"({"tags":"a"})").error() == "\"tags\" must be a list of texts");
  CHECK(Read(R"({"all":"yes"})").error() == "\"all\" must be true or false");
  CHECK(Read(R"({"frobnicate":1})").error() == "unknown key \"frobnicate\": there are all, prefix, tags");
}

TEST_CASE("parameters are decoded; unknown and repeated ones are refused", "[parameters]") {
  constexpr std::array<std::string_view, 1> kOnce{"url"};
  constexpr std::array<std::string_view, 1> kMany{"header"};
  const auto good = Parameters::parse("url=%2Fa%3Fb=1+2&header=A:%20b&header=C", kOnce, kMany);
  REQUIRE(good);
  CHECK(good->value("url") == "/a?b=1+2");
  CHECK(good->values("header") == std::vector<std::string_view>{"A: b", "C"});
  CHECK_FALSE(good->value("nothing"));
  CHECK_FALSE(Parameters::parse("url=/a&url=/b", kOnce));
  const auto bad = Parameters::parse("ulr=/a", kOnce);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().detail.starts_with("unknown parameter \"ulr\": did you mean \"url\"?"));
}

}  // namespace
}  // namespace weir
