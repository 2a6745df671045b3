// The client and a real server that is stopped, killed, full, or says no: who waits is answered in time, who comes
// later at once, and all is well again soon after the server is.
#include <chrono>

#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::eventually;
using test::RedisClient;
using test::RedisServer;

class Stopwatch {
 public:
  Duration read() const { return std::chrono::steady_clock::now() - begin_; }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TEST_CASE("a password that is missing or wrong is said without it; the right one works", "[redis_faults]") {
  RedisServer server({.password = "s3cret"});
  const std::string at = "127.0.0.1:" + std::to_string(server.port());
  RedisClient without(server.url());
  CHECK(without.text({"GET", "k"}).find("NOAUTH") != std::string::npos);
  RedisClient wrong("redis://:hunter2@" + at);
  const auto refused = wrong.text({"GET", "k"});
  CHECK(refused.find("WRONGPASS") != std::string::npos);
  CHECK(refused.find("hunter2") == std::string::npos);
  RedisClient right("redis://:s3cret@" + at);
  CHECK(right.text({"SET", "k", "v"}) == "OK");
  RedisClient named("redis://default:s3cret@" + at);
  CHECK(named.text({"GET", "k"}) == "v");
}

TEST_CASE("what an account may not do is an error of that command alone", "[redis_faults]") {
  RedisServer server;
  server.ask({"ACL", "SETUSER", "weir", "on", ">pw", "~weir:*", "+get", "+set"});  // not even +ping
  RedisClient client("redis://weir:pw@127.0.0.1:" + std::to_string(server.port()));
  CHECK(client.text({"SET", "weir:k", "v"}) == "OK");
  for (int i = 0; i < 10; ++i) {
    const auto reply = client.ask({"GET", "other"});
    REQUIRE(!reply.ok());
    CHECK(reply.error().code == Code::denied);
    CHECK(reply.error().detail.starts_with("NOPERM"));
  }
  CHECK(client.text({"GET", "weir:k"}) == "v");
  CHECK(client.counters().connects.read() == 1);
}

TEST_CASE("a database is chosen before any command, or there is no connection", "[redis_faults]") {
  RedisServer server;
  RedisClient third(server.url() + "/3");
  RedisClient first(server.url());
  CHECK(third.text({"SET", "k", "v"}) == "OK");
  CHECK(first.ask({"GET", "k"})->is_nil());
  CHECK(third.text({"GET", "k"}) == "v");
  RedisClient beyond(server.url() + "/60000");
  CHECK(beyond.text({"SET", "k", "w"}).find("SELECT") != std::string::npos);
  CHECK(first.ask({"GET", "k"})->is_nil());
}

TEST_CASE("error replies are errors with the server's words", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  CHECK(client.text({"LPUSH", "list", "x"}).empty());
  const auto wrong_type = client.ask({"GET", "list"});
  REQUIRE(!wrong_type.ok());
  CHECK(wrong_type.error().side == Side::redis);
  CHECK(wrong_type.error().code == Code::unsupported);
  CHECK(wrong_type.error().detail.starts_with("WRONGTYPE"));
  // A server that is full says so; it is not sick.
  CHECK(client.text({"SET", "k", "v"}) == "OK");
  server.ask({"CONFIG", "SET", "maxmemory", "1"});
  for (int i = 0; i < 10; ++i) CHECK(client.text({"SET", "k", "w"}).find("OOM") != std::string::npos);
  CHECK(client.text({"GET", "k"}) == "v");
  CHECK(client.well());
}

TEST_CASE("a stopped server costs its deadline, then nothing; late replies answer nobody", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  for (const auto* key : {"a", "b"}) REQUIRE(client.text({"SET", key, key}) == "OK");
  server.pause();
  const Stopwatch first;
  CHECK(client.ask({"GET", "a"}, RedisClient::kShort).error().code == Code::timeout);
  CHECK(first.read() >= RedisClient::kShort);
  CHECK(first.read() < milliseconds(500));
  const Stopwatch opening;
  CHECK(eventually([&] { return client.ask({"GET", "a"}, RedisClient::kShort).error().code == Code::unavailable; }));
  CHECK(opening.read() < seconds(1));
  CHECK(!client.well());
  const Stopwatch refused;
  for (int i = 0; i < 100; ++i) CHECK(client.ask({"GET", "a"}).error().code == Code::unavailable);
  CHECK(refused.read() < milliseconds(500));
  server.resume();
  const Stopwatch recovery;
  CHECK(eventually([&] { return client.ask({"GET", "b"}).ok(); }));
  CHECK(recovery.read() < seconds(6));
  for (int i = 0; i < 20; ++i) CHECK(client.text({"GET", i % 2 == 0 ? "a" : "b"}) == (i % 2 == 0 ? "a" : "b"));
}

TEST_CASE("a late reply of a short stop goes to nobody", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  for (const auto* key : {"a", "b"}) REQUIRE(client.text({"SET", key, key}) == "OK");
  server.pause();
  CHECK(client.ask({"GET", "a"}, RedisClient::kShort).error().code == Code::timeout);
  auto next = client.begin({"GET", "b"});
  server.resume();
  CHECK(RedisClient::wait(next)->text == "b");
  CHECK(client.counters().connects.read() == 1);
}

TEST_CASE("silence alone opens the breaker in a quarter of a second", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.pongs());
  server.pause();
  auto one = client.begin({"GET", "a"}, milliseconds(100));
  const Stopwatch silent;
  CHECK(eventually([&] { return !client.well(); }));
  CHECK(silent.read() >= milliseconds(200));
  CHECK(silent.read() < seconds(1));
  CHECK(RedisClient::wait(one).error().code == Code::timeout);
}

