// What an HTTP/2 origin may do often because of what weir does, and how long that lasts; where a connection's streams
// end; and an origin that speaks something else.
#include "proxy/http/h2_origin_codec.h"
#include "tests/support/catch.h"
#include "tests/support/h2_answers.h"

namespace weir {
namespace {

using namespace test;

const Pairs kFine{{":status", "200"}};
constexpr unsigned kMany = 3000;  // in one moment

TEST_CASE("a server that speaks HTTP/1.1 is told by its first words", "[h2]") {
  Talk talk;
  talk.ask();
  CHECK_FALSE(talk.hear("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
  CHECK(talk.codec.error().detail == "HTTP/2: the server answers in HTTP/1.1");
}

TEST_CASE("each frame of content sent may be answered by a window update and a PING", "[h2]") {
  Talk talk;
  talk.hear(settings());
  for (unsigned i = 0; i < kMany; ++i) {
    AnswerLog& answer = talk.ask("POST", "/", {}, Framing::length, 2);
    talk.codec.write(answer.id, "hi");
    talk.codec.end(answer.id, "");
    talk.write();
    REQUIRE(talk.hear(frame(kWindow, 0, 0, number(2, 4)) + frame(kPing, 0, 0, "01234567") +
                      headers(static_cast<std::uint32_t>(answer.id), kFine, true)));
  }
  // And no more than two.
  for (unsigned i = 0; i < 2 * kMany; ++i) talk.hear(frame(kPing, 0, 0, "01234567"));
  CHECK_FALSE(talk.goes_on);
}

TEST_CASE("an answer before the end of its request, and a reset behind it: as often as one likes", "[h2]") {
  Talk talk;
  talk.hear(settings());
  for (unsigned i = 0; i < kMany; ++i) {
    AnswerLog& answer = talk.ask("POST", "/", {}, Framing::length, 2);
    const auto id = static_cast<std::uint32_t>(answer.id);
    REQUIRE(talk.hear(headers(id, {{":status", "401"}}, true)));
    CHECK(answer.over);
    talk.codec.cancel(answer.id);
    talk.write();
    REQUIRE(talk.hear(frame(kReset, 0, id, number(0, 4))));
  }
}

TEST_CASE("a head and trailers that crossed with a reset of ours are no flood", "[h2]") {
  Talk talk;
  talk.hear(settings());
  for (unsigned i = 0; i < kMany; ++i) {
    AnswerLog& answer = talk.ask();
    const auto id = static_cast<std::uint32_t>(answer.id);
    talk.codec.cancel(answer.id);
    talk.write();
    REQUIRE(talk.hear(headers(id, kFine) + data(id, "x") + headers(id, {{"grpc-status", "0"}}, true)));
  }
}

// What was cancelled long ago has come by now.
TEST_CASE("content that nobody wants is borne for a while after a cancel, not for ever", "[h2]") {
  Talk talk;
  talk.hear(settings());
  for (unsigned i = 0; i < 60; ++i) {
    AnswerLog& answer = talk.ask();
    talk.codec.cancel(answer.id);
    talk.write();
  }
  const std::string piece = data(1, std::string(16'384, 'x'));
  const auto borne = [&] {
    std::size_t bytes = 0;
    for (; bytes < 9'000'000 && talk.hear(piece); bytes += piece.size()) {}
    return bytes;
  };
  talk.now += std::chrono::seconds(11);
  talk.hear(frame(kPing, 0, 0, "01234567"));
  talk.now += std::chrono::seconds(11);
  talk.hear(frame(kPing, 0, 0, "01234567"));
  CHECK(borne() <= 2 * H2OriginCodec::kStreamWindow);
}

TEST_CASE("however many were cancelled, no more than a connection's window may be under way", "[h2]") {
  Talk talk;
  talk.hear(settings());
  for (unsigned i = 0; i < 500; ++i) {
    AnswerLog& answer = talk.ask();
    talk.codec.cancel(answer.id);
    talk.write();
  }
  const std::string piece = data(1, std::string(16'384, 'x'));
  std::size_t bytes = 0;
  for (; bytes < 60'000'000 && talk.hear(piece); bytes += piece.size()) {}
  CHECK(bytes <= H2OriginCodec::kConnectionWindow + 65'536);
}

TEST_CASE("with its last stream a connection takes no more requests", "[h2]") {
  Talk talk;
  talk.hear(settings());
  talk.codec.begin_at(0x7ffffffd);
  talk.ask();
  CHECK_FALSE(talk.codec.leaving());
  AnswerLog& last = talk.ask();
  CHECK(last.id == 0x7fffffff);
  CHECK(talk.codec.leaving());
  CHECK(talk.codec.room() == 0);
  talk.hear(headers(0x7fffffff, kFine, true));
  CHECK(last.over);
}

TEST_CASE("how many it takes is known with its first SETTINGS", "[h2]") {
  Talk talk;
  CHECK_FALSE(talk.codec.settled());
  talk.hear(settings());
  CHECK(talk.codec.settled());
}

}  // namespace
}  // namespace weir
