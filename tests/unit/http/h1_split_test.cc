// The same bytes mean the same message however they arrive, and a message that is written again and read again is the
// same message.
#include "tests/support/catch.h"
#include "tests/support/h1_corpus.h"
#include "tests/support/h1_parse.h"

using namespace weir;
using namespace weir::test;

namespace {

// One cut anywhere, and bytes one by one, in place and in buffers that move.
template <class Parse>
void same_in_any_pieces(const std::string& bytes, Parse parse) {
  const Parsed whole = parse({}, false);
  for (const bool moving : {false, true}) {
    CHECK(parse(every_byte(bytes), moving) == whole);
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const std::vector<std::size_t> cuts{cut};
      if (parse(cuts, moving) == whole) continue;
      INFO("cut at " << cut << (moving ? ", moving" : ""));
      CHECK(parse(cuts, moving) == whole);
    }
  }
}

}  // namespace

TEST_CASE("requests are the same in any pieces", "[h1][split]") {
  auto all = good_requests();
  for (auto& bad : smuggling_requests()) all.push_back(std::move(bad));
  for (const auto& bytes : all) {
    INFO(bytes);
    same_in_any_pieces(
        bytes, [&](std::span<const std::size_t> cuts, bool moving) { return parse_request(bytes, cuts, moving); });
  }
}

TEST_CASE("responses are the same in any pieces", "[h1][split]") {
  auto all = good_responses();
  for (auto& bad : bad_responses()) all.push_back(std::move(bad));
  for (const auto& bytes : all) {
    for (const auto method : {Method::get, Method::head}) {
      INFO(bytes);
      same_in_any_pieces(bytes, [&](std::span<const std::size_t> cuts, bool moving) {
        return parse_response(bytes, method, true, cuts, moving);
      });
    }
  }
}

TEST_CASE("limits strike at the same byte in any pieces", "[h1][split]") {
  const H1Limits limits{.head = 120, .line = 40, .fields = 3};
  for (const auto& bytes :
       {"GET /" + std::string(60, 'a') + " HTTP/1.1\r\n", "GET / HTTP/1.1\r\nX: " + std::string(60, 'a') + "\x01\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(35, 'a') + "\r\nB: " + std::string(35, 'a') +
            "\r\nC: 1\r\nD: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: " + std::string(37, 'a') + "\r\nHost: h\r\nB:" + std::string(36, 'a') + "\r\n\r\n"}) {
    INFO(bytes);
    same_in_any_pieces(bytes, [&](std::span<const std::size_t> cuts, bool moving) {
      return parse_request(bytes, cuts, moving, limits);
    });
  }
}

TEST_CASE("no smuggling request is accepted", "[h1]") {
  for (const auto& bytes : smuggling_requests()) {
    INFO(bytes);
    CHECK(parse_request(bytes).last == H1Event::error);
  }
  for (const auto& bytes : bad_responses()) {
    INFO(bytes);
    CHECK(parse_response(bytes).last == H1Event::error);
  }
}

TEST_CASE("a request written again is the same request", "[h1]") {
  for (const auto& bytes : good_requests()) {
    INFO(bytes);
    const Parsed first = parse_request(bytes);
    REQUIRE(first.last == H1Event::end);
    auto rewritten = rewrite_request(first);
    REQUIRE(rewritten);
    INFO(*rewritten);
    const Parsed second = parse_request(*rewritten);
    REQUIRE(second.last == H1Event::end);
    CHECK(second.consumed == rewritten->size());
    CHECK(second.method == first.method);
    CHECK(path_and_query(second) == path_and_query(first));
    CHECK(second.authority == first.authority);
    CHECK(second.body == first.body);
    CHECK(second.trailers == first.trailers);
    CHECK(without_framing(second.fields) == without_framing(first.fields));
    CHECK(*rewrite_request(second) == *rewritten);
  }
}
