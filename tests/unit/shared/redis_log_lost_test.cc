// RedisLog where the log is another than it was: records that a failover lost, and others in their place.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "tests/support/redis_impostor.h"
#include "tests/unit/shared/follower.h"

namespace weir {
namespace {

using test::eventually;
using test::Follower;
using test::RedisImpostor;
using test::RedisServer;
using test::tag;
using namespace std::chrono_literals;

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

}  // namespace
}  // namespace weir
