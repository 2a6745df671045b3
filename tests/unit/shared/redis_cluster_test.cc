// A cluster of three servers: keys of all of them, moved slots, slots on the move, and one server that is gone.
#include "proxy/shared/redis_cluster.h"

#include <array>

#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_impostor.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::eventually;
using test::RedisClient;
using test::RedisServer;

RedisServer::Options node_options(std::uint16_t bus) {
  return {.arguments = {"--cluster-enabled", "yes", "--cluster-port", std::to_string(bus), "--cluster-node-timeout",
                        "1000", "--cluster-require-full-coverage", "no"}};
}

// Three primaries with a third of the slots each.
class Cluster {
 public:
  Cluster() {
    for (std::size_t i = 0; i < 3; ++i) {
      bus_[i] = test::free_port();
      nodes_[i] = std::make_unique<RedisServer>(node_options(bus_[i]));
      ids_[i] = ask(i, {"CLUSTER", "MYID"}).text;
      const unsigned first = static_cast<unsigned>(i) * 5461;
      const unsigned last = i == 2 ? kRedisSlots - 1 : first + 5460;
      REQUIRE(ask(i, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)}).text == "OK");
    }
    for (std::size_t i = 1; i < 3; ++i) {
      ask(0, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()), std::to_string(bus_[i])});
    }
    REQUIRE(eventually([this] {
      for (std::size_t i = 0; i < 3; ++i) {
        const auto info = ask(i, {"CLUSTER", "INFO"}).text;
        if (info.find("cluster_state:ok") == std::string::npos) return false;
        if (info.find("cluster_slots_ok:16384") == std::string::npos) return false;
      }
      return true;
    }));
  }

  RedisReply ask(std::size_t node, const std::vector<std::string>& words) const { return nodes_[node]->ask(words); }
  RedisServer& node(std::size_t i) { return *nodes_[i]; }
  const std::string& id(std::size_t i) const { return ids_[i]; }
  static std::size_t owner(const std::string& key) { return std::min<std::size_t>(redis_slot(key) / 5461, 2); }

  RedisSettings settings() const {
    std::vector<std::string> urls;
    for (const auto& node : nodes_) urls.push_back(node->url());
    return test::settings_of(urls);
  }

 private:
  std::array<std::unique_ptr<RedisServer>, 3> nodes_;
  std::array<std::uint16_t, 3> bus_{};
  std::array<std::string, 3> ids_;
};

std::string key_of(std::size_t node) {
  for (int i = 0;; ++i) {
    std::string key = "key:" + std::to_string(i);
    if (Cluster::owner(key) == node) return key;
  }
}

TEST_CASE("each key goes to the server that has its slot, at once", "[redis_cluster]") {
  Cluster cluster;
  RedisClient client(cluster.settings());
  std::vector<RedisClient::Answer> answers;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "key:" + std::to_string(i);
    answers.push_back(client.begin({"SET", key, std::to_string(i)}, RedisClient::kLong, key));
  }
  for (auto& answer : answers) CHECK(RedisClient::wait(answer)->text == "OK");
  for (int i = 0; i < 300; ++i) {
    const std::string key = "key:" + std::to_string(i);
    CHECK(client.text({"GET", key}, key) == std::to_string(i));
  }
  CHECK(client.counters().redirects.read() == 0);
  for (std::size_t i = 0; i < 3; ++i) CHECK(cluster.ask(i, {"DBSIZE"}).integer > 50);
  // Keys of one tag share a server; those that don't are the server's error.
  CHECK(client.text({"MSET", "{t}a", "1", "{t}b", "2"}, "{t}a") == "OK");
  CHECK(client.text({"MSET", key_of(0), "1", key_of(1), "2"}, key_of(0)).find("CROSSSLOT") != std::string::npos);
  for (int i = 0; i < 5; ++i) CHECK(client.pongs());  // any server will do
}

TEST_CASE("a slot that moved is followed, and asked for once", "[redis_cluster]") {
  Cluster cluster;
  RedisClient client(cluster.settings());
  const std::string key = key_of(0);
  const std::string slot = std::to_string(redis_slot(key));
  CHECK(client.ask({"GET", key}, RedisClient::kLong, key)->is_nil());
  for (const std::size_t node : {1U, 0U, 2U}) {
    CHECK(cluster.ask(node, {"CLUSTER", "SETSLOT", slot, "NODE", cluster.id(1)}).text == "OK");
  }
  CHECK(client.text({"SET", key, "moved"}, key) == "OK");
  CHECK(client.counters().redirects.read() >= 1);
  const auto redirects = client.counters().redirects.read();
  for (int i = 0; i < 20; ++i) CHECK(client.text({"GET", key}, key) == "moved");
  CHECK(client.counters().redirects.read() == redirects);
}