TEST_CASE("a command that blocks is no silence", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  const Stopwatch blocked;
  const auto none = client.ask({"XREAD", "BLOCK", "600", "STREAMS", "log", "$"}, seconds(3));
  REQUIRE(none.ok());
  CHECK(none->is_nil());
  CHECK(blocked.read() >= milliseconds(600));
  CHECK(client.well());
  CHECK(client.counters().connects.read() == 1);
}

TEST_CASE("a server that was killed is asked again as soon as it is back", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.pongs());
  auto blocked = client.begin({"BLPOP", "list", "0"});
  REQUIRE(eventually([&] {
    return server.ask({"INFO", "clients"}).text.find("blocked_clients:1") != std::string::npos;
  }));
  server.kill();
  const auto lost = RedisClient::wait(blocked);
  REQUIRE(!lost.ok());
  CHECK(lost.error().code == Code::closed);
  CHECK(eventually([&] { return !client.well(); }));
  CHECK(client.ask({"PING"}).error().code == Code::unavailable);
  server.start();
  const Stopwatch recovery;
  CHECK(eventually([&] { return client.pongs(); }));
  CHECK(recovery.read() < seconds(6));
}

TEST_CASE("a restart that nobody noticed costs nobody anything", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.pongs());
  server.kill();
  server.start();
  client.on_loop([] {});  // a turn, in which the end is seen
  CHECK(client.pongs());
  CHECK(client.well());
}

TEST_CASE("where there is nobody it is said at once", "[redis_faults]") {
  for (const std::string url : {"unix:///nowhere/redis.sock", "redis://nowhere.invalid:6379"}) {
    CAPTURE(url);
    RedisClient client(url);
    const auto reply = client.ask({"PING"});
    REQUIRE(!reply.ok());
    CHECK(reply.error().code == Code::refused);
    CHECK(!client.well());
    CHECK(client.ask({"PING"}).error().code == Code::unavailable);
  }
  RedisClient refused("redis://127.0.0.1:" + std::to_string(test::free_port()));
  CHECK(refused.text({"PING"}).find("refused") != std::string::npos);
}

TEST_CASE("names are looked up, and every address is tried", "[redis_faults]") {
  RedisServer server;  // on 127.0.0.1 only; localhost may be ::1 first
  RedisClient client("redis://localhost:" + std::to_string(server.port()));
  CHECK(client.pongs());
}

TEST_CASE("what may wait is bounded in bytes, and given back", "[redis_faults]") {
  RedisServer server;
  auto settings = test::settings_of({server.url()});
  settings.most_queued = 1_MiB;
  RedisClient client(settings);
  REQUIRE(client.pongs());
  server.pause();
  std::vector<RedisClient::Answer> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(client.begin({"SET", "k", std::string(100'000, 'v')}, milliseconds(200)));
  }
  int refused = 0;
  for (auto& answer : answers) refused += RedisClient::wait(answer).error().code == Code::unavailable ? 1 : 0;
  CHECK(refused >= 10);
  server.resume();
  CHECK(eventually([&] { return client.text({"SET", "k", std::string(900'000, 'v')}) == "OK"; }));
}

TEST_CASE("a reply past the bound ends the connection, not the client", "[redis_faults]") {
  RedisServer server;
  auto settings = test::settings_of({server.url()});
  settings.largest_reply = 100'000;
  RedisClient client(settings);
  REQUIRE(client.text({"SET", "large", std::string(100'001, 'v')}) == "OK");
  REQUIRE(client.text({"SET", "fits", std::string(100'000, 'v')}) == "OK");
  CHECK(client.text({"GET", "large"}).find("more than") != std::string::npos);
  CHECK(client.text({"GET", "fits"}).size() == 100'000);
}

TEST_CASE("a server that has become a replica is read from, and looked for anew", "[redis_faults]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.text({"SET", "k", "v"}) == "OK");
  server.ask({"REPLICAOF", "127.0.0.1", "1"});
  for (int i = 0; i < 50; ++i) {
    CHECK(client.text({"SET", "k", "w"}).find("READONLY") != std::string::npos);
    CHECK(client.text({"GET", "k"}) == "v");
  }
  CHECK(eventually([&] { return client.counters().connects.read() == 2; }));
  server.ask({"REPLICAOF", "NO", "ONE"});
  CHECK(client.text({"SET", "k", "w"}) == "OK");
}

}  // namespace
}  // namespace weir
