// Single values: what is read, what is written back, what is refused.
#include "proxy/config/scalar.h"

#include "proxy/config/formats.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("addresses to listen on are literal") {
  struct Row {
    const char* text;
    const char* host;  // null: refused
    unsigned port;
    bool loopback;
  };
  const Row row = GENERATE(values<Row>({
      {"127.0.0.1:8080", "127.0.0.1", 8080, true},
      {"127.9.9.9:1", "127.9.9.9", 1, true},
      {"localhost:80", "127.0.0.1", 80, true},
      {"0.0.0.0:0", "0.0.0.0", 0, false},
      {"[::]:65535", "::", 65535, false},
      {"[::1]:1", "::1", 1, true},
      {"10.0.0.1:80", "10.0.0.1", 80, false},
      {"::1:80", nullptr, 0, false},
      {"[127.0.0.1]:80", nullptr, 0, false},
      {"127.0.0.1", nullptr, 0, false},
      {"127.0.0.1:", nullptr, 0, false},
      {"127.0.0.1:65536", nullptr, 0, false},
      {"127.0.0.1:+80", nullptr, 0, false},
      {"api.example:80", nullptr, 0, false},
      {":80", nullptr, 0, false},
      {"", nullptr, 0, false},
  }));
  CAPTURE(row.text);
  const auto address = Scalar<ListenAddress>::parse(row.text);
  REQUIRE(address.ok() == (row.host != nullptr));
  if (!address) return;
  CHECK(address->host == row.host);
  CHECK(address->port == row.port);
  CHECK(address->loopback() == row.loopback);
}

TEST_CASE("networks hold their addresses") {
  const auto holds = [](const char* range, const char* address) {
    const auto parsed = Scalar<AddressRange>::parse(range);
    REQUIRE(parsed);
    return parsed->contains(*Ip::parse(address));
  };
  CHECK(holds("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.1"));
  CHECK(holds("10.1.2.3", "10.1.2.3"));
  CHECK_FALSE(holds("10.1.2.3", "10.1.2.4"));
  CHECK(holds("0.0.0.0/0", "1.2.3.4"));
  CHECK_FALSE(holds("0.0.0.0/0", "::1"));
  CHECK(holds("::/0", "1.2.3.4"));
  CHECK(holds("fd00::/9", "fd7f::1"));
  CHECK_FALSE(holds("fd00::/9", "fd80::1"));
  CHECK(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "x/8", "10.0.0/8"}) {
    CAPTURE(bad);
    CHECK_FALSE(Scalar<AddressRange>::parse(bad));
  }
}

TEST_CASE("a match is methods and a path") {
  struct Row {
    const char* text;
    const char* written;  // null: refused
  };
  const Row row = GENERATE(values<Row>({
      {"/", "/"},
      {"GET /x", "GET /x"},
      {"GET\t/x", "GET /x"},
      {"[ PUT, PATCH ] /x/{id}", "[ PUT, PATCH ] /x/{id}"},
      {"[PUT]/x", "PUT /x"},
      {"REPORT /x", "REPORT /x"},
      {"GET /a b", "GET /a b"},  // the pattern refuses it
      {"", nullptr},
      {"GET", nullptr},
      {"GET/x", nullptr},
      {"get /x", nullptr},
      {"GET, PUT /x", nullptr},
      {"GET PUT /x", nullptr},
      {"[ GET PUT ] /x", nullptr},
      {"[ GET, GET ] /x", nullptr},
      {"[] /x", nullptr},
      {"[ GET, ] /x", nullptr},
      {"[ GET /x", nullptr},
      {"GET ] /x", nullptr},
      {"CONNECT /x", nullptr},
      {"TRACE /x", nullptr},
      {"http://x/", nullptr},
  }));
  CAPTURE(row.text);
  const auto match = Scalar<MatchConfig>::parse(row.text);
  REQUIRE(match.ok() == (row.written != nullptr));
  if (match) CHECK(match->text() == row.written);
}

