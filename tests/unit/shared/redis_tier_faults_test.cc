// The tier in front of a Redis that is gone, hangs, is full or says nothing in time: a miss, and no more.
#include <atomic>

#include "proxy/shared/redis_tier.h"
#include "tests/support/catch.h"
#include "tests/unit/shared/tier_node.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a Redis that is gone is a miss, and puts are dropped", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(object_now("key", "x")));
  server.kill();
  const auto why = one.why_not("key");
  REQUIRE(why);
  CHECK((*why == TierMiss::unavailable || *why == TierMiss::timeout));
  CHECK_FALSE(one.put(object_now("key", "y")));
  auto answer = one.find_or_lease("key");
  CHECK(std::holds_alternative<TierMissed>(answer));
}

TEST_CASE("a Redis that hangs costs no more than its timeout", "[redis]") {
  RedisServer server;
  auto settings = TierNode::settings();
  settings.timeout = 50ms;
  settings.write_timeout = 50ms;
  TierNode one(server, settings), patient(server);
  REQUIRE(patient.put(object_now("key", "x")));
  server.pause();
  const auto began = std::chrono::steady_clock::now();
  CHECK(one.why_not("key") == TierMiss::timeout);
  CHECK(std::chrono::steady_clock::now() - began < 1s);
  CHECK_FALSE(one.put(object_now("other", "x")));
  server.resume();
}

TEST_CASE("a find that nobody waits for any more answers nobody", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(object_now("large", noise(2_MiB))));
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> answers = 0;
    one.on_loop([&] {
      auto operation = one.tier().find({"large", hash128("large"), 8_MiB}, Fields{}, [&](TierAnswer) { ++answers; });
      operation.cancel();
    });
    CHECK(one.object("large"));
    CHECK(answers == 0);
  }
  // Dropped a little later each time, so that it meets every stage.
  static const Fields kNone;
  for (int round = 0; round < 20; ++round) {
    auto operation = std::make_unique<Operation>();
    one.on_loop([&] { *operation = one.tier().find({"large", hash128("large"), 8_MiB}, kNone, [](TierAnswer) {}); });
    std::this_thread::sleep_for(std::chrono::microseconds(300 * round));
    one.on_loop([&] { operation.reset(); });
  }
  CHECK(one.object("large"));
}

TEST_CASE("no more waits to be written than is allowed", "[redis]") {
  RedisServer server;
  auto settings = TierNode::settings();
  settings.most_waiting = 1_MiB;
  TierNode one(server, settings);
  server.pause();
  const auto object = object_now("key", noise(400000));
  one.on_loop([&] {
    for (int i = 0; i < 10; ++i) one.tier().put(object, 1);
  });
  CHECK(one.tier().counters().puts_dropped.read() == 8);
  server.resume();
  CHECK(eventually([&] { return one.tier().counters().puts.read() == 2; }));
}

TEST_CASE("a full Redis drops what is put, and leaves no parts behind", "[redis]") {
  RedisServer server;
  TierNode one(server);
  server.ask({"CONFIG", "SET", "maxmemory", "4mb"});
  CHECK_FALSE(one.put(object_now("key", noise(8_MiB))));
  CHECK(eventually([&] { return names_in(server).empty(); }));
}

TEST_CASE("erased is a miss", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(object_now("a", "x")));
  const auto german = in_language("b", "de");
  REQUIRE(one.put(german));
  one.on_loop([&] { one.tier().erase("a"); });
  CHECK(eventually([&] { return one.why_not("a") == TierMiss::absent; }));
  one.on_loop([&] { one.tier().erase(*german); });
  CHECK(eventually([&] { return one.why_not("b", request("de")) == TierMiss::variant; }));
}

}  // namespace
}  // namespace weir::test
