// Requests over HTTP/1: what is accepted and as what, and which status each refusal has (hostile input rules 1 to 14).
#include "proxy/http/h1_codec.h"
#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using namespace std::string_literals;
using weir::test::Pairs;
using weir::test::parse_request;
using weir::test::Parsed;

namespace {

std::string get(std::string_view fields) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("a plain request", "[h1]") {
  const Parsed r = parse_request("GET /a?b HTTP/1.1\r\nHost: Example.com:80\r\nAccept:  x \t\r\nX-Empty:\r\n\r\nrest");
  CHECK(r.last == H1Event::end);
  CHECK(r.method == "GET");
  CHECK(r.target == "/a?b");
  CHECK(r.path == "/a");
  CHECK(r.query == "b");
  CHECK(r.authority == "example.com");
  CHECK(r.fields == Pairs{{"Host", "example.com"}, {"Accept", "x"}, {"X-Empty", ""}});
  CHECK(r.framing == Framing::none);
  CHECK(r.keep_alive);
  CHECK(r.body.empty());
  CHECK(r.consumed == 67);  // not the rest
}

TEST_CASE("a body by its length, and one in chunks", "[h1]") {
  const Parsed by_length = parse_request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloGET");
  CHECK(by_length.last == H1Event::end);
  CHECK(by_length.framing == Framing::length);
  CHECK(by_length.body == "hello");
  const Parsed chunked = parse_request(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n02;x\r\nlo\r\n0\r\nX-T: "
      "1\r\n\r\nGET");
  CHECK(chunked.last == H1Event::end);
  CHECK(chunked.framing == Framing::chunked);
  CHECK(chunked.body == "hello");
  CHECK(chunked.trailers == Pairs{{"X-T", "1"}});
  const Parsed empty = parse_request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\nGET");
  CHECK(empty.last == H1Event::end);
  CHECK(empty.framing == Framing::length);
  CHECK(empty.body.empty());
}

TEST_CASE("absolute-form replaces Host", "[h1]") {
  const Parsed r = parse_request("GET http://real.example/x HTTP/1.1\r\nHost: other.example\r\n\r\n");
  CHECK(r.authority == "real.example");
  CHECK(r.path == "/x");
  CHECK(r.fields == Pairs{{"Host", "real.example"}});
  CHECK(parse_request("GET http://real.example/x HTTP/1.1\r\n\r\n").status == 400);
}

TEST_CASE("the default port is the listener's", "[h1]") {
  H1Limits limits;
  H1RequestParser parser(limits, true);
  parser.next_message();
  std::size_t consumed = 0;
  CHECK(parser.next("GET / HTTP/1.1\r\nHost: h:443\r\n\r\n", consumed) == H1Event::head);
  CHECK(parser.head().authority == "h");
  CHECK(parse_request("GET / HTTP/1.1\r\nHost: h:443\r\n\r\n").authority == "h:443");
}

TEST_CASE("keep-alive by version and Connection", "[h1]") {
  const auto kept = [](std::string_view version, std::string_view connection) {
    return parse_request("GET / " + std::string(version) + "\r\nHost: h\r\n" + std::string(connection) + "\r\n")
        .keep_alive;
  };
  CHECK(kept("HTTP/1.1", ""));
  CHECK(kept("HTTP/1.1", "Connection: keep-alive\r\n"));
  CHECK_FALSE(kept("HTTP/1.1", "Connection: close\r\n"));
  CHECK_FALSE(kept("HTTP/1.1", "Connection: keep-alive\r\nConnection: x, CLOSE\r\n"));
  CHECK_FALSE(kept("HTTP/1.0", ""));
  CHECK(kept("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  CHECK_FALSE(kept("HTTP/1.0", "Connection: keep-alive, close\r\n"));
  CHECK(kept("HTTP/1.1", "Connection: upgrade\r\nUpgrade: h2c\r\n"));
}

TEST_CASE("an upgrade is asked for by a GET without content, whose Connection says so", "[h1]") {
  const auto asked = [](std::string_view start, std::string_view fields) {
    const Parsed r = parse_request(std::string(start) + "\r\nHost: h\r\n" + std::string(fields) + "\r\n");
    CHECK(r.has_head);
    return r.upgrade;
  };
  const std::string_view get_11 = "GET / HTTP/1.1";
  CHECK(asked(get_11, "Connection: Upgrade\r\nUpgrade: websocket\r\n") == "websocket");
  CHECK(asked(get_11, "Connection: keep-alive, upGrade\r\nUpgrade: a/1, b\r\n") == "a/1, b");
  CHECK(asked(get_11, "Upgrade: websocket\r\n").empty());
  CHECK(asked(get_11, "Connection: Upgrade\r\n").empty());
  CHECK(asked(get_11, "Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n").empty());
  CHECK(asked(get_11, "Connection: Upgrade\r\nUpgrade: a\r\nContent-Length: 1\r\n").empty());
  CHECK(asked(get_11, "Connection: Upgrade\r\nUpgrade: a\r\nTransfer-Encoding: chunked\r\n").empty());
  CHECK(asked("GET / HTTP/1.0", "Connection: Upgrade\r\nUpgrade: a\r\n").empty());
  CHECK(asked("HEAD / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: a\r\n").empty());
  CHECK(asked("POST / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: a\r\n").empty());
}

TEST_CASE("Expect: 100-continue, where there is something to send", "[h1]") {
  const auto expects = [](std::string_view start, std::string_view fields) {
    return parse_request(std::string(start) + "\r\nHost: h\r\nExpect: 100-Continue\r\n" + std::string(fields) + "\r\n")
        .expect_continue;
  };
  CHECK(expects("PUT / HTTP/1.1", "Content-Length: 5\r\n"));
  CHECK(expects("PUT / HTTP/1.1", "Transfer-Encoding: chunked\r\n"));
  CHECK_FALSE(expects("PUT / HTTP/1.1", "Content-Length: 0\r\n"));
  CHECK_FALSE(expects("GET / HTTP/1.1", ""));
  CHECK_FALSE(expects("PUT / HTTP/1.0", "Content-Length: 5\r\n"));
}

TEST_CASE("a few empty lines before a request are forgiven", "[h1]") {
  const std::string request = get("");
  CHECK(parse_request("\r\n" + request).last == H1Event::end);
  CHECK(parse_request("\r\n\r\n\r\n\r\n" + request).last == H1Event::end);
  CHECK(parse_request("\r\n\r\n\r\n\r\n\r\n" + request).status == 400);
  CHECK(parse_request("\n" + request).status == 400);
  CHECK(parse_request(" \r\n" + request).status == 400);
}

TEST_CASE("each refusal has its status", "[h1]") {
  struct Row {
    std::string bytes;
    int status;
  };
  const std::vector<Row> rows{
      // start line
      {"GET /\r\n\r\n", 400},
      {"GET / \r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"\r\n\r\n\r\n\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/11\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/x.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {std::string(65, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /../x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT /x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      // line ends and control bytes
      {"GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"GET / HTTP/1.1\rHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400},
      {get("X: a\rb\r\n"), 400},
      {get("X: a\0b\r\n"s), 400},
      {get("X: a\x0b"
           "b\r\n"),
       400},
      {get("X: a\x7f\r\n"), 400},
      {get("X\0: a\r\n"s), 400},
      // fields
      {get("X : a\r\n"), 400},
      {get("X\t: a\r\n"), 400},
      {get(": a\r\n"), 400},
      {get("X\r\n"), 400},
      {get("X a\r\n"), 400},
      {get(" X: a\r\n"), 400},
      {get("X: a\r\n folded\r\n"), 400},
      {get("X: a\r\n\tfolded\r\n"), 400},
      {get("X\xe9: a\r\n"), 400},
      {get("X(: a\r\n"), 400},
      {get("\"X\": a\r\n"), 400},
      // Host
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\n\r\n", 400},
      {get("Host: h\r\n"), 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      // Content-Length
      {get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {get("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
      {get("Content-Length: 5, 5\r\n"), 400},
      {get("Content-Length: +5\r\n"), 400},
      {get("Content-Length: -5\r\n"), 400},
      {get("Content-Length: 0x5\r\n"), 400},
      {get("Content-Length: 5 5\r\n"), 400},
      {get("Content-Length: 5.0\r\n"), 400},
      {get("Content-Length:\r\n"), 400},
      {get("Content-Length: 5\t\r\n"), 400},
      {get("Content-Length: 18446744073709551616\r\n"), 400},
      {get("Content-Length: 99999999999999999999\r\n"), 400},
      // Transfer-Encoding
      {get("Transfer-Encoding: gzip\r\n"), 501},
      {get("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {get("Transfer-Encoding: xchunked\r\n"), 501},
      {get("Transfer-Encoding: identity\r\n"), 501},
      {get("Transfer-Encoding: chunked, gzip\r\n"), 400},
      {get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {get("Transfer-Encoding: chunked,\r\n"), 400},
      {get("Transfer-Encoding: , chunked\r\n"), 400},
      {get("Transfer-Encoding: chunked;a=b\r\n"), 400},
      {get("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {get("Transfer-Encoding:\r\n"), 400},
      {get("Transfer-Encoding:\tchunked\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {get("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400},
      {get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      // Connection and Expect
      {get("Connection: Host\r\n"), 400},
      {get("Connection: close, content-length\r\n"), 400},
      {get("Connection: Content-Anything\r\n"), 400},
      {get("Connection: authorization\r\n"), 400},
      {get("Connection: cookie\r\n"), 400},
      {get("Connection: cache-control\r\n"), 400},
      {get("Connection: transfer-encoding\r\n"), 400},
      {get("Connection: a b\r\n"), 400},
      {get("Connection: " +
           [] {
             std::string many;
             for (int i = 0; i < 33; ++i) many += "x,";
             return many;
           }() +
           "\r\n"),
       400},
      {get("Expect: 200-ok\r\n"), 417},
      {get("Expect:\r\n"), 417},
      {get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417},
  };
  for (const auto& row : rows) {
    INFO(row.bytes);
    const Parsed r = parse_request(row.bytes);
    CHECK(r.last == H1Event::error);
    CHECK(r.status == row.status);
    CHECK_FALSE(r.error.empty());
    CHECK_FALSE(r.has_head);
  }
}

TEST_CASE("what looks odd and is right", "[h1]") {
  for (const auto& bytes :
       {get("X: a\tb\r\n"), get("X: \xe9\xff\r\n"), get("X:a\r\n"), get("X:\t a \r\n"), get("!#$%&'*+-.^_`|~9z: a\r\n"),
        get("Content-Length: 0\r\n"), get("Connection:\r\n"), get("Connection: ,,\r\n"),
        "M-SEARCH * HTTP/1.1\r\nHost: h\r\n\r\n"s, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"s, "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"s,
        std::string(64, 'M') + " / HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    INFO(bytes);
    if (bytes.starts_with("M-SEARCH")) {
      CHECK(parse_request(bytes).status == 400);  // '*' is for OPTIONS
    } else {
      CHECK(parse_request(bytes).last == H1Event::end);
    }
  }
}

TEST_CASE("limits", "[h1]") {
  const H1Limits limits{.head = 1000, .line = 100, .fields = 5};
  const auto status = [&](const std::string& bytes) { return parse_request(bytes, {}, false, limits).status; };
  const auto target = [](std::size_t line) {
    return "GET /" + std::string(line - 14, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  CHECK(status(target(100)) == 0);
  CHECK(status(target(101)) == 414);
  CHECK(status("GET /" + std::string(200, 'a')) == 414);  // without its end
  CHECK(status(get("X: " + std::string(97, 'a') + "\r\n")) == 0);
  CHECK(status(get("X: " + std::string(98, 'a') + "\r\n")) == 431);
  CHECK(status(get("A:\r\nB:\r\nC:\r\nD:\r\n")) == 0);
  CHECK(status(get("A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n")) == 431);
  const H1Limits many{.head = 200, .line = 100, .fields = 100};
  std::string fields;
  while (get(fields).size() < 200) fields += "X: abcde\r\n";
  const std::string over = get(fields);
  CHECK(parse_request(over, {}, false, many).status == 431);
  CHECK(parse_request(over.substr(0, 199), {}, false, many).last == H1Event::need_more);
  CHECK(parse_request(get(fields.substr(0, fields.size() - 10)), {}, false, many).last == H1Event::end);
}

TEST_CASE("one parser, many messages: nothing is left over from the one before", "[h1]") {
  H1Limits limits;
  H1RequestParser parser(limits);
  const std::string bytes =
      "POST /a%41 HTTP/1.1\r\nHost: A\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n1\r\nx\r\n0\r\nT: "
      "1\r\n\r\n"
      "GET /b HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n"
      "GET /c HTTP/1.1\r\nHost: c\r\n\r\n";
  std::size_t at = 0;
  const auto next = [&] {
    parser.next_message();
    const Parsed r = weir::test::parse_one(parser, std::string_view(bytes).substr(at), {}, false);
    at += r.consumed;
    return r;
  };
  CHECK(next().path == "/aA");
  const Parsed second = next();
  CHECK(second.path == "/b");
  CHECK(second.framing == Framing::none);
  CHECK_FALSE(second.expect_continue);
  CHECK_FALSE(second.keep_alive);
  CHECK(second.trailers.empty());
  const Parsed third = next();
  CHECK(third.authority == "c");
  CHECK(third.keep_alive);
  CHECK(at == bytes.size());
}

TEST_CASE("a parser that failed stays so", "[h1]") {
  H1Limits limits;
  H1RequestParser parser(limits);
  parser.next_message();
  std::size_t consumed = 0;
  CHECK(parser.next("GET\r\n", consumed) == H1Event::error);
  parser.next_message();
  CHECK(parser.next(get(""), consumed) == H1Event::error);
  CHECK(consumed == 0);
}

TEST_CASE("a head that comes byte by byte is read once, not once a byte", "[h1]") {
  // 30 KiB in one-byte steps: a parser that began anew each time would look at 450 million bytes, lines at a time.
  std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 90; ++i) bytes += "X-" + std::to_string(i) + ": " + std::string(320, 'v') + "\r\n";
  bytes += "\r\n";
  const auto cuts = weir::test::every_byte(bytes);
  CHECK(parse_request(bytes, cuts) == parse_request(bytes));
}
