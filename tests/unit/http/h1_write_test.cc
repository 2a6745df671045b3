// What is written: exact bytes, weir's own framing, and refusals of whatever would split a message.
#include "proxy/http/h1_codec.h"
#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using namespace std::string_literals;
using weir::test::literal_fields;

namespace {

const Fields kNothing;

}  // namespace

TEST_CASE("a request is written with our framing, never the client's", "[h1]") {
  const Fields fields = literal_fields({{"Host", "other"},
                                        {"Accept", "a"},
                                        {"content-length", "99"},
                                        {"Transfer-Encoding", "chunked"},
                                        {"Connection", "close"},
                                        {"X-Y", ""}});
  std::string out;
  REQUIRE(write_h1_request(out, {"GET", "/a?b", "h:81"}, fields, Framing::none, 0));
  CHECK(out == "GET /a?b HTTP/1.1\r\nHost: h:81\r\nAccept: a\r\nX-Y: \r\n\r\n");
  out.clear();
  REQUIRE(write_h1_request(out, {"PUT", "/", "h"}, kNothing, Framing::length, 12));
  CHECK(out == "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n");
  out.clear();
  REQUIRE(write_h1_request(out, {"POST", "/", "h"}, kNothing, Framing::chunked, 0));
  CHECK(out == "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  out.clear();
  REQUIRE(write_h1_request(out, {"POST", "/", "h"}, kNothing, Framing::none, 7));
  CHECK(out == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  out.clear();
  REQUIRE(write_h1_request(out, {"GET", "/", "h"}, literal_fields({{"TE", "trailers"}}), Framing::none, 0));
  CHECK(out == "GET / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
  out.clear();
  REQUIRE(write_h1_request(out, {"GET", "/", "h", "a/1"}, literal_fields({{"Connection", "close"}}), Framing::none, 0));
  CHECK(out == "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a/1\r\n\r\n");
}

TEST_CASE("what would split a request is refused, and nothing of it is written", "[h1]") {
  const auto refused = [](const H1RequestLine& line, const Fields& fields, Framing framing = Framing::none) {
    std::string out = "before";
    auto written = write_h1_request(out, line, fields, framing, 0);
    CHECK(out == "before");
    return !written.ok() && written.error().side == Side::internal;
  };
  CHECK(refused({"GE T", "/", "h"}, kNothing));
  CHECK(refused({"", "/", "h"}, kNothing));
  CHECK(refused({"GET", "/ HTTP/1.1\r\nX: y", "h"}, kNothing));
  CHECK(refused({"GET", "/\xff", "h"}, kNothing));
  CHECK(refused({"GET", "", "h"}, kNothing));
  CHECK(refused({"GET", "x", "h"}, kNothing));
  CHECK(refused({"GET", "http://h/", "h"}, kNothing));
  CHECK(refused({"GET", "/", ""}, kNothing));
  CHECK(refused({"GET", "/", "h\r\nX: y"}, kNothing));
  CHECK(refused({"GET", "/", "u@h"}, kNothing));
  CHECK(refused({"GET", "/", "h"}, kNothing, Framing::close));
  CHECK(refused({"GET", "/", "h", "a"}, kNothing, Framing::length));
  CHECK(refused({"GET", "/", "h", "a, b"}, kNothing));
  CHECK(refused({"GET", "/", "h", "a\r\nX: y"}, kNothing));
  for (const auto value : {"a\r\nX: y", "a\nb", "a\rb", "\x01", "\x7f"}) {
    CHECK(refused({"GET", "/", "h"}, literal_fields({{"A", "b"}, {"X", value}})));
  }
  CHECK(refused({"GET", "/", "h"}, literal_fields({{"X", "a\0b"s}})));
  for (const auto name : {"", "a b", "a:", "a\r\n", "\xe9"}) {
    CHECK(refused({"GET", "/", "h"}, literal_fields({{name, "v"}})));
  }
}

TEST_CASE("a response head is left open for what the caller adds", "[h1]") {
  std::string out;
  REQUIRE(write_h1_response_head(
      out, 200, "OK",
      literal_fields({{"Date", "x"}, {"ETag", "\"a\""}, {"Content-Length", "5"}, {"Connection", "x"}})));
  CHECK(out == "HTTP/1.1 200 OK\r\nDate: x\r\nETag: \"a\"\r\n");
  out.clear();
  REQUIRE(write_h1_response_head(out, 599, "", kNothing));
  CHECK(out == "HTTP/1.1 599 \r\n");
  for (const int status : {-1, 0, 99, 600, 1000}) CHECK_FALSE(write_h1_response_head(out, status, "", kNothing));
  CHECK_FALSE(write_h1_response_head(out, 200, "a\r\nb", kNothing));
  CHECK_FALSE(write_h1_response_head(out, 200, "OK", literal_fields({{"Set-Cookie", "a\r\nb"}})));
  CHECK(out == "HTTP/1.1 599 \r\n");
}

TEST_CASE("chunk framing", "[h1]") {
  std::string out;
  write_chunk_header(out, 0x1f);
  write_chunk_header(out, UINT64_MAX);
  CHECK(out == "1f\r\nffffffffffffffff\r\n");
  out.clear();
  REQUIRE(write_last_chunk(out, literal_fields({{"X", "y"}, {"Content-Length", "5"}})));
  CHECK(out == "0\r\nX: y\r\n\r\n");
  CHECK_FALSE(write_last_chunk(out, literal_fields({{"X", "y\r\n"}})));
  CHECK(out == "0\r\nX: y\r\n\r\n");
}
