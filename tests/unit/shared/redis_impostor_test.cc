// A server that is none, or not in its senses: every answer that breaks the protocol is an error for who waits, never
// somebody else's answer, and the client comes back by itself when the server does.
#include "tests/support/redis_impostor.h"

#include <chrono>

#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::eventually;
using test::RedisClient;
using test::RedisImpostor;
using Words = std::vector<std::string>;

// Answers PING, and GET with its key; the first `bad` connections answer GET with `wrong`.
RedisImpostor::Script mostly(std::optional<std::string> wrong, int bad) {
  return [wrong = std::move(wrong), bad](int connection, const Words& words) -> std::optional<std::string> {
    if (words.at(0) == "PING") return "+PONG\r\n";
    if (connection <= bad) return wrong;
    return "$" + std::to_string(words.at(1).size()) + "\r\n" + words.at(1) + "\r\n";
  };
}

TEST_CASE("answers that break the protocol are errors, and the next connection works", "[redis_impostor]") {
  const std::optional<std::string> rows[] = {
      "garbage\r\n",    "HTTP/1.1 200 OK\r\n\r\n", "$999999999999\r\n",      "*2147483647\r\n",
      "$3\r\nabcd\r\n", std::string(300'000, '+'), std::string("\0\0\0", 3),
      std::nullopt,  // closes
  };
  for (const auto& wrong : rows) {
    CAPTURE(wrong.value_or("(closes)").substr(0, 30));
    RedisImpostor impostor(mostly(wrong, 1));
    RedisClient client(impostor.url());
    const auto reply = client.ask({"GET", "k"});
    REQUIRE(!reply.ok());
    CHECK(reply.error().side == Side::redis);
    CHECK(reply.error().code == Code::closed);
    CHECK(eventually([&] { return client.text({"GET", "k"}) == "k"; }));
    CHECK(impostor.connections() == 2);
  }
}

TEST_CASE("half a reply and an end is no reply", "[redis_impostor]") {
  RedisImpostor impostor([](int connection, const Words& words) -> std::optional<std::string> {
    if (words.at(0) == "PING") return "+PONG\r\n";
    if (words.at(0) == "CUT") return std::nullopt;
    return connection == 1 ? "$10\r\n01234" : "$2\r\nok\r\n";
  });
  RedisClient client(impostor.url());
  auto half = client.begin({"GET", "k"});
  auto cut = client.begin({"CUT"});
  CHECK(RedisClient::wait(half).error().code == Code::closed);
  CHECK(RedisClient::wait(cut).error().code == Code::closed);
  CHECK(client.text({"GET", "k"}) == "ok");
}

TEST_CASE("a reply too many ends the connection before it can answer somebody else", "[redis_impostor]") {
  RedisImpostor impostor(mostly("$1\r\nk\r\n$5\r\nstray\r\n", 1));
  RedisClient client(impostor.url());
  CHECK(client.text({"GET", "k"}) == "k");
  CHECK(eventually([&] { return client.text({"GET", "other"}) == "other"; }));
  CHECK(client.counters().connects.read() == 2);
}

TEST_CASE("a greeting that is no PONG is refused, with a reason that tells no password", "[redis_impostor]") {
  RedisImpostor impostor([](int, const Words& words) -> std::optional<std::string> {
    if (words.at(0) == "AUTH") return "-ERR unknown command AUTH with args " + words.at(1) + "\r\n";
    return "-LOADING Redis is loading the dataset in memory\r\n";
  });
  RedisClient loading(impostor.url());
  const auto reply = loading.ask({"GET", "k"});
  REQUIRE(!reply.ok());
  CHECK(reply.error().code == Code::refused);
  CHECK(reply.error().detail.find("LOADING") != std::string::npos);
  CHECK(!loading.well());
  const auto next = loading.ask({"GET", "k"});
  CHECK(next.error().code == Code::unavailable);

  RedisClient with_password("redis://:hunter2@127.0.0.1:" + std::to_string(impostor.port()));
  const auto refused = with_password.ask({"GET", "k"});
  CHECK(refused.error().detail.find("AUTH: ERR") != std::string::npos);
  CHECK(refused.error().detail.find("hunter2") == std::string::npos);
}

TEST_CASE("errors that mean 'not now' open the breaker after five, others never", "[redis_impostor]") {
  for (const auto& [says, sick] :
       {std::pair{"-LOADING x\r\n", true}, std::pair{"-MASTERDOWN x\r\n", true}, std::pair{"-CLUSTERDOWN x\r\n", true},
        std::pair{"-NOAUTH x\r\n", true}, std::pair{"-ERR x\r\n", false}, std::pair{"-OOM x\r\n", false},
        std::pair{"-NOPERM x\r\n", false}, std::pair{"-READONLY x\r\n", false}}) {
    CAPTURE(says);
    RedisImpostor impostor(mostly(says, 100));
    RedisClient client(impostor.url());
    for (int i = 0; i < 4; ++i) CHECK(!client.ask({"GET", "k"}).ok());
    CHECK(client.well());
    CHECK(!client.ask({"GET", "k"}).ok());
    CHECK(client.well() == !sick);
  }
}

TEST_CASE("who answers slower than asked for is left alone, until it is fast enough", "[redis_impostor]") {
  std::atomic<bool> slow{true};
  RedisImpostor impostor([&slow](int, const Words& words) -> std::optional<std::string> {
    if (slow) std::this_thread::sleep_for(std::chrono::milliseconds(120));
    if (words.at(0) == "PING") return "+PONG\r\n";
    return "$1\r\nk\r\n";
  });
  RedisClient client(impostor.url());
  CHECK(client.pongs());
  for (int i = 0; i < 5; ++i) {
    const auto reply = client.ask({"GET", "k"}, RedisClient::kShort);
    CHECK(reply.error().code == Code::timeout);
  }
  CHECK(!client.well());
  // A probe must be answered about as fast as commands: connecting alone closes nothing.
  const int before = impostor.connections();
  CHECK(eventually([&] { return impostor.connections() >= before + 3; }));
  CHECK(!client.well());
  slow = false;
  CHECK(eventually([&] { return client.ask({"GET", "k"}).ok(); }));
}

TEST_CASE("a drip is a timeout, too", "[redis_impostor]") {
  std::atomic<bool> dripping{false};
  RedisImpostor impostor([&dripping](int, const Words& words) -> std::optional<std::string> {
    if (words.at(0) == "PING") return "+PONG\r\n";
    dripping = true;
    return "$100\r\nx";  // and no more
  });
  RedisClient client(impostor.url());
  const auto reply = client.ask({"GET", "k"}, RedisClient::kShort);
  CHECK(reply.error().code == Code::timeout);
  CHECK(eventually([&] { return !client.well(); }));  // silence
}

TEST_CASE("connections that end as soon as they are used don't make a busy loop", "[redis_impostor]") {
  RedisImpostor impostor(mostly(std::nullopt, 1'000'000));
  RedisClient client(impostor.url());
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(600);
  while (std::chrono::steady_clock::now() < until) CHECK(!client.ask({"GET", "k"}, RedisClient::kShort).ok());
  CHECK(impostor.connections() >= 5);
  CHECK(impostor.connections() < 15);
}

}  // namespace
}  // namespace weir
