// The options of calls.
#include "proxy/cli/options.h"

#include <array>

#include "tests/support/catch.h"

namespace weir {
namespace {

constexpr std::array kOptions{
    OptionType{"config", 'c', "FILE", "a file"},
    OptionType{"header", 'H', "HEADER", "a header"},
    OptionType{"json", 0, "", "prints JSON"},
};

Result<Arguments> parse(std::vector<std::string_view> words) {
  return Arguments::parse(words, kOptions);
}

TEST_CASE("options in all their forms") {
  for (const auto& words : std::vector<std::vector<std::string_view>>{
           {"-c", "f"}, {"-cf"}, {"--config", "f"}, {"--config=f"}, {"-c", "e", "--config", "f"}}) {
    const auto arguments = parse(words);
    REQUIRE(arguments);
    CHECK(arguments->value("config") == "f");
    CHECK_FALSE(arguments->has("json"));
    CHECK(arguments->plain().empty());
  }
  const auto arguments = parse({"GET /", "-H", "a: b", "--json", "-H", "-c: d", "--", "--json", "-"});
  REQUIRE(arguments);
  CHECK(arguments->values("header") == std::vector<std::string>{"a: b", "-c: d"});
  CHECK(arguments->has("json"));
  CHECK(arguments->plain() == std::vector<std::string>{"GET /", "--json", "-"});
  CHECK_FALSE(arguments->value("config"));
  CHECK(parse({"--config="})->value("config") == "");
}

TEST_CASE("wrong options say what was meant") {
  const auto error = [](std::vector<std::string_view> words) {
    const auto arguments = parse(std::move(words));
    REQUIRE_FALSE(arguments);
    return arguments.error().detail;
  };
  CHECK(error({"--confg", "f"}) == "unknown option --confg (did you mean --config?)");
  CHECK(error({"--confg=f"}) == "unknown option --confg (did you mean --config?)");
  CHECK(error({"-x"}) == "unknown option -x");
  CHECK(error({"--"
               "zzz"}) == "unknown option --zzz");
  CHECK(error({"-c"}) == "--config needs a value: FILE");
  CHECK(error({"--json=1"}) == "--json takes no value");
}

}  // namespace
}  // namespace weir
