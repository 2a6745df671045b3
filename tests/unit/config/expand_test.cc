// ${VAR} in values.
#include "proxy/config/expand.h"

#include <map>

#include "tests/support/catch.h"

namespace weir {
namespace {

const std::map<std::string, std::string> kSet{{"HOST", "api"}, {"EMPTY", ""}, {"TRICKY", "x: [ 1 ]\n${HOST}"}};

std::optional<std::string> variable(const std::string& name) {
  const auto found = kSet.find(name);
  return found == kSet.end() ? std::nullopt : std::optional(found->second);
}

TEST_CASE("variables are filled in, with a default where they are unset or empty") {
  struct Row {
    const char* text;
    const char* result;
  };
  const Row row = GENERATE(values<Row>({
      {"", ""},
      {"plain $ {} }", "plain $ {} }"},
      {"${HOST}", "api"},
      {"http://${HOST}:${PORT:-80}/", "http://api:80/"},
      {"${EMPTY}", ""},
      {"${EMPTY:-x}", "x"},
      {"${NONE:-}", ""},
      {"${NONE:-a:-b}", "a:-b"},
      {"${NONE:-http://127.0.0.1:3000}", "http://127.0.0.1:3000"},
      {"$${HOST}", "$api"},
      {"${TRICKY}", "x: [ 1 ]\n${HOST}"},  // not looked at again
  }));
  CAPTURE(row.text);
  const auto result = expand(row.text, variable, false);
  REQUIRE(result);
  CHECK(*result == row.result);
}

TEST_CASE("in templates small names stay, capitals are the environment") {
  CHECK(*expand("video:${id}:${HOST}:${user}", variable, true) == "video:${id}:api:${user}");
  CHECK(*expand("${Mixed}", variable, true) == "${Mixed}");  // template.h refuses it
}

TEST_CASE("errors of variables say what to do") {
  struct Row {
    const char* text;
    bool is_template;
    const char* error;
  };
  const Row row = GENERATE(values<Row>({
      {"${NONE}", false, "the environment variable NONE is not set: set it, or write ${NONE:-default}"},
      {"${NONE}", true, "the environment variable NONE is not set: set it, or write ${NONE:-default}"},
      {"${id}", false, "${id} is not an environment variable: their names are in capitals, as in ${REDIS_URL}"},
      {"${}", false, "${} is not an environment variable: their names are in capitals, as in ${REDIS_URL}"},
      {"${1X}", false, "${1X} is not an environment variable: their names are in capitals, as in ${REDIS_URL}"},
      {"${HOST", false, "${ is not closed: ${VAR} or ${VAR:-default}"},
      {"${HOST", true, "${ is not closed: ${VAR} or ${VAR:-default}"},
  }));
  CAPTURE(row.text);
  const auto result = expand(row.text, variable, row.is_template);
  REQUIRE_FALSE(result);
  CHECK(result.error().detail == row.error);
}

TEST_CASE("what variables make of a value is bounded") {
  const auto large = [](const std::string&) { return std::optional(std::string(60'000, 'x')); };
  CHECK(expand("${A}", large, false));
  CHECK_FALSE(expand("${A}${A}", large, false));
}

}  // namespace
}  // namespace weir