TEST_CASE("servers are URLs without a path or unix sockets, and passwords are not repeated") {
  const auto url = Scalar<OriginUrl>::parse("http://[::1]:3000");
  REQUIRE(url);
  CHECK(Scalar<OriginUrl>::format(*url) == "http://[::1]:3000");
  CHECK(Scalar<OriginUrl>::format(*Scalar<OriginUrl>::parse("http://api.example")) == "http://api.example:80");
  CHECK(Scalar<OriginUrl>::format(*Scalar<OriginUrl>::parse("https://api.example")) == "https://api.example:443");
  CHECK(Scalar<OriginUrl>::format(*Scalar<OriginUrl>::parse("unix:///run/api.sock")) == "unix:/run/api.sock");
  const auto relative = Scalar<OriginUrl>::parse("unix:api.sock");
  REQUIRE_FALSE(relative);
  CHECK(relative.error().detail ==
        "\"unix:api.sock\" is not a server's URL: http://HOST:PORT or https://HOST:PORT, without a path, or "
        "unix:/run/api.sock");
  const auto secret = Scalar<OriginUrl>::parse("http://me:secret@api.example");
  REQUIRE_FALSE(secret);
  CHECK(secret.error().detail.find("secret") == std::string::npos);
}

TEST_CASE("numbers, truths, percentages and logs") {
  CHECK(*Scalar<unsigned>::parse("64") == 64);
  for (const char* bad : {"", "-1", "+1", "1.5", "0x10", "4294967296", "1e3", " 1"}) {
    CAPTURE(bad);
    CHECK_FALSE(Scalar<unsigned>::parse(bad));
  }
  CHECK(*Scalar<bool>::parse("true"));
  for (const char* bad : {"yes", "on", "True", "1", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(Scalar<bool>::parse(bad));
  }
  CHECK(Scalar<Percent>::format(*Scalar<Percent>::parse("12.5%")) == "12.5%");
  CHECK(*Scalar<int>::parse("404") == 404);
  for (const char* bad : {"99", "600", "0404", "4xx"}) {
    CAPTURE(bad);
    CHECK_FALSE(Scalar<int>::parse(bad));
  }
  CHECK(Scalar<AccessLogConfig>::parse("off")->kind == AccessLogConfig::Kind::off);
  CHECK(Scalar<AccessLogConfig>::parse("stdout")->kind == AccessLogConfig::Kind::standard_output);
  CHECK(Scalar<AccessLogConfig>::parse("/var/log/weir.log")->path == "/var/log/weir.log");
  CHECK_FALSE(Scalar<AccessLogConfig>::parse("sdtout"));
}

TEST_CASE("fields that frame a message or belong to a connection can't be edited") {
  for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "TE", "Trailer",
                           "Upgrade", "Proxy-Connection", "Host", "Expect", "Content-Range", "a b", "", "X:"}) {
    CAPTURE(name);
    CHECK_FALSE(is_edited_field(name));
  }
  for (const char* name : {"X-Trace", "Authorization", "Server", "X-Forwarded-Proto", "Cache-Control"}) {
    CAPTURE(name);
    CHECK(is_edited_field(name));
  }
}

TEST_CASE("fields of clients that origins believe, and conditions, are never forwarded") {
  for (const char* name :
       {"X-Forwarded-For", "x-forwarded-prefix", "Forwarded", "X-Real-IP", "X-Original-URL", "X-Rewrite-URL",
        "X-HTTP-Method-Override", "X-Host", "Host", "Connection", "Range", "If-None-Match", "If-Range"}) {
    CAPTURE(name);
    CHECK_FALSE(is_forwarded_field(name));
  }
  for (const char* name : {"X-Api-Version", "Authorization", "Cookie", "Accept-Language"}) {
    CAPTURE(name);
    CHECK(is_forwarded_field(name));
  }
}

TEST_CASE("values of fields can't end a line") {
  for (const char* value : {"a\r\nb", "a\nb", "a\rb", "a\x7f", " a", "a ", "\ta"}) {
    CAPTURE(value);
    CHECK_FALSE(is_edit_value(value));
  }
  CHECK_FALSE(is_edit_value(std::string_view("a\0b", 3)));
  CHECK(is_edit_value(""));
  CHECK(is_edit_value("max-age=1, x=\"y\""));
}

}  // namespace
}  // namespace weir
