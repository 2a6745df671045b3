// Sentinels: the primary is found through them, and found again after a failover.
#include "proxy/shared/redis_sentinel.h"

#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_impostor.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::eventually;
using test::RedisClient;
using test::RedisServer;

std::string port(const RedisServer& server) {
  return std::to_string(server.port());
}

RedisServer::Options watching(const RedisServer& primary) {
  return {.sentinel = "sentinel monitor main 127.0.0.1 " + port(primary) +
                      " 1\n"
                      "sentinel auth-pass main pw\n"
                      "sentinel down-after-milliseconds main 300\n"
                      "sentinel failover-timeout main 2000\n"};
}

struct Replicated {
  RedisServer primary{
      RedisServer::Options{.arguments = {"--masterauth", "pw", "--repl-diskless-sync-delay", "0"}, .password = "pw"}};
  RedisServer replica{
      RedisServer::Options{.arguments = {"--masterauth", "pw", "--replicaof", "127.0.0.1 " + port(primary),
                                         "--repl-diskless-sync-delay", "0"},
                           .password = "pw"}};
  RedisServer sentinel{watching(primary)};

  Replicated() {
    REQUIRE(eventually([&] {
      return replica.ask({"INFO", "replication"}).text.find("master_link_status:up") != std::string::npos;
    }));
  }
  // The Sentinel knows the replica: it can be promoted.
  bool can_fail_over() const {
    const auto replicas = sentinel.ask({"SENTINEL", "REPLICAS", "main"});
    return !replicas.elements.empty() && sentinel.ask({"SENTINEL", "CKQUORUM", "main"}).kind != RedisReply::Kind::error;
  }
  std::string url(const RedisServer& at, const std::string& name = "main") const {
    return "sentinel://:pw@127.0.0.1:" + port(at) + "/" + name;
  }
};

TEST_CASE("Sentinels tell where the primary is, also after a failover", "[redis_sentinel]") {
  Replicated redis;
  // The first Sentinel is gone; the second one tells.
  auto settings = test::settings_of(
      {"sentinel://:pw@127.0.0.1:" + std::to_string(test::free_port()) + "/main", redis.url(redis.sentinel)});
  RedisClient client(settings);
  REQUIRE(client.text({"SET", "k", "v"}) == "OK");
  REQUIRE(redis.primary.ask({"GET", "k"}).text == "v");
  REQUIRE(eventually([&] { return redis.can_fail_over() && redis.replica.ask({"GET", "k"}).text == "v"; }));

  redis.primary.kill();
  CHECK(eventually([&] { return client.ask({"SET", "k", "w"}).ok(); }));
  CHECK(redis.replica.ask({"GET", "k"}).text == "w");
  CHECK(client.text({"GET", "k"}) == "w");
}

TEST_CASE("a primary that was replaced is left within seconds, though it lives and doesn't know", "[redis_sentinel]") {
  Replicated redis;
  RedisClient client(redis.url(redis.sentinel));
  REQUIRE(client.text({"SET", "k", "v"}) == "OK");
  REQUIRE(eventually([&] { return redis.can_fail_over(); }));
  REQUIRE(eventually([&] { return redis.sentinel.ask({"SENTINEL", "FAILOVER", "main"}).text == "OK"; }));
  CHECK(eventually([&] {
    return client.ask({"SET", "k", "w"}).ok() && redis.replica.ask({"GET", "k"}).text == "w" &&
           redis.replica.ask({"ROLE"}).elements.at(0).text == "master";
  }));
}

TEST_CASE("what Sentinels don't know is said at once, and asked again", "[redis_sentinel]") {
  Replicated redis;
  RedisClient client(redis.url(redis.sentinel, "nobody"));
  const auto unknown = client.ask({"PING"});
  REQUIRE(!unknown.ok());
  CHECK(unknown.error().code == Code::unavailable);
  CHECK(unknown.error().detail.find("'nobody'") != std::string::npos);
  CHECK(!client.well());
  redis.sentinel.ask({"SENTINEL", "MONITOR", "nobody", "127.0.0.1", port(redis.primary), "1"});
  CHECK(eventually([&] { return client.pongs(); }));
}

TEST_CASE("a replica that a Sentinel takes for the primary is refused", "[redis_sentinel]") {
  Replicated redis;
  std::atomic<std::uint16_t> named{redis.replica.port()};
  test::RedisImpostor sentinel([&](int, const std::vector<std::string>& words) -> std::optional<std::string> {
    if (words.at(0) != "SENTINEL") return "+PONG\r\n";
    const std::string text = std::to_string(named);
    return "*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  });
  RedisClient client("sentinel://:pw@127.0.0.1:" + std::to_string(sentinel.port()) + "/main");
  CHECK(client.text({"GET", "k"}).find("is a replica") != std::string::npos);
  named = redis.primary.port();
  CHECK(eventually([&] { return client.ask({"SET", "k", "v"}).ok(); }));
}

TEST_CASE("only a host and a port are a primary", "[redis_sentinel]") {
  const auto reply = [](std::vector<std::string> words) {
    RedisReply made;
    made.kind = RedisReply::Kind::array;
    for (auto& word : words) {
      made.elements.emplace_back();
      made.elements.back().kind = RedisReply::Kind::string;
      made.elements.back().text = std::move(word);
    }
    return made;
  };
  CHECK(parse_primary(reply({"10.0.0.1", "6379"}))->text() == "10.0.0.1:6379");
  CHECK(parse_primary(reply({"::1", "6379"}))->text() == "[::1]:6379");
  for (const auto& wrong : {RedisReply{}, reply({}), reply({"a"}), reply({"a", "0"}), reply({"a", "65536"}),
                            reply({"a", "x"}), reply({"", "1"}), reply({"a b", "1"}), reply({"a", "1", "2"})}) {
    CHECK(!parse_primary(wrong).ok());
  }
}

}  // namespace
}  // namespace weir
