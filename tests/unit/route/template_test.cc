// Templates of tags and URLs.
#include "proxy/route/template.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("templates are filled in from the route's values and the user") {
  RouteValues filled;
  filled.add("id", "42");
  filled.user = "digest";
  const std::vector<std::string_view> known{"id", "user"};
  struct Row {
    const char* text;
    const char* result;
    bool constant;
  };
  const Row row = GENERATE(values<Row>({
      {"", "", true},
      {"trending", "trending", true},
      {"$ } { $$", "$ } { $$", true},
      {"video:${id}", "video:42", false},
      {"${id}${id}", "4242", false},
      {"${user}/x", "digest/x", false},
  }));
  CAPTURE(row.text);
  const auto made = Template::parse(row.text, known);
  REQUIRE(made);
  std::string out = "-";
  made->render(filled, out);
  CHECK(out == std::string("-") + row.result);
  CHECK(made->text() == row.text);
  CHECK(made->constant() == row.constant);
}

TEST_CASE("names that the route doesn't fill in are errors, with the nearest") {
  const auto error = [](std::string_view text, const std::vector<std::string_view>& known) {
    const auto made = Template::parse(text, known);
    REQUIRE_FALSE(made);
    return made.error().detail;
  };
  CHECK(error("${idd}", {"id", "user"}) == "${idd} is not a name that this route fills in: did you mean ${id}?");
  CHECK(error("${video}", {"id", "user"}) ==
        "${video} is not a name that this route fills in: known are ${id}, ${user}");
  CHECK(error("${id}", {}) == "${id} is not a name that this route fills in: no name is filled in here");
  CHECK(error("a ${id", {"id"}) == "${ is not closed: ${NAME}");
}

}  // namespace
}  // namespace weir
