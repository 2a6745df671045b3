// The codec: what comes out doesn't depend on where the bytes are cut; what is announced too large is refused before it
// is made; garbage is an error, never a crash.
#include "proxy/shared/redis_codec.h"

#include <sys/resource.h>

#include <random>

#include "proxy/shared/redis_output.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

using namespace std::string_view_literals;
using Event = RedisDecoder::Event;
using Kind = RedisReply::Kind;

std::string shown(const RedisReply& reply) {
  switch (reply.kind) {
    case Kind::nil: return "nil";
    case Kind::status: return "+" + reply.text;
    case Kind::error: return "-" + reply.text;
    case Kind::integer: return std::to_string(reply.integer);
    case Kind::string: return "'" + reply.text + "'";
    case Kind::array: break;
  }
  std::string all = "[";
  for (const auto& element : reply.elements) all += shown(element) + " ";
  return all + "]";
}

// All replies in `bytes`, fed in pieces of `piece` bytes; "error" at the end where there was one.
std::string decoded(std::string_view bytes, std::size_t piece, Size largest = 1_MiB) {
  RedisDecoder decoder(largest);
  std::string all;
  while (!bytes.empty()) {
    std::string_view in = bytes.substr(0, piece);
    bytes.remove_prefix(in.size());
    for (;;) {
      RedisReply reply;
      const Event event = decoder.next(in, reply);
      if (event == Event::error) return all + "error";
      if (event == Event::need_more) break;
      all += shown(reply) + ";";
    }
  }
  return all;
}

TEST_CASE("replies are the same wherever they are cut", "[redis_codec]") {
  std::string whole("+OK\r\n-ERR no\r\n:42\r\n:-9223372036854775808\r\n$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n$5\r\na\r\nb");
  whole += '\0';
  whole += "\r\n*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n+s\r\n*1\r\n*1\r\n*1\r\n:7\r\n";
  std::string expected = "+OK;-ERR no;42;-9223372036854775808;nil;nil;'';[];'a\r\nb";
  expected += '\0';
  expected += "';[1 ['x' nil ] +s ];[[[7 ] ] ];";
  for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
    CAPTURE(piece);
    CHECK(decoded(whole, piece) == expected);
  }
}

TEST_CASE("half a reply is no reply", "[redis_codec]") {
  const std::string bytes = "*2\r\n$3\r\nabc\r\n:12\r\n";
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    CAPTURE(cut);
    CHECK(decoded(bytes.substr(0, cut), 64).empty());
    RedisDecoder decoder(1_MiB);
    std::string_view in = std::string_view(bytes).substr(0, cut);
    RedisReply reply;
    CHECK(decoder.next(in, reply) == Event::need_more);
    CHECK(decoder.in_reply() == (cut > 0));
  }
}

TEST_CASE("what is no RESP2 is an error", "[redis_codec]") {
  for (const std::string bytes : {"x",
                                  "HTTP/1.1 400 Bad Request\r\n",
                                  "\r\n",
                                  "$x\r\n",
                                  "$-2\r\n",
                                  "*-2\r\n",
                                  "*x\r\n",
                                  ":\r\n",
                                  ":1x\r\n",
                                  ":99999999999999999999\r\n",
                                  "_\r\n",
                                  "#t\r\n",
                                  ",1.5\r\n",
                                  "%1\r\n+a\r\n+b\r\n",
                                  "~1\r\n+a\r\n",
                                  ">1\r\n+a\r\n",
                                  "(123\r\n",
                                  "=7\r\ntxt:abc\r\n",
                                  "*1\r\n?\r\n",
                                  "*2\r\n+a\r\nx",
                                  "$3\r\nabcd\r\n"}) {
    CAPTURE(bytes);
    CHECK(decoded(bytes, 1) == "error");
    CHECK(decoded(bytes, 64) == "error");
  }
}

