// What is made from the descriptions of the options: reference file and page, schema, masked print.
#include "proxy/config/reference.h"

#include <fstream>
#include <sstream>

#include "proxy/config/load.h"
#include "proxy/config/print.h"
#include "proxy/config/schema.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

std::string file(const std::string& path) {
  const std::ifstream in(WEIR_SOURCE_DIR "/" + path);
  REQUIRE(in);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Config load(std::string_view text) {
  auto loaded = load_text("f", text, [](const std::string&) { return std::nullopt; });
  INFO(text_of(loaded.diagnostics));
  REQUIRE(loaded.config);
  REQUIRE(loaded.diagnostics.empty());
  return *loaded.config;
}

// The dotted paths of all options.
class Paths {
 public:
  explicit Paths(std::vector<std::string>& out) : out_(out) {}
  template <class T>
  void operator()(std::string_view name, T& value, std::string_view sentence, const Rules& = {}) {
    CHECK_FALSE(sentence.empty());
    out_.emplace_back(name);
    below(value);
  }

 private:
  template <class T>
  void below(T& value) {
    if constexpr (kIsOptional<T>) {
      typename T::value_type blank{};
      below(blank);
    } else if constexpr (kIsList<T>) {
      typename T::value_type blank{};
      below(blank);
    } else if constexpr (Described<T>) {
      T::describe(*this, value);
    }
  }
  std::vector<std::string>& out_;
};

TEST_CASE("conf/reference.yaml and docs/config.md are what the descriptions say") {
  CHECK(file("conf/reference.yaml") == config_reference_yaml());  // weir schema --reference
  CHECK(file("docs/config.md") == config_reference_markdown());   // weir schema --markdown
}

TEST_CASE("every option stands in the reference file, in the page and in the schema") {
  std::vector<std::string> names;
  Paths paths(names);
  Config config;
  Config::describe(paths, config);
  CHECK(names.size() > 80);
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(config_reference_yaml().find(name + ": ") != std::string::npos);
    CHECK(config_reference_markdown().find("| `" + name + "` |") != std::string::npos);
    CHECK(config_schema().find("\"" + name + "\":{\"description\"") != std::string::npos);
  }
}

TEST_CASE("the schema takes what the reader takes, and no more") {
  const std::string schema = config_schema();
  CHECK(schema.find(R"({"enum":["1.2",1.2,"1.3",1.3]})") != std::string::npos);  // min_version: 1.3, a number to YAML
  CHECK(schema.find("[0-9]+(ms|s|m|h|d)") != std::string::npos);
  CHECK(schema.find("(ns|us") == std::string::npos);
}

TEST_CASE("the reference file loads as the defaults") {
  const Config reference = load(config_reference_yaml());
  const Config least = load("upstreams: { api: { servers: http://127.0.0.1:3000 } }");
  CHECK(print_config(reference) == print_config(least));
}

TEST_CASE("the printed config shows everything but secrets") {
  const Config config = load(R"(admin: { token: s3cret }
upstreams: { api: { servers: http://a } }
routes:
  - name: a
    match: [ PUT, GET ] /a
    cache: off
    request: { headers: { set: { Authorization: s3cret }, add: { X-Key: s3cret } } }
    response: { headers: { set: { Server: shown } } }
)");
  const std::string print = print_config(config);
  CHECK(print.find("s3cret") == std::string::npos);
  CHECK(print.find(R"("token":"***")") != std::string::npos);
  CHECK(print.find(R"("Authorization":"***")") != std::string::npos);
  CHECK(print.find(R"("Server":"shown")") != std::string::npos);
  CHECK(print.find(R"("match":["[ PUT, GET ] /a"])") != std::string::npos);
  CHECK(print.find(R"("cache":"off")") != std::string::npos);
  CHECK(print.find(R"("workers":"auto")") != std::string::npos);
  CHECK(print.find(R"("upstreams":{"api":{"servers":["http://a:80"])") != std::string::npos);
}

}  // namespace
}  // namespace weir
