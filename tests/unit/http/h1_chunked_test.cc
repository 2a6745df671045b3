// Chunked content alone: sizes, extensions, trailers, bounds (hostile input rule 5).
#include "proxy/base/text.h"
#include "proxy/http/h1_codec.h"
#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using namespace std::string_literals;
using weir::test::Pairs;

namespace {

struct Decoded {
  H1Event last = H1Event::need_more;
  std::string body;
  Pairs trailers;
  std::size_t consumed = 0;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

// In pieces of `step` bytes.
Decoded decode(std::string_view bytes, std::size_t step = std::string_view::npos) {
  const H1Limits limits;
  ChunkedDecoder decoder(limits);
  Decoded out;
  std::size_t available = std::min(step, bytes.size());
  for (;;) {
    std::size_t consumed = 0;
    out.last = decoder.next(bytes.substr(out.consumed, available - out.consumed), consumed);
    out.consumed += consumed;
    if (out.last == H1Event::body) out.body.append(decoder.body());
    if (out.last == H1Event::error) out.consumed = 0;  // it says nothing any more
    if (out.last == H1Event::error || out.last == H1Event::end) break;
    if (out.last != H1Event::need_more) continue;
    if (available == bytes.size()) break;
    available = std::min(bytes.size(), available + step);
  }
  if (out.last == H1Event::end) out.trailers = weir::test::pairs_of(decoder.trailers());
  return out;
}

Decoded same_in_any_pieces(std::string_view bytes) {
  const Decoded whole = decode(bytes);
  for (const std::size_t step : {1U, 2U, 3U, 7U, 100U}) CHECK(decode(bytes, step) == whole);
  return whole;
}

}  // namespace

TEST_CASE("chunks", "[chunked]") {
  const Decoded d = same_in_any_pieces("5\r\nhello\r\n00A\r\n, world wi\r\nB\r\nde and side\r\n000\r\n\r\nnext");
  CHECK(d.last == H1Event::end);
  CHECK(d.body == "hello, world wide and side");
  CHECK(d.consumed == 50);
}

TEST_CASE("extensions are checked and dropped", "[chunked]") {
  for (const auto extension : {";a", ";a=b", ";a=\"b;c, d\"", ";a;b;c=\"\"", ";0=1"}) {
    INFO(extension);
    const Decoded d = same_in_any_pieces("1" + std::string(extension) + "\r\nx\r\n0" + extension + "\r\n\r\n");
    CHECK(d.last == H1Event::end);
    CHECK(d.body == "x");
  }
  for (const auto extension :
       {" ",   " ;a",    "\t;a", "; a",    ";a =b", ";a= b",     ";a ;b", ";a=b ", ";",   "; ",   ";=b",
        ";a=", ";a=\"b", ";a b", ";a=b c", "x",     ";a=\"b\"c", ";a =",  ";(a)",  ";;a", ";a,b", " \t"}) {
    INFO(extension);
    CHECK(same_in_any_pieces("1" + std::string(extension) + "\r\nx\r\n0\r\n\r\n").last == H1Event::error);
  }
}

TEST_CASE("sizes are 1 to 16 hex digits and nothing else", "[chunked]") {
  CHECK(decode("7fffffffffffffff\r\nx").last == H1Event::need_more);
  CHECK(decode("8000000000000000\r\nx").last == H1Event::error);  // so that no sum of sizes wraps
  CHECK(decode("0000000000000001\r\nx\r\n0\r\n\r\n").body == "x");
  for (const auto& wrong :
       {"\r\n"s, "00000000000000001\r\nx"s, "10000000000000000\r\n"s, "-1\r\n"s, "+1\r\nx"s, "0x1\r\nx"s, "1h\r\nx"s,
        " 1\r\nx"s, "1 \r\nx"s, "g\r\n"s, ";a\r\n"s, "1\nx\r\n"s, "1\rx\r\n"s, "1\0\r\nx"s}) {
    INFO(wrong);
    CHECK(same_in_any_pieces(wrong).last == H1Event::error);
  }
}

TEST_CASE("chunk data ends where its size says", "[chunked]") {
  for (const auto wrong :
       {"1\r\nxy\r\n0\r\n\r\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r0\r\n\r\n", "2\r\nx\r\n0\r\n\r\n", "1\r\nx0\r\n\r\n"}) {
    INFO(wrong);
    CHECK(same_in_any_pieces(wrong).last == H1Event::error);
  }
}

TEST_CASE("what is not there yet is waited for", "[chunked]") {
  const std::string_view whole = "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    INFO(n);
    CHECK(decode(whole.substr(0, n)).last == H1Event::need_more);
  }
  CHECK(decode(whole).last == H1Event::end);
}