TEST_CASE("keys of a slot on the move are found on either side", "[redis_cluster]") {
  Cluster cluster;
  RedisClient client(cluster.settings());
  const std::string stays = "{" + key_of(0) + "}stays";
  const std::string moves = "{" + key_of(0) + "}moves";
  const std::string slot = std::to_string(redis_slot(stays));
  REQUIRE(client.text({"SET", stays, "here"}, stays) == "OK");
  REQUIRE(cluster.ask(1, {"CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.id(0)}).text == "OK");
  REQUIRE(cluster.ask(0, {"CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.id(1)}).text == "OK");
  std::vector<RedisClient::Answer> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(client.begin({"SET", moves, std::to_string(i)}, RedisClient::kLong, moves));  // ASK
    answers.push_back(client.begin({"GET", stays}, RedisClient::kLong, stays));
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK(RedisClient::wait(answers[i])->text == (i % 2 == 0 ? "OK" : "here"));
  }
  CHECK(client.text({"GET", moves}, moves) == "49");
  // Half of the keys here, half there: try again later, says the server.
  CHECK(client.text({"MGET", stays, moves}, stays).find("TRYAGAIN") != std::string::npos);
}

TEST_CASE("a server that is gone takes its own slots with it, no others", "[redis_cluster]") {
  Cluster cluster;
  RedisClient client(cluster.settings());
  for (std::size_t i = 0; i < 3; ++i) REQUIRE(client.text({"SET", key_of(i), "v"}, key_of(i)) == "OK");
  cluster.node(1).kill();
  CHECK(eventually([&] {
    return client.ask({"GET", key_of(1)}, RedisClient::kShort, key_of(1)).error().code == Code::unavailable;
  }));
  for (int i = 0; i < 50; ++i) {
    CHECK(client.text({"GET", key_of(0)}, key_of(0)) == "v");
    CHECK(client.text({"GET", key_of(2)}, key_of(2)) == "v");
    CHECK(!client.ask({"GET", key_of(1)}, RedisClient::kLong, key_of(1)).ok());
    CHECK(client.pongs());
  }
  CHECK(client.well());
  cluster.node(1).start();
  CHECK(eventually([&] { return client.ask({"SET", key_of(1), "v"}, RedisClient::kLong, key_of(1)).ok(); }));
}

TEST_CASE("seeds that are gone are passed over; without any it is said, and found out later", "[redis_cluster]") {
  Cluster cluster;
  auto settings = cluster.settings();
  settings.endpoints.insert(settings.endpoints.begin(), RedisEndpoint{"127.0.0.1", test::free_port(), {}});
  RedisClient one_lost(settings);
  CHECK(one_lost.text({"SET", "k", "v"}, "k") == "OK");

  for (std::size_t i = 0; i < 3; ++i) cluster.node(i).kill();
  RedisClient all_lost(cluster.settings());
  CHECK(all_lost.ask({"GET", "k"}, RedisClient::kLong, "k").error().code == Code::unavailable);
  CHECK(!all_lost.well());
  for (std::size_t i = 0; i < 3; ++i) cluster.node(i).start();
  CHECK(eventually([&] { return all_lost.ask({"GET", "k"}, RedisClient::kLong, "k").ok(); }));
}

TEST_CASE("servers that send a command round and round get it five times", "[redis_cluster]") {
  int asked = 0;
  std::uint16_t port = 0;
  test::RedisImpostor impostor([&](int, const std::vector<std::string>& words) -> std::optional<std::string> {
    if (words.at(0) == "PING") return "+PONG\r\n";
    if (words.at(0) == "CLUSTER") {
      return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(port) + "\r\n";
    }
    ++asked;
    return "-MOVED 1 127.0.0.1:" + std::to_string(port) + "\r\n";
  });
  port = impostor.port();
  RedisClient client(test::settings_of({impostor.url(), "redis://127.0.0.1:1"}));
  CHECK(client.text({"GET", "k"}, "k").find("MOVED") != std::string::npos);
  CHECK(asked == 1 + static_cast<int>(RedisCluster::kMostRedirects));
}

}  // namespace
}  // namespace weir
