// The offline calls, as somebody at a terminal has them: output, errors, exit status.
#include "proxy/cli/calls.h"

#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "proxy/cli/command_line.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

// What is written to a stream of C while it lives.
class Capture {
 public:
  explicit Capture(std::FILE* stream) : stream_(stream), to_(std::tmpfile()) {
    std::fflush(stream_);
    kept_ = dup(fileno(stream_));
    dup2(fileno(to_), fileno(stream_));
  }
  ~Capture() { std::fclose(to_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string end() {
    std::fflush(stream_);
    dup2(kept_, fileno(stream_));
    close(kept_);
    std::string text(1 << 20, '\0');
    std::rewind(to_);
    text.resize(std::fread(text.data(), 1, text.size(), to_));
    return text;
  }

 private:
  std::FILE* stream_;
  std::FILE* to_;
  int kept_ = -1;
};

struct Ran {
  int status = 0;
  std::string out;
  std::string error;
};

Ran weir(std::vector<std::string> words) {
  words.insert(words.begin(), "weir");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  Capture out(stdout);
  Capture error(stderr);
  Ran ran;
  ran.status = run_command_line(static_cast<int>(argv.size()), argv.data());
  ran.error = error.end();
  ran.out = out.end();
  return ran;
}

std::string source(const std::string& path) {
  return WEIR_SOURCE_DIR "/" + path;
}

// A config file that goes with the test.
class File {
 public:
  explicit File(std::string_view text) {
    const int made = mkstemp(path_.data());
    REQUIRE(made >= 0);
    close(made);
    std::ofstream(path_) << text;
  }
  ~File() { std::remove(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/weir_calls_test.XXXXXX";
};

TEST_CASE("wrong use is status 2, with the nearest word") {
  CHECK(weir({}).status == 2);
  CHECK(weir({}).error.find("usage: weir CALL") != std::string::npos);
  const auto nearly = weir({"chek"});
  CHECK(nearly.status == 2);
  CHECK(nearly.error == "weir: there is no call \"chek\" (did you mean \"check\"?)\n`weir help` lists the calls\n");
  CHECK(weir({"\x1b[31m"}).error.find('\x1b') == std::string::npos);
  CHECK(weir({"check"}).status == 2);
  CHECK(weir({"check", "-c"}).status == 2);
  CHECK(
      weir({"check", "file.yaml"}).error.find("check: too many arguments, \"file.yaml\"\nusage: weir check -c FILE") !=
      std::string::npos);
  CHECK(weir({"explain", "-c", "x"}).error.find("an argument is missing") != std::string::npos);
  CHECK(weir({"explain", "-c", "x", "/", "-H", "nonsense"}).status == 2);
  CHECK(weir({"help", "chek"}).status == 2);
  CHECK(weir({"schema", "--markdown", "--reference"}).status == 2);
}

TEST_CASE("help lists every call, and each explains itself") {
  const auto help = weir({"help"});
  CHECK(help.status == 0);
  CHECK(help.out == weir({"--help"}).out);
  CHECK(help.out == weir({"-h"}).out);
  for (const Call& call : all_calls()) {
    CAPTURE(call.name);
    CHECK(call.run != nullptr);
    CHECK(help.out.find("\n  " + std::string(call.name) + " ") != std::string::npos);
    const auto more = weir({"help", std::string(call.name)});
    CHECK(more.out.find("usage: weir " + std::string(call.name)) == 0);
    CHECK(more.out == weir({std::string(call.name), "--help"}).out);
    for (const OptionType& option : call.options)
      CHECK(more.out.find("--" + std::string(option.name)) != std::string::npos);
  }
}

TEST_CASE("version") {
  CHECK(weir({"version"}).out == "weir " WEIR_VERSION "\n");
  CHECK(weir({"--version"}).out == "weir " WEIR_VERSION "\n");
}

TEST_CASE("postgres-sql prints SQL, or says what would be right") {
  const auto ran =
      weir({"postgres-sql", "videos:video:{id},trending", "--role", "reader", "shop.\"Orders\":order:{id}"});
  CHECK(ran.status == 0);
  CHECK(ran.error.empty());
  for (const char* part :
       {"\nBEGIN;\n", "ON \"public\".\"videos\"", "ON \"shop\".\"Orders\"", "TO \"reader\"", "\nCOMMIT;\n"}) {
    INFO(part);
    CHECK(ran.out.find(part) != std::string::npos);
  }
  CHECK(weir({"postgres-sql"}).error.find("an argument is missing") != std::string::npos);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"postgres-sql", "videos"},
                                             {"postgres-sql", "videos:a", "videos:b"},
                                             {"postgres-sql", "videos:a", "--keep", "soon"},
                                             {"postgres-sql", "videos:a", "--keep", "1s"},
                                             {"postgres-sql", "videos:a", "--role", ""},
                                             {"postgres-sql", "videos:a", "--schema", "pg_weir"}}) {
    const auto wrong = weir(words);
    CHECK(wrong.status == 2);
    CHECK(wrong.out.empty());
    CHECK(wrong.error.starts_with("weir: postgres-sql: "));
  }
}

TEST_CASE("the config files that come with weir are good") {
  for (const char* name : {"minimal", "streamvibe", "reference"}) {
    CAPTURE(name);
    const auto ran = weir({"check", "-c", source("conf/" + std::string(name) + ".yaml")});
    CHECK(ran.error.empty());
    CHECK(ran.out.find(": good: ") != std::string::npos);
    CHECK(ran.status == 0);
  }
}

TEST_CASE("check says all that is wrong, on standard error, and exits with 1") {
  const File bad(
      "upstreams: { api: { servers: http://a } }\nworker: 2\nroutes:\n  - { name: a, match: \"/{A}\", cache: { ttl: 5 "
      "} }\n");
  const auto ran = weir({"check", "-c", bad.path()});
  CHECK(ran.status == 1);
  CHECK(ran.out.empty());
  CHECK(ran.error ==
        bad.path() + ":2:1: unknown key \"worker\" (did you mean \"workers\"?)\n" + bad.path() +
            ":4:23: \"{A}\" is not a parameter (small letters, digits and _, as in {id} or {path...}; capitals "
            "are for the environment)\n" +
            bad.path() + ":4:45: \"5\" is not a duration (a whole number and ms, s, m, h or d, as in 30s)\n");
  CHECK(weir({"check", "-c", "/no/such/file"}).status == 1);
}

TEST_CASE("check lets warnings pass, and says them") {
  const File file("upstreams: { api: { servers: http://a } }\ndefaults: { cache: { trust_client: true } }\n");
  const auto ran = weir({"check", "-c", file.path()});
  CHECK(ran.status == 0);
  CHECK(ran.error ==
        file.path() +
            ":2:22: warning: any client can make each of its requests reach the origin (trust_client: false)\n");
  CHECK(ran.out == file.path() + ": good: 1 route, 1 upstream, 1 listener\n");
}

TEST_CASE("explain prints what a request meets, as text or JSON") {
  const std::string file = source("conf/streamvibe.yaml");
  const auto text = weir({"explain", "-c", file, "GET /api/videos/42?b=2&a=1"});
  CHECK(text.status == 0);
  CHECK(text.out.find("tag ") != std::string::npos);
  CHECK(text.out.find("video:42 ") != std::string::npos);
  CHECK(text.out.find(file + ":") != std::string::npos);
  const auto json = weir({"explain", "--json", "-c", file, "/api/videos/feed", "-H", "Authorization: Bearer abc"});
  simdjson::dom::parser parser;
  CHECK(parser.parse(json.out)["lines"].get_array().size() > 10);
  CHECK(json.out.find("abc") == std::string::npos);
  CHECK(weir({"explain", "-c", file, "GET nowhere"}).status == 1);
  const File bad("workers: x\n");
  CHECK(weir({"explain", "-c", bad.path(), "/"}).status == 1);
}

TEST_CASE("the schema is JSON, and says no more and no less than the file may") {
  const auto ran = weir({"schema"});
  simdjson::dom::parser parser;
  simdjson::dom::element schema;
  REQUIRE(parser.parse(ran.out).get(schema) == simdjson::SUCCESS);
  CHECK_FALSE(schema["additionalProperties"].get_bool().value());
  CHECK(schema["required"].at(0).get_string().value() == "upstreams");
  for (const char* key :
       {"listen", "admin", "workers", "cache", "upstreams", "client", "access_log", "drain", "defaults", "routes"}) {
    CAPTURE(key);
    CHECK(schema["properties"][key].error() == simdjson::SUCCESS);
  }
  CHECK(schema["properties"]["redis"].error() == simdjson::NO_SUCH_FIELD);
  CHECK(weir({"schema", "--reference"}).out.find("# ttl: 5m") != std::string::npos);
  CHECK(weir({"schema", "--markdown"}).out.starts_with("# The config file\n"));
}

}  // namespace
}  // namespace weir