TEST_CASE("trailers are kept, but for those that belong in a head", "[chunked]") {
  const Decoded d = same_in_any_pieces(
      "0\r\nX-Sum: 1\r\nSet-Cookie: a\r\nCache-Control: public\r\nServer-Timing: db;dur=3\r\nConnection: "
      "close\r\n\r\n");
  CHECK(d.last == H1Event::end);
  CHECK(d.trailers == Pairs{{"X-Sum", "1"}, {"Server-Timing", "db;dur=3"}});
  for (const auto wrong :
       {"0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nHost: x\r\n\r\n",
        "0\r\nX : y\r\n\r\n", "0\r\nX\r\n\r\n", "0\r\n X: y\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\nX: y\r\n\n",
        "0\r\nX: a\rb\r\n\r\n", "0\r\nX: y\r\n folded\r\n\r\n", "0\r\nX: \x01\r\n\r\n", "0\r\n\n"}) {
    INFO(wrong);
    CHECK(same_in_any_pieces(wrong).last == H1Event::error);
  }
}

TEST_CASE("bounds", "[chunked]") {
  const auto extended = [](std::size_t n) { return "1;" + std::string(n - 1, 'a') + "\r\nx\r\n"; };
  CHECK(decode(extended(256) + "0\r\n\r\n").last == H1Event::end);
  CHECK(decode(extended(257) + "0\r\n\r\n").last == H1Event::error);
  CHECK(decode("1;" + std::string(1000, 'a')).last == H1Event::error);  // without waiting for its end
  std::string many;
  for (int i = 0; i < 32; ++i) many += extended(256);
  CHECK(decode(many + "0\r\n\r\n").last == H1Event::end);
  CHECK(decode(many + extended(2)).last == H1Event::error);
  const auto trailer = [](std::size_t n) { return "0\r\nX: " + std::string(n, 'a') + "\r\n\r\n"; };
  CHECK(decode(trailer(8185)).last == H1Event::end);  // 8192 with its name and line ends
  CHECK(decode(trailer(8186)).last == H1Event::error);
  CHECK(same_in_any_pieces("0\r\nX: " + std::string(9000, 'a')).last == H1Event::error);
  CHECK(same_in_any_pieces("0\r\nX: " + std::string(9000, 'a') + "\x01\r\n").last == H1Event::error);
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "X: y\r\n";
  CHECK(decode("0\r\n" + fields + "\r\n").last == H1Event::end);
  CHECK(decode("0\r\n" + fields + "X: y\r\n\r\n").last == H1Event::error);
}

TEST_CASE("a decoder starts over", "[chunked]") {
  const H1Limits limits;
  ChunkedDecoder decoder(limits);
  std::size_t consumed = 0;
  CHECK(decoder.next("0\r\nX: y\r\n\r\n", consumed) == H1Event::end);
  CHECK(decoder.trailers().size() == 1);
  decoder.restart();
  CHECK(decoder.trailers().empty());
  CHECK(decoder.next("1\r\nz", consumed) == H1Event::body);
  CHECK(decoder.body() == "z");
}
