// What tests of PostgresListener stand on: a log that writes down what it gets, a database with an outbox, a quick
// listener on a loop of its own.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "proxy/shared/postgres.h"
#include "proxy/shared/postgres_sql.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"
#include "tests/support/running_loop.h"

namespace weir::test {

using namespace std::chrono_literals;
using Phase = PostgresState::Phase;

inline constexpr auto kPatience = 20s;

// Polls, for what has no event of its own to wait for.
template <class F>
bool comes(F holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

// A log that writes down what it is given, and answers as it is told to.
class TestLog final : public InvalidationLog {
 public:
  enum class Answer : std::uint8_t { yes, no, never };

  void append(std::vector<InvalidationRecord> records, Appending, Callback<void(Result<Appended>)> done) override {
    Answer answer{};
    {
      const std::lock_guard lock(mutex_);
      answer = answer_;
      ++asked_;
      largest_ = std::max(largest_, records.size());
      if (answer == Answer::yes) {
        for (auto& one : records)
          got_.push_back(one.kind == InvalidationRecord::Kind::all ? "*" : std::move(one.value));
        ++position_;
      }
    }
    changed_.notify_all();
    if (answer == Answer::yes) done(Appended{position_, true, {}, {}});
    if (answer == Answer::no) done(Error{Side::redis, Code::unavailable, "sick"});
  }
  const InvalidationRules& rules() const override { return rules_; }
  std::optional<std::uint64_t> mark_at(Position) const override { return std::nullopt; }

  void answer(Answer how) {
    const std::lock_guard lock(mutex_);
    answer_ = how;
  }
  // Waits until `value` has come (as often); false: it didn't.
  bool gets(const std::string& value, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] {
      return static_cast<std::size_t>(std::count(got_.begin(), got_.end(), value)) >= times;
    });
  }
  bool asked(std::size_t times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return asked_ >= times; });
  }
  std::size_t count(const std::string& value) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(got_.begin(), got_.end(), value));
  }
  std::vector<std::string> got() const {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  std::size_t largest() const {
    const std::lock_guard lock(mutex_);
    return largest_;
  }
  std::size_t times_asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Answer answer_ = Answer::yes;
  std::vector<std::string> got_;
  std::size_t asked_ = 0, largest_ = 0;
  Position position_ = 0;
  InvalidationRules rules_;
};

class Database {
 public:
  explicit Database(const OutboxOptions& options = {}) : name(PostgresServer::shared().new_database()), sql(url()) {
    sql("CREATE TABLE videos (id int PRIMARY KEY, title text)");
    const WatchedTable table = parse_watched_table("videos:video:{id},t:{title}").value();
    sql(outbox_sql({&table, 1}, options).value());
  }
  std::string url() const { return PostgresServer::shared().url(name); }
  void add(int id) { sql("INSERT INTO videos VALUES (" + std::to_string(id) + ")"); }

  // Who begins is known once what it may have missed before is dealt with and that is saved. Should it go before, then
  // the next one begins anew: what was committed until then doesn't come by itself, for it is covered by a "*".
  bool knows_reader() {
    return comes([&] { return sql.value("SELECT count(*) FROM weir.readers WHERE history <> ''") == "1"; });
  }

  const std::string name;
  Sql sql;
};

// A listener with all it needs; quick, for tests.
class Listening {
 public:
  using Change = void (*)(PostgresSettings&);
  explicit Listening(
      const std::string& url, TestLog& log, Change change = [](PostgresSettings&) {}) {
    PostgresSettings settings;
    settings.target = parse_postgres_url(url).value();
    settings.mode = PostgresSettings::Mode::one;
    settings.every = 50ms;
    settings.least_pause = 10ms;
    settings.most_pause = 100ms;
    settings.clean_every = 100ms;
    settings.node = "test";
    change(settings);
    loop_.call([&] { listener_ = std::make_unique<PostgresListener>(loop_.loop(), background_, log, settings); });
  }
  ~Listening() {
    background_.stop();  // what it resolves must not come to a loop that is gone
    loop_.call([&] { listener_.reset(); });
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  PostgresListener* operator->() { return listener_.get(); }
  bool enters(Phase phase) {
    return comes([&] { return listener_->state().phase == phase && listener_->state().error.empty(); });
  }
  // All that was committed until now is known to be in the log.
  bool hears() {
    const Time now = MonotonicClock::now();
    return comes([&] { return listener_->heard() >= now; });
  }

 private:
  Background background_{1};
  RunningLoop loop_;
  std::unique_ptr<PostgresListener> listener_;
};

// The tags that came, without what a first start invalidates.
inline std::multiset<std::string> tags(const TestLog& log) {
  std::multiset<std::string> all;
  for (auto& one : log.got()) all.insert(std::move(one));
  all.erase("*");
  return all;
}
using Tags = std::multiset<std::string>;

// Cuts the listener's connections to this database.
inline void cut_connections(Sql& sql) {
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir' AND datname = "
      "current_database()");
}

}  // namespace weir::test
