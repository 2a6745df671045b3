// The client against a real server: what is asked is answered, in order, whatever bytes it is made of.
#include "proxy/shared/redis.h"

#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using namespace std::string_view_literals;
using test::RedisClient;
using test::RedisServer;

TEST_CASE("a thousand commands of one turn are answered, each with its own", "[redis]") {
  RedisServer server;
  RedisClient client(server.url());
  std::vector<RedisClient::Answer> sets, gets;
  for (int i = 0; i < 1000; ++i) {
    sets.push_back(client.begin({"SET", "key:" + std::to_string(i), "value:" + std::to_string(i)}));
  }
  for (int i = 0; i < 1000; ++i) gets.push_back(client.begin({"GET", "key:" + std::to_string(i)}));
  for (auto& set : sets) CHECK(RedisClient::wait(set).ok());
  for (int i = 0; i < 1000; ++i) {
    const auto reply = RedisClient::wait(gets[static_cast<std::size_t>(i)]);
    REQUIRE(reply.ok());
    CHECK(reply->text == "value:" + std::to_string(i));
  }
  CHECK(client.counters().commands.read() == 2000);
  CHECK(client.counters().connects.read() == 1);
}

TEST_CASE("keys and values are bytes, whatever they are", "[redis]") {
  RedisServer server;
  RedisClient client("unix://" + server.socket());
  const std::string key("\0\r\n*1\r\n$4\r\nPING\r\n\xff"sv);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16 * 1024}, std::size_t{5'000'000}}) {
    std::string value(size, '\0');
    for (std::size_t i = 0; i < size; ++i) value[i] = static_cast<char>(i * 7 + i / 251);
    REQUIRE(client.text({"SET", key, value}) == "OK");
    CHECK(client.text({"GET", key}) == value);
  }
  const auto none = client.ask({"GET", "nothing"});
  REQUIRE(none.ok());
  CHECK(none->is_nil());
}

}  // namespace
}  // namespace weir
