// RedisLog against a real Redis: the suite of all logs, and what only a shared one has: other nodes, leases, other
// histories, a Redis that is away.
#include "proxy/shared/redis_log.h"

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "tests/conformance/invalidation_log_suite.h"
#include "tests/support/redis_impostor.h"
#include "tests/support/redis_server.h"

namespace weir {
namespace {

using test::eventually;
using test::RedisImpostor;
using test::RedisServer;
using test::tag;
using namespace std::chrono_literals;

// One node's log on a thread of its own.
class Follower {
 public:
  static RedisLogOptions options(std::string name, Duration lease = 2s) {
    RedisLogOptions options;
    options.prefix = "test";
    options.node = std::move(name);
    options.about = "127.0.0.1:1";
    options.lease = lease;
    return options;
  }
  Follower(const RedisServer& redis, std::string name, Duration lease = 2s)
      : Follower(redis.url(), options(std::move(name), lease)) {}
  Follower(const std::string& url, RedisLogOptions options) {
    RedisSettings settings = parse_redis_urls(std::vector<std::string>{url}).value();
    settings.connect_timeout = 1s;
    settings.most_queued = 8_MiB;
    settings.largest_reply = 8_MiB;
    log_ = std::make_unique<RedisLog>(loop_, background_, std::make_shared<const RedisSettings>(std::move(settings)),
                                      std::move(options), rules_);
    loop_.post([this] { log_->start(); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Follower() {
    loop_.post([this] {
      log_->stop();
      loop_.stop();
    });
    thread_.join();
    background_.stop();
  }

  InvalidationLog& log() { return *log_; }
  const InvalidationRules& rules() const { return rules_; }
  RedisLog::Look look() const { return log_->look(); }
  bool trusted() const { return rules_.trusted(); }
  bool follows() const { return look().following && trusted(); }

  Result<Appended> try_append(std::vector<InvalidationRecord> records, Appending how = {}) {
    auto promise = std::make_shared<std::promise<Result<Appended>>>();
    auto future = promise->get_future();
    log_->append(std::move(records), how,
                 [promise](Result<Appended> appended) { promise->set_value(std::move(appended)); });
    WEIR_CHECK(future.wait_for(20s) == std::future_status::ready);  // always answered
    return future.get();
  }
  // On a machine that is busy a command may come too late, for it has a quarter of the lease; a node then refuses what
  // it is asked, as it should. Who is sure that the log is there asks again. Not where the log was lost: that is an
  // answer.
  Result<Appended> append_in_time(const std::vector<InvalidationRecord>& records, Appending how = {}) {
    Result<Appended> appended = try_append(records, how);
    const auto late = [&] {
      if (appended) return false;
      const Error& why = appended.error();
      const bool away = why.code == Code::unavailable && why.detail.find("was lost") == why.detail.npos;
      return away || why.code == Code::timeout || why.code == Code::closed;
    };
    eventually([&] {
      if (late()) appended = try_append(records, how);
      return !late();
    });
    return appended;
  }
  Appended append_to(const std::vector<InvalidationRecord>& records, Appending how = {}) {
    Result<Appended> appended = append_in_time(records, how);
    if (!appended) FAIL(appended.error().detail);
    return std::move(*appended);
  }
  Position append(const std::vector<InvalidationRecord>& records) { return append_to(records).position; }

  // While the answer lives this node does nothing at all.
  std::shared_ptr<void> stand_still() {
    auto over = std::make_shared<std::promise<void>>();
    std::promise<void> stands;
    loop_.post([&stands, over = over->get_future().share()] {
      stands.set_value();
      over.wait();
    });
    stands.get_future().wait();
    return {nullptr, [over](void*) { over->set_value(); }};
  }

  Coverage covers(std::string_view tag_name, Position since) const {
    const std::vector<std::string> tags{std::string(tag_name)};
    return rules_.covers(Subject{test::key_of("/v/1"), &tags, since});
  }

 private:
  InvalidationRules rules_;
  Background background_{1};
  Loop loop_;
  std::unique_ptr<RedisLog> log_;
  std::thread thread_;
};

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

// A replica that had the log as it was at copy_of_log() is promoted, and by the time at which anybody sees it `records`
// have been appended there: well chained, under numbers that the lost ones had, and more.
void copy_of_log(const RedisServer& redis) {
  REQUIRE(redis.ask({"COPY", "{test}:log", "{test}:replica"}).integer == 1);
}
void promote(const RedisServer& redis, std::uint64_t last_mark, std::size_t records) {
  constexpr std::string_view kScript = R"lua(
redis.call('RENAME', KEYS[2], KEYS[1])
local prev, id = ARGV[1], ''
for i = 1, tonumber(ARGV[2]) do
  local mark = string.format('f%015x', i)
  id = redis.call('XADD', KEYS[1], '0-*', 'kind', 'tag', 'value', 'new', 'soft', '0', 'time', '0', 'node', 'x',
                  'mark', mark, 'prev', prev)
  prev = mark
end
return id)lua";
  const auto last = redis.ask({"EVAL", std::string(kScript), "2", "{test}:log", "{test}:replica", mark_text(last_mark),
                               std::to_string(records)});
  REQUIRE(last.text.starts_with("0-"));
}

TEST_CASE("another history under the same numbers is noticed") {
  RedisServer redis;
  Follower a(redis, "a");
  REQUIRE(eventually([&] { return a.follows(); }));
  const Position first = a.append({tag("1")});
  const auto mark = a.log().mark_at(first);
  REQUIRE(mark);
  copy_of_log(redis);
  const Position last = a.append({tag("2"), tag("3")});
  const auto lost = last - first;
  REQUIRE(lost >= 2);
  // Fewer and as many: only a report finds it out. More: what is read doesn't follow upon what was.
  const auto instead = GENERATE(-1, 0, 1, 3);
  promote(redis, *mark, lost + static_cast<Position>(instead));
  REQUIRE(eventually([&] { return a.covers("anything", last) == Coverage::hard; }));
  REQUIRE(eventually([&] { return a.follows(); }));
  // No more than the one loss: an append that waited through another one would be refused.
  CHECK(a.append({tag("y")}) > last);
  CHECK(a.look().lost == 1);
}

TEST_CASE("what is lost and one node alone had read is invalid on the others, too") {
  RedisServer redis;
  Follower a(redis, "a"), b(redis, "b");
  REQUIRE(eventually([&] { return a.follows() && b.follows(); }));
  const Position first = a.append({tag("1")});
  REQUIRE(eventually([&] { return b.rules().head() == first; }));
  const auto mark = a.log().mark_at(first);
  REQUIRE(mark);
  copy_of_log(redis);
  {
    const auto still = b.stand_still();
    const Position last = a.append({tag("x")});  // acknowledged, and b hasn't heard of it
    promote(redis, *mark, last - first + static_cast<Position>(GENERATE(0, 1)));
    REQUIRE(eventually([&] { return a.look().lost > 0; }));
  }
  // To b what is in the log follows upon all that it knows.
  CHECK(eventually([&] { return b.covers("x", first) == Coverage::hard; }));
  CHECK(eventually([&] { return a.follows() && b.follows(); }));
}

// As much of a server as a log needs, whose records a test can change between two commands. One thread: the impostor's.
class ScriptedLog {
 public:
  using Words = std::vector<std::string>;
  struct Record {
    std::uint64_t mark, prev;
  };
  std::map<Position, Record> records{{1000, {1, 0}}};
  std::function<void()> on_append = [] {}, on_wait = [] {};  // once it is done, before it is answered; WAIT never is
  Words lost_report;                                         // the last one of a place that isn't there

  std::optional<std::string> answer(const Words& words) {
    if (words[0] == "PING") return "+PONG\r\n";
    if (words[0] == "XREAD") return read(number(words.back().substr(2)));
    if (words[0] == "EVAL" && words[2] == "1") return append(parse_mark(words.back()));
    if (words[0] == "EVAL") return report(words);
    on_wait();
    return "";
  }
  void begin_anew() {
    const Position after = records.rbegin()->first + 1000;
    records = {{after, {after, 0}}};
  }

 private:
  static std::string bulk(const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  }
  static Position number(const std::string& text) { return std::stoull(text); }

  std::string read(Position after) const {
    const auto next = records.upper_bound(after);
    if (next == records.end()) {
      std::this_thread::sleep_for(2ms);  // as if it had blocked
      return "*-1\r\n";
    }
    return "*1\r\n*2\r\n" + bulk("{test}:log") + "*1\r\n*2\r\n" + bulk("0-" + std::to_string(next->first)) + "*6\r\n" +
           bulk("kind") + bulk("tag") + bulk("mark") + bulk(mark_text(next->second.mark)) + bulk("prev") +
           bulk(mark_text(next->second.prev));
  }
  std::string append(std::uint64_t mark) {
    const auto [last, record] = *records.rbegin();
    records[last + 1] = {mark, record.mark};
    on_append();
    return bulk(std::to_string(last + 1));
  }
  std::string report(const Words& words) {
    const Position position = number(words[6]);
    const auto mine = records.find(position);
    std::string status = position == 0 ? "new" : "known";
    if (position > 0 && (mine == records.end() || mark_text(mine->second.mark) != words[7])) {
      status = "lost";
      lost_report = words;
      begin_anew();
    }
    const auto [last, record] = *records.rbegin();
    return "*6\r\n" + bulk(status) + bulk(std::to_string(records.begin()->first)) + bulk(std::to_string(last)) +
           bulk(mark_text(record.mark)) + ":0\r\n*0\r\n";
  }
};

// Nobody will ever see that record applied.
TEST_CASE("who waits for replicas while the log is lost is answered") {
  ScriptedLog log;
  log.on_wait = [&log] { log.begin_anew(); };
  RedisImpostor redis([&log](int, const auto& words) { return log.answer(words); });
  auto options = Follower::options("a");
  options.replicas = 1;
  Follower a(redis.url(), options);
  REQUIRE(eventually([&] { return a.follows(); }));
  CHECK_FALSE(a.append_in_time({tag("x")}).ok());
  CHECK(eventually([&] { return a.follows() && a.look().lost > 0; }));
}

TEST_CASE("what a node appended and doesn't find again it says to all") {
  ScriptedLog log;
  std::atomic<bool> loses = true;
  SECTION("nothing is there") {
    log.on_append = [&] {
      if (loses) log.records.erase(std::prev(log.records.end()));
    };
  }
  SECTION("another record is there") {
    log.on_append = [&] {
      if (loses) log.records.rbegin()->second.mark = 7;
    };
  }
  RedisImpostor redis([&log](int, const auto& words) { return log.answer(words); });
  {
    Follower a(redis.url(), Follower::options("a"));
    REQUIRE(eventually([&] { return a.follows(); }));
    CHECK_FALSE(a.append_in_time({tag("x")}).ok());
    CHECK(a.covers("anything", 1001) == Coverage::hard);
    loses = false;
    CHECK(a.append({tag("y")}) > 1001);
    CHECK(a.look().lost == 1);
  }
  REQUIRE(log.lost_report.size() > 7);
  CHECK(log.lost_report[6] >= "1001");
  CHECK(log.lost_report[7] == mark_text(0));  // whatever stands there by now: it is lost
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
