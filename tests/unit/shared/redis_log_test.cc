// RedisLog against a real Redis: the suite of all logs, and what only a shared one has: other nodes, leases, other
// histories, a Redis that is away.
#include "proxy/shared/redis_log.h"

#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "tests/conformance/invalidation_log_suite.h"
#include "tests/support/redis_server.h"
#include "tests/unit/shared/follower.h"

namespace weir {
namespace {

using test::eventually;
using test::Follower;
using test::RedisServer;
using test::tag;
using namespace std::chrono_literals;

class SharedFixture {
 public:
  SharedFixture() : node_(redis_, "a") {
    REQUIRE(eventually([&] { return node_.follows(); }));
  }
  InvalidationLog& log() { return node_.log(); }
  Position append(const std::vector<InvalidationRecord>& records) { return node_.append(records); }

 private:
  RedisServer redis_;
  Follower node_;
};

TEST_CASE("RedisLog keeps the promises of a log") {
  test::invalidation_log_suite([] { return std::make_unique<SharedFixture>(); });
}

TEST_CASE("what one node appends every node applies, at the same position") {
  RedisServer redis;
  Follower a(redis, "a"), b(redis, "b");
  REQUIRE(eventually([&] { return a.follows() && b.follows(); }));
  const Position before = b.rules().head();
  const Position position = a.append({tag("x"), tag("y", true)});
  REQUIRE(eventually([&] { return b.rules().head() >= position; }));
  CHECK(b.rules().head() == position);
  CHECK(b.covers("x", before) == Coverage::hard);
  CHECK(b.covers("y", before) == Coverage::soft);
  CHECK(a.log().mark_at(position) == b.log().mark_at(position));
  CHECK(a.log().mark_at(position));
  CHECK_FALSE(a.log().mark_at(position + 1));
}

TEST_CASE("an acknowledgement of all names them, and comes when they have applied it") {
  RedisServer redis;
  Follower a(redis, "a"), b(redis, "b"), c(redis, "c");
  REQUIRE(eventually([&] { return a.look().nodes.size() == 3 && a.follows() && b.follows() && c.follows(); }));
  for (int i = 0; i < 20; ++i) {
    const auto appended = a.append_to({tag("x")}, {.everywhere = true});
    CHECK(b.rules().head() >= appended.position);
    CHECK(c.rules().head() >= appended.position);
    CHECK(std::set<std::string>(appended.applied.begin(), appended.applied.end()) ==
          std::set<std::string>{"a", "b", "c"});
    CHECK(appended.missing.empty());
  }
}

TEST_CASE("a node that is gone is waited for one lease, and then no more") {
  RedisServer redis;
  constexpr auto kLease = 400ms;
  Follower a(redis, "a", kLease);
  {
    Follower b(redis, "b", kLease);
    REQUIRE(eventually([&] { return a.look().nodes.size() == 2 && a.follows() && b.follows(); }));
  }
  const Time began = MonotonicClock::now();
  const auto first = a.append_to({tag("x")}, {.everywhere = true});
  CHECK(first.missing.empty());
  CHECK(MonotonicClock::now() - began < 10 * kLease);
  const auto impatient = a.append_to({tag("x")}, {.everywhere = true});
  CHECK(impatient.missing.empty());
  CHECK(impatient.applied == std::vector<std::string>{"a"});
}

TEST_CASE("who doesn't hear of the log stops trusting its memory; it catches up") {
  RedisServer redis;
  Follower a(redis, "a", 400ms);
  REQUIRE(eventually([&] { return a.follows(); }));
  const Position before = a.rules().head();
  redis.pause();
  REQUIRE(eventually([&] { return !a.trusted(); }));
  const auto refused = a.try_append({tag("x")});
  CHECK_FALSE(refused.ok());
  redis.resume();
  REQUIRE(eventually([&] { return a.follows(); }));
  CHECK(a.look().lost == 0);
  const Position after = a.append({tag("y")});
  CHECK(after > before);
  CHECK(a.covers("z", before) == Coverage::none);  // nothing was lost: what is kept is good again
}

TEST_CASE("what is insisted on comes into the log when that is back; until then nothing is trusted") {
  RedisServer redis;
  Follower a(redis, "a", 400ms), b(redis, "b", 400ms);
  REQUIRE(eventually([&] { return a.follows() && b.follows(); }));
  const Position before = b.rules().head();
  redis.pause();
  CHECK_FALSE(a.try_append({tag("x")}, {.everywhere = true, .insist = true}).ok());
  CHECK_FALSE(a.trusted());
  redis.resume();
  REQUIRE(eventually([&] { return b.covers("x", before) == Coverage::hard; }));
  REQUIRE(eventually([&] { return a.follows() && a.look().insisting == 0; }));
}

TEST_CASE("a log that is gone makes everything older invalid, on every node") {
  RedisServer redis;
  Follower a(redis, "a", 400ms), b(redis, "b", 400ms);
  REQUIRE(eventually([&] { return a.follows() && b.follows(); }));
  const Position before = a.append({tag("x")});
  REQUIRE(eventually([&] { return b.rules().head() == before; }));
  SECTION("flushed") {
    redis.ask({"FLUSHALL"});
  }
  SECTION("evicted") {
    redis.ask({"DEL", "{test}:log"});
  }
  SECTION("trimmed to nothing") {
    redis.ask({"XTRIM", "{test}:log", "MAXLEN", "0"});
  }
  REQUIRE(
      eventually([&] { return a.covers("z", before) == Coverage::hard && b.covers("z", before) == Coverage::hard; }));
  REQUIRE(eventually([&] { return a.follows() && b.follows(); }));
  // Each of the two finds out for itself, and whoever does first begins the log anew. The other may have sent its
  // report by then or not, read the new beginning before or after; none of it loses the log a second time.
  const auto appended = a.append_to({tag("y")}, {.everywhere = true});
  CHECK(appended.position > before);
  CHECK(b.covers("y", before) == Coverage::hard);
}

TEST_CASE("who comes late knows nothing of what was trimmed") {
  RedisServer redis;
  auto options = Follower::options("a");
  options.keep = 100;
  Follower a(redis.url(), options);
  REQUIRE(eventually([&] { return a.follows(); }));
  const Position early = a.append({tag("early")});
  for (int i = 0; i < 30; ++i) a.append(std::vector<InvalidationRecord>(20, tag("many")));
  options.node = "late";
  Follower late(redis.url(), options);
  REQUIRE(eventually([&] { return late.follows() && late.rules().head() == a.rules().head(); }));
  CHECK(late.covers("never purged", early) == Coverage::hard);
  CHECK(late.covers("never purged", a.rules().head()) == Coverage::none);
  CHECK(a.covers("never purged", early) == Coverage::none);  // it was there
}

TEST_CASE("a kind that a newer weir wrote counts as all") {
  RedisServer redis;
  Follower a(redis, "a");
  REQUIRE(eventually([&] { return a.follows(); }));
  const Position before = a.rules().head();
  const auto mark = a.log().mark_at(before);
  REQUIRE(mark);
  redis.ask({"XADD", "{test}:log", "0-*", "kind", "by-the-moon", "value", "x", "mark", "0000000000000001", "prev",
             mark_text(*mark)});
  REQUIRE(eventually([&] { return a.covers("anything", before) == Coverage::hard; }));
}

TEST_CASE("Redis killed and started again without its data") {
  RedisServer redis;
  Follower a(redis, "a", 400ms);
  REQUIRE(eventually([&] { return a.follows(); }));
  const Position before = a.append({tag("x")});
  redis.kill();
  REQUIRE(eventually([&] { return !a.trusted(); }));
  redis.start();
  REQUIRE(eventually([&] { return a.follows(); }));
  CHECK(a.append({tag("y")}) > before);
  CHECK(a.covers("anything", before) == Coverage::hard);
}

TEST_CASE("a clock that is behind never makes a soft purge younger than its arrival") {
  const auto entry = [](std::string time) {
    RedisReply reply{RedisReply::Kind::array, 0, {}, {}};
    reply.elements.push_back({RedisReply::Kind::string, 0, "0-42", {}});
    RedisReply fields{RedisReply::Kind::array, 0, {}, {}};
    for (const std::string& text : {std::string("kind"), std::string("tag"), std::string("value"), std::string("x"),
                                    std::string("soft"), std::string("1"), std::string("time"), std::move(time)})
      fields.elements.push_back({RedisReply::Kind::string, 0, text, {}});
    reply.elements.push_back(std::move(fields));
    return reply;
  };
  const Time now{1000s};
  CHECK(parse_log_record(entry("99999999999999"), now, 50'000'000)->record->at == now);
  CHECK(parse_log_record(entry("20000000"), now, 50'000'000)->record->at == now - 30s);
  CHECK(parse_log_record(entry("-5"), now, 50'000'000)->record->at == now - 50s);
  CHECK(parse_log_record(entry("rubbish"), now, 50'000'000)->record->at == now - 50s);
  CHECK(parse_log_record(entry("0"), now, 50'000'000)->place.position == 42);
  CHECK_FALSE(parse_log_record(RedisReply{}, now, 0));
}

}  // namespace
}  // namespace weir