TEST_CASE("what is announced too large is refused before it comes", "[redis_codec]") {
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  for (const std::string bytes :
       {"$1048577\r\n", "$9223372036854775807\r\n", "$4294967297\r\n", "*2147483647\r\n", "*4294967296\r\n",
        "*9223372036854775807\r\n", "*20000\r\n", "*1\r\n*20000\r\n", "*2\r\n$600000\r\n"}) {
    CAPTURE(bytes);
    const bool half = bytes.find("600000") != std::string::npos;
    CHECK(decoded(half ? bytes + std::string(600000, 'x') + "\r\n$600000\r\n" : bytes, 4096) == "error");
  }
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);  // KiB: nobody tried
  CHECK(decoded("$1048576\r\n", 64).empty());             // exactly as much as allowed
}

TEST_CASE("many small elements count as what they take", "[redis_codec]") {
  std::string bytes = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) bytes += "*9\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n";
  CHECK(decoded(bytes, 4096, 100'000) == "error");
  CHECK(decoded(bytes, 4096, 10'000'000) != "error");
}

TEST_CASE("a line without an end is refused", "[redis_codec]") {
  CHECK(decoded("+" + std::string(100'000, 'a'), 4096) == "error");
  CHECK(decoded("+" + std::string(60'000, 'a') + "\r\n", 1000) == "+" + std::string(60'000, 'a') + ";");
  CHECK(decoded(std::string(70'000, '1').insert(0, "$"), 4096) == "error");
}

TEST_CASE("arrays nest as deep as is said, not deeper", "[redis_codec]") {
  const auto nested = [](std::size_t depth) {
    std::string bytes;
    for (std::size_t i = 0; i < depth; ++i) bytes += "*1\r\n";
    return bytes + ":1\r\n";
  };
  CHECK(decoded(nested(RedisDecoder::kDeepest), 3) == "[[[[[[[1 ] ] ] ] ] ] ];");
  CHECK(decoded(nested(RedisDecoder::kDeepest + 1), 3) == "error");
  CHECK(decoded(nested(100'000), 4096) == "error");
}

TEST_CASE("after an error nothing comes", "[redis_codec]") {
  RedisDecoder decoder(1_MiB);
  std::string_view in = "x+OK\r\n";
  RedisReply reply;
  CHECK(decoder.next(in, reply) == Event::error);
  CHECK(!decoder.error().empty());
  in = "+OK\r\n";
  CHECK(decoder.next(in, reply) == Event::error);
}

TEST_CASE("random bytes and random damage do no harm", "[redis_codec]") {
  std::mt19937 random(7);
  const std::string good = "*3\r\n$3\r\nabc\r\n:12\r\n*2\r\n+OK\r\n-ERR\r\n$10\r\n0123456789\r\n*0\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (unsigned i = 0; i < 1 + random() % 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    const std::size_t piece = 1 + random() % bytes.size();
    CHECK(decoded(bytes, piece, 4096) == decoded(bytes, bytes.size(), 4096));
  }
}

TEST_CASE("commands are arrays of strings, long words are taken and not copied", "[redis_codec]") {
  RedisOutput out;
  std::vector<std::string> command{"SET", std::string("k\r\n\0"sv), std::string(20'000, 'v')};
  const char* const bytes = command[2].data();
  out.append(command, true);
  std::vector<std::string> ping{"PING"};
  out.append(ping, true);
  CHECK(ping[0] == "PING");
  std::array<iovec, 8> room;
  std::string sent;
  bool taken = false;
  while (!out.empty()) {
    const auto pieces = out.next(room);
    const std::size_t count = std::min<std::size_t>(pieces[0].iov_len, 777);
    taken = taken || pieces[0].iov_base == bytes;
    sent.append(static_cast<const char*>(pieces[0].iov_base), count);
    out.sent(count);
  }
  CHECK(taken);
  CHECK(sent == std::string("*3\r\n$3\r\nSET\r\n$4\r\nk\r\n\0\r\n$20000\r\n"sv) + std::string(20'000, 'v') +
                    "\r\n*1\r\n$4\r\nPING\r\n");
  CHECK(sent.size() <= command_size({{"SET", "k\r\n\1", std::string(20'000, 'v')}}) + command_size({{"PING"}}));
}

}  // namespace
}  // namespace weir
