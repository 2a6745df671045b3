// Responses over HTTP/1: the origin is as untrusted as a client (hostile input rules 15 to 18).
#include "proxy/http/h1_codec.h"
#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using namespace std::string_literals;
using weir::test::Pairs;
using weir::test::parse_response;
using weir::test::Parsed;

namespace {

std::string ok(std::string_view fields, std::string_view body = "") {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("a plain response, and what is left for the caller to notice", "[h1]") {
  const Parsed r = parse_response(ok("Content-Length: 2\r\nX: y\r\n", "hi!"));
  CHECK(r.last == H1Event::end);
  CHECK(r.status == 200);
  CHECK(r.reason == "OK");
  CHECK(r.framing == Framing::length);
  CHECK(r.body == "hi");
  CHECK(r.keep_alive);
  CHECK(r.fields == Pairs{{"Content-Length", "2"}, {"X", "y"}});
  CHECK(r.consumed == ok("Content-Length: 2\r\nX: y\r\n", "hi").size());
}

TEST_CASE("reasons may be odd, empty or missing", "[h1]") {
  CHECK(parse_response("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n").reason.empty());
  CHECK(parse_response("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").last == H1Event::end);
  CHECK(parse_response("HTTP/1.1 599 caf\xe9 \tx\r\nContent-Length: 0\r\n\r\n").reason == "caf\xe9 \tx");
}

TEST_CASE("some responses have no body whatever they say", "[h1]") {
  struct Row {
    int status;
    Method method;
    bool body;
  };
  for (const auto& row : {Row{100, Method::get, false}, Row{103, Method::get, false}, Row{101, Method::get, false},
                          Row{204, Method::get, false}, Row{304, Method::get, false}, Row{200, Method::head, false},
                          Row{404, Method::head, false}, Row{200, Method::connect, false},
                          Row{404, Method::connect, true}, Row{205, Method::get, true}, Row{200, Method::get, true}}) {
    for (const std::string_view framing : {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
      const std::string head = "HTTP/1.1 " + std::to_string(row.status) + " X\r\n" + std::string(framing) + "\r\n";
      INFO(head);
      const Parsed r = parse_response(head + "5\r\nhello\r\n0\r\n\r\n", row.method, true);
      CHECK(r.last == H1Event::end);
      CHECK(r.body.empty() != row.body);
      if (!row.body) {
        CHECK(r.consumed == head.size());
        CHECK(r.framing == Framing::none);
        CHECK(r.keep_alive);
        if (framing.starts_with("Content")) CHECK(r.content_length == 5);
      }
    }
  }
}

TEST_CASE("a body that ends with the connection", "[h1]") {
  const Parsed r = parse_response(ok("", "all of it"), Method::get, true);
  CHECK(r.last == H1Event::end);
  CHECK(r.framing == Framing::close);
  CHECK(r.body == "all of it");
  CHECK_FALSE(r.keep_alive);
  CHECK(parse_response(ok("", "so far")).last == H1Event::need_more);
}

TEST_CASE("a body cut short is an error, never an end", "[h1]") {
  for (const auto& bytes : {ok("Content-Length: 5\r\n", "hell"), ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"),
                            ok("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"), ok("Content-Length: 5\r\n"),
                            "HTTP/1.1 200 OK\r\n"s, "H"s, ""s}) {
    INFO(bytes);
    H1Limits limits;
    H1ResponseParser parser(limits);
    parser.next_message(Method::get);
    (void)weir::test::parse_one(parser, bytes, {}, false);
    CHECK(parser.started() == !bytes.empty());
    CHECK(parser.end_of_stream() == H1Event::error);
    CHECK(parser.error().code == Code::closed);
    CHECK(parser.error().side == Side::origin);
  }
  CHECK(parse_response(ok("Content-Length: 5\r\n", "hello"), Method::get, true).last == H1Event::end);
}

TEST_CASE("keep-alive of the origin's connection", "[h1]") {
  CHECK(parse_response(ok("Content-Length: 0\r\n")).keep_alive);
  CHECK_FALSE(parse_response(ok("Content-Length: 0\r\nConnection: close\r\n")).keep_alive);
  CHECK_FALSE(parse_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
  CHECK(parse_response("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST_CASE("interim responses come as head and end", "[h1]") {
  H1Limits limits;
  H1ResponseParser parser(limits);
  const std::string bytes = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok("Content-Length: 1\r\n", "x");
  parser.next_message(Method::get);
  const Parsed hints = weir::test::parse_one(parser, bytes, {}, false);
  CHECK(hints.last == H1Event::end);
  CHECK(hints.status == 103);
  parser.next_message(Method::get);
  const Parsed answer = weir::test::parse_one(parser, std::string_view(bytes).substr(hints.consumed), {}, false);
  CHECK(answer.status == 200);
  CHECK(answer.body == "x");
}

TEST_CASE("a malformed response is refused", "[h1]") {
  for (const auto& bytes :
       {// status line
        "HTTP/1.1 99 X\r\n\r\n"s, "HTTP/1.1 600 X\r\n\r\n"s, "HTTP/1.1 000 X\r\n\r\n"s, "HTTP/1.1 20 OK\r\n\r\n"s,
        "HTTP/1.1 2000 OK\r\n\r\n"s, "HTTP/1.1 2x0 OK\r\n\r\n"s, "HTTP/1.1  200 OK\r\n\r\n"s, "HTTP/1.1 200OK\r\n\r\n"s,
        "HTTP/1.1\r\n\r\n"s, "HTTP/1.2 200 OK\r\n\r\n"s, "HTTP/2 200 OK\r\n\r\n"s, "http/1.1 200 OK\r\n\r\n"s,
        "ICY 200 OK\r\n\r\n"s, "\r\nHTTP/1.1 200 OK\r\n\r\n"s, "<html>\r\n"s, "HTTP/1.1 200 a\0b\r\n\r\n"s,
        // line ends
        "HTTP/1.1 200 OK\n\n"s, ok("X: y\n"), ok("X: a\rb\r\n"), ok("X: a\r\n b\r\n"), "HTTP/1.1 200 OK\r\nX: y\r\n\n"s,
        // fields
        ok("X : y\r\n"), ok(": y\r\n"), ok("nonsense\r\n"), ok("X: \x01\r\n"),
        // framing
        ok("Content-Length: 5\r\nContent-Length: 5\r\n"), ok("Content-Length: 5, 5\r\n"), ok("Content-Length: -1\r\n"),
        ok("Content-Length: 5\r\nContent-Length: 6\r\n"), ok("Content-Length:\r\n"), ok("Content-Length: 1e3\r\n"),
        ok("Content-Length: 18446744073709551616\r\n"), ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ok("Transfer-Encoding: gzip, chunked\r\n"), ok("Transfer-Encoding: gzip\r\n"),
        ok("Transfer-Encoding: identity\r\n"), ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ok("Transfer-Encoding: chunked, chunked\r\n"), "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"s,
        ok("Connection: a b\r\n"), "HTTP/1.1 304 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"s,
        // chunks
        ok("Transfer-Encoding: chunked\r\n", "5\nhello\r\n"), ok("Transfer-Encoding: chunked\r\n", "hello\r\n")}) {
    INFO(bytes);
    const Parsed r = parse_response(bytes);
    CHECK(r.last == H1Event::error);
    CHECK_FALSE(r.error.empty());
  }
}

TEST_CASE("limits of a response's head", "[h1]") {
  const H1Limits limits{.head = 200, .line = 100, .fields = 3};
  const auto last = [&](const std::string& bytes) {
    return parse_response(bytes, Method::head, false, {}, false, limits).last;
  };
  CHECK(last(ok("A: 1\r\nB: 2\r\nC: 3\r\n")) == H1Event::end);
  CHECK(last(ok("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n")) == H1Event::error);
  CHECK(last(ok("A: " + std::string(97, 'x') + "\r\n")) == H1Event::end);
  CHECK(last(ok("A: " + std::string(98, 'x') + "\r\n")) == H1Event::error);
  CHECK(last(ok("A: " + std::string(90, 'x') + "\r\nB: " + std::string(90, 'x') + "\r\n")) == H1Event::error);
}
