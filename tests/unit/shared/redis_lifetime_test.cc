// Ends: an answer is never given from inside the call, and whoever ends whatever inside an answer does no harm (ASan
// watches).
#include "tests/support/catch.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_impostor.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::eventually;
using test::RedisClient;
using test::RedisServer;

TEST_CASE("no answer comes from inside call(), not even a refusal", "[redis_lifetime]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.pongs());
  for (const bool alive : {true, false}) {
    if (!alive) {
      server.kill();
      CHECK(eventually([&] { return !client.pongs() && !client.well(); }));
    }
    std::promise<Result<RedisReply>> answered;
    bool inside = true, told_inside = false;
    client.on_loop([&] {
      const auto told = [&](Result<RedisReply> reply) {
        told_inside = inside;
        answered.set_value(std::move(reply));
      };
      client.redis()->call({{"PING"}, "", RedisClient::kLong}, told).done();
      inside = false;
    });
    CHECK(answered.get_future().get().ok() == alive);
    CHECK(!told_inside);
  }
}

TEST_CASE("a dropped operation forgets the answer", "[redis_lifetime]") {
  RedisServer server;
  RedisClient client(server.url());
  int told = 0;
  client.on_loop([&] {
    Operation kept = client.redis()->call({{"SET", "k", "v"}, "", RedisClient::kLong}, [&](auto) { ++told; });
    Operation dropped = client.redis()->call({{"GET", "k"}, "", RedisClient::kLong}, [&](auto) { ++told; });
    kept.done();
  });
  CHECK(client.pongs());
  CHECK(told == 1);
}

TEST_CASE("an answer may drop its own operation, ask again, disconnect, or end the client", "[redis_lifetime]") {
  RedisServer server;
  for (const auto* what : {"drop", "again", "disconnect", "end"}) {
    CAPTURE(what);
    RedisClient client(server.url());
    std::promise<void> done;
    Operation operation;
    int others = 0;
    client.on_loop([&] {
      Redis& redis = *client.redis();
      operation = redis.call({{"PING"}, "", RedisClient::kLong}, [&, what = std::string_view(what)](auto) {
        if (what == "drop") operation = {};
        if (what == "disconnect") client.redis()->disconnect();
        if (what == "end") client.redis().reset();
        if (what == "again") {
          operation = client.redis()->call({{"PING"}, "", RedisClient::kLong}, [&](auto) { done.set_value(); });
          return;
        }
        done.set_value();
      });
      for (int i = 0; i < 10; ++i) redis.call({{"PING"}, "", RedisClient::kLong}, [&](auto) { ++others; }).done();
    });
    done.get_future().wait();
    client.on_loop([&] { operation.done(); });
    if (std::string_view(what) == "end") {
      CHECK(client.on_loop([&] { return others; }) == 0);
      continue;
    }
    CHECK(client.pongs());
    CHECK(client.on_loop([&] { return others; }) == 10);
  }
}

TEST_CASE("disconnecting answers what waits, and the next call connects anew", "[redis_lifetime]") {
  RedisServer server;
  RedisClient client(server.url());
  REQUIRE(client.pongs());
  auto blocked = client.begin({"BLPOP", "list", "0"});
  CHECK(eventually([&] {
    return server.ask({"INFO", "clients"}).text.find("blocked_clients:1") != std::string::npos;
  }));
  client.on_loop([&] { client.redis()->disconnect(); });
  CHECK(RedisClient::wait(blocked).error().code == Code::closed);
  CHECK(client.pongs());
  CHECK(client.counters().connects.read() == 2);
}

TEST_CASE("a client may end in whatever state its connection is", "[redis_lifetime]") {
  RedisServer server;
  for (const std::string& url :
       {server.url(), std::string("redis://localhost:1"), std::string("redis://nowhere.invalid"),
        std::string("unix:///nowhere"), std::string("rediss://127.0.0.1:" + std::to_string(server.port()))}) {
    for (int turns = 0; turns < 6; ++turns) {
      RedisClient client(url);
      int told = 0;
      client.on_loop([&] { client.redis()->call({{"PING"}, "", RedisClient::kLong}, [&](auto) { ++told; }).done(); });
      for (int i = 0; i < turns; ++i) client.on_loop([] {});
      const int before = client.on_loop([&] {
        client.redis().reset();
        return told;
      });
      CHECK(client.on_loop([&] { return told; }) == before);
    }
  }
}

TEST_CASE("answers that expire may end the client", "[redis_lifetime]") {
  test::RedisImpostor silent([](int, const std::vector<std::string>& words) -> std::optional<std::string> {
    return words.at(0) == "PING" ? "+PONG\r\n" : "";
  });
  RedisClient client(silent.url());
  REQUIRE(client.pongs());
  std::promise<void> done;
  client.on_loop([&] {
    for (int i = 0; i < 10; ++i) {
      client.redis()
          ->call({{"GET", "k"}, "", RedisClient::kShort},
                 [&, i](Result<RedisReply> reply) {
                   CHECK(!reply.ok());
                   if (i != 4) return;  // the one that opens the breaker
                   client.redis().reset();
                   done.set_value();
                 })
          .done();
    }
  });
  done.get_future().wait();
}

}  // namespace
}  // namespace weir
