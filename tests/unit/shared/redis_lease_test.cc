// Leases between two nodes and a real Redis: one holds it, all others know, and who lost it can't write.
#include "proxy/shared/redis_lease.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "tests/support/catch.h"
#include "tests/unit/shared/tier_node.h"

namespace weir::test {
namespace {

using namespace std::chrono_literals;

RedisTierSettings quick() {
  auto settings = TierNode::settings();
  settings.lease.bound = 400ms;
  settings.lease.renew_every = 100ms;
  return settings;
}

// Renewed as often, and it bears a machine that is busy.
RedisTierSettings often_renewed() {
  auto settings = quick();
  settings.lease.bound = 2s;
  return settings;
}

template <class T, class Variant>
bool is(const Variant& answer) {
  return std::holds_alternative<T>(answer);
}

RedisLease lease_of(LeaseAnswer answer) {
  REQUIRE(is<RedisLease>(answer));
  return std::get<RedisLease>(std::move(answer));
}

TEST_CASE("one has it, the others see that", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  CHECK(is<LeaseFree>(other.look("key")));
  auto lease = lease_of(one.acquire("key"));
  CHECK(lease.token().size() == 32);
  CHECK(is<LeaseHeld>(other.look("key")));
  CHECK(is<LeaseHeld>(other.acquire("key")));
  CHECK(is<LeaseHeld>(one.acquire("key")));
  CHECK(is<LeaseFree>(other.look("another key")));
  one.drop(std::move(lease));
  CHECK(eventually([&] { return is<LeaseFree>(other.look("key")); }));
  other.drop(lease_of(other.acquire("key")));
}

TEST_CASE("it lives as long as its holder, and no longer", "[redis]") {
  RedisServer server;
  const auto settings = often_renewed();
  TierNode one(server, settings), other(server, settings);
  auto lease = lease_of(one.acquire("key"));
  const auto until = MonotonicClock::now() + settings.lease.bound * 3 / 2;
  const auto name = names_in(server).at(0);
  while (MonotonicClock::now() < until) {
    CHECK(is<LeaseHeld>(other.look("key")));
    CHECK(one.on_loop([&] { return lease.is_held(); }));
    // What is left of it grows again: nothing but its holder does that.
    auto least = server.ask({"PTTL", name}).integer;
    REQUIRE(eventually([&] {
      const auto left = server.ask({"PTTL", name}).integer;
      CHECK(left <= 2000);
      return left > std::exchange(least, std::min(least, left));
    }));
  }
  one.drop(std::move(lease));
  CHECK(eventually([&] { return names_in(server).empty(); }));
}

TEST_CASE("who lost it learns so, and gives nothing back", "[redis]") {
  RedisServer server;
  TierNode one(server, often_renewed());
  auto lease = lease_of(one.acquire("key"));
  std::atomic<int> lost = 0;
  one.on_loop([&] {
    lease.on_lost([&] {
      ++lost;
      lease.release();  // from inside
    });
  });
  const auto name = names_in(server).at(0);
  server.ask({"SET", name, "another's token", "PX", "60000"});
  CHECK(eventually([&] { return lost == 1; }));
  CHECK_FALSE(one.on_loop([&] { return lease.is_held(); }));
  std::this_thread::sleep_for(200ms);
  CHECK(server.ask({"GET", name}).text == "another's token");
  CHECK(one.tier().leases().counters().lost.read() == 1);
}

TEST_CASE("a holder that Redis doesn't answer loses it in time", "[redis]") {
  RedisServer server;
  TierNode one(server, quick());
  auto lease = lease_of(one.acquire("key"));
  server.pause();
  std::this_thread::sleep_for(450ms);
  CHECK_FALSE(one.on_loop([&] { return lease.is_held(); }));
  server.resume();
  one.drop(std::move(lease));
}

TEST_CASE("pass: nobody waits, until it is over", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  auto lease = lease_of(one.acquire("key"));
  one.on_loop([&] { lease.mark_pass(60s); });
  CHECK_FALSE(lease);
  CHECK(eventually([&] { return is<LeasePass>(other.look("key")); }));
  CHECK(is<LeasePass>(other.acquire("key")));
  CHECK(is<LeasePass>(other.find_or_lease("key")));
  const auto name = names_in(server).at(0);
  CHECK(server.ask({"PTTL", name}).integer <= 60'000);
  // As if that time were over.
  server.ask({"PEXPIRE", name, "1"});
  CHECK(eventually([&] { return is<LeaseFree>(other.look("key")); }));
  auto soon = lease_of(one.acquire("key"));
  one.on_loop([&] { soon.mark_pass(500ms); });
  CHECK(eventually([&] {
    const auto left = server.ask({"PTTL", name}).integer;
    return left == -2 || left <= 500;
  }));
  CHECK(eventually([&] { return is<LeaseFree>(other.look("key")); }));
}

TEST_CASE("who lost it marks nothing", "[redis]") {
  RedisServer server;
  TierNode one(server);
  auto lease = lease_of(one.acquire("key"));
  const auto name = names_in(server).at(0);
  server.ask({"SET", name, "another's token", "PX", "60000"});
  one.on_loop([&] { lease.mark_pass(60s); });
  std::this_thread::sleep_for(100ms);
  CHECK(server.ask({"GET", name}).text == "another's token");
}

TEST_CASE("nothing there: the lease comes with the answer, and the entry ends it", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  auto answer = one.find_or_lease("key");
  REQUIRE(is<RedisLease>(answer));
  CHECK(is<LeaseHeld>(other.find_or_lease("key")));
  REQUIRE(one.put(object_now("key", "content"), std::get<RedisLease>(std::move(answer))));
  CHECK(is<LeaseFree>(other.look("key")));
  const auto found = other.find_or_lease("key");
  REQUIRE(is<TierFound>(found));
  CHECK(std::get<TierFound>(found).object->body->copy() == "content");
  CHECK(names_in(server).size() == 1);
}

TEST_CASE("of what varies each variant has a lease of its own", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  auto german = object_now("key", "de");
  german->vary_names = {"x"};
  german->vary_values = {"=de"};
  REQUIRE(one.put(german));
  Fields english, french;
  english.add("x", "en");
  french.add("x", "fr");
  auto first = one.find_or_lease("key", english);
  REQUIRE(is<RedisLease>(first));
  CHECK(is<LeaseHeld>(other.find_or_lease("key", english)));
  auto second = other.find_or_lease("key", french);
  REQUIRE(is<RedisLease>(second));
  auto object = object_now("key", "en");
  object->vary_names = {"x"};
  object->vary_values = {"=en"};
  REQUIRE(one.put(object, std::get<RedisLease>(std::move(first))));
  CHECK(is<TierFound>(other.find_or_lease("key", english)));
  other.drop(std::get<RedisLease>(std::move(second)));
}

TEST_CASE("an entry that is known to be no good is as none, and isn't read again", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  REQUIRE(one.put(object_now("key", "stale")));
  const auto found = one.find_or_lease("key");
  REQUIRE(is<TierFound>(found));
  const std::string known = std::get<TierFound>(found).seal;
  const auto read = [](TierNode& node) {
    return node.on_loop([&] { return node.tier().counters().bytes_read.read(); });
  };
  const auto before = read(one);
  auto lease = one.find_or_lease("key", {}, known);
  REQUIRE(is<RedisLease>(lease));
  CHECK(is<LeaseHeld>(other.find_or_lease("key", {}, known)));
  CHECK(read(one) == before);
  CHECK(read(other) == 0);
  CHECK(one.misses(TierMiss::absent) == 0);
  CHECK(is<TierFound>(other.find_or_lease("key")));  // whom it is news to
  REQUIRE(one.put(object_now("key", "new"), std::get<RedisLease>(std::move(lease))));
  const auto newer = other.find_or_lease("key", {}, known);
  REQUIRE(is<TierFound>(newer));
  CHECK(std::get<TierFound>(newer).object->body->copy() == "new");
  server.ask({"FLUSHALL"});
  CHECK(is<RedisLease>(one.find_or_lease("key", {}, known)));
}

TEST_CASE("of a variant that is known to be no good, it is that variant's lease", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  Fields english;
  english.add("x", "en");
  auto object = object_now("key", "en");
  object->vary_names = {"x"};
  object->vary_values = {"=en"};
  REQUIRE(one.put(object));
  const auto found = one.find_or_lease("key", english);
  REQUIRE(is<TierFound>(found));
  auto lease = one.find_or_lease("key", english, std::get<TierFound>(found).seal);
  REQUIRE(is<RedisLease>(lease));
  CHECK(is<LeaseFree>(other.look("key")));  // the base's is another
  Fields french;
  french.add("x", "fr");
  auto second = other.find_or_lease("key", french);
  REQUIRE(is<RedisLease>(second));
  one.drop(std::get<RedisLease>(std::move(lease)));
  other.drop(std::get<RedisLease>(std::move(second)));
}

TEST_CASE("an entry that is no good goes, and the lease comes in its place", "[redis]") {
  RedisServer server;
  TierNode one(server);
  REQUIRE(one.put(object_now("key", "x")));
  const auto name = names_in(server).at(0);
  server.ask({"SET", name, "garbage", "PX", "60000"});
  auto answer = one.find_or_lease("key");
  REQUIRE(is<RedisLease>(answer));
  CHECK(one.misses(TierMiss::foreign) == 1);
  CHECK(eventually([&] { return server.ask({"EXISTS", name}).integer == 0; }));
  one.drop(std::get<RedisLease>(std::move(answer)));
}

TEST_CASE("who lost the lease can't write", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  auto lease = lease_of(one.acquire("key"));
  const auto name = names_in(server).at(0);
  SECTION("and it is another's") {
    server.ask({"SET", name, "another's token", "PX", "60000"});
    CHECK_FALSE(one.put(object_now("key", "late"), std::move(lease)));
    CHECK(server.ask({"GET", name}).text == "another's token");
  }
  SECTION("and it is nobody's") {
    server.ask({"DEL", name});
    CHECK_FALSE(one.put(object_now("key", "late"), std::move(lease)));
  }
  SECTION("and the body had parts") {
    server.ask({"DEL", name});
    Mutator random(6);
    CHECK_FALSE(one.put(object_now("key", random_text(random, 2_MiB, false)), std::move(lease)));
    CHECK(eventually([&] { return names_in(server, "*:p:*").empty(); }));
  }
  CHECK(one.tier().counters().puts_fenced.read() == 1);
  CHECK(other.why_not("key") == TierMiss::absent);
}

TEST_CASE("two nodes race, one wins, each time", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  for (int round = 0; round < 100; ++round) {
    const std::string key = "key " + std::to_string(round / 4);
    std::optional<LeaseAnswer> first;
    std::thread thread([&] { first = one.acquire(key); });
    auto second = other.acquire(key);
    thread.join();
    REQUIRE(is<RedisLease>(*first) != is<RedisLease>(second));
    // Releases are on their way when the next round begins; another key then, or a wait.
    if (auto* const lease = std::get_if<RedisLease>(&*first)) one.drop(std::move(*lease));
    if (auto* const lease = std::get_if<RedisLease>(&second)) other.drop(std::move(*lease));
    REQUIRE(eventually([&] { return is<LeaseFree>(one.look(key)); }));
  }
}

TEST_CASE("who asked and left holds nothing up", "[redis]") {
  RedisServer server;
  TierNode one(server), other(server);
  for (int round = 0; round < 10; ++round) {
    one.on_loop([&] {
      one.tier().leases().acquire("a", [](LeaseAnswer) { WEIR_CHECK(false); }).cancel();
      static const Fields kNone;
      one.tier().find_or_lease({"b", hash128("b"), 1_MiB}, kNone, [](TierOrLease) { WEIR_CHECK(false); }).cancel();
    });
    CHECK(eventually([&] { return is<LeaseFree>(one.look("a")) && is<LeaseFree>(one.look("b")); }));
  }
  // A lease that is handed over and dropped on the spot.
  one.on_loop(
      [&] { one.tier().leases().acquire("c", [](LeaseAnswer answer) { WEIR_CHECK(is<RedisLease>(answer)); }).done(); });
  CHECK(eventually([&] { return is<LeaseFree>(other.look("c")); }));
}

TEST_CASE("without Redis nobody waits for anybody", "[redis]") {
  RedisServer server;
  TierNode one(server);
  server.kill();
  CHECK(is<LeaseUnavailable>(one.acquire("key")));
  CHECK(is<LeaseUnavailable>(one.look("key")));
}

}  // namespace
}  // namespace weir::test
