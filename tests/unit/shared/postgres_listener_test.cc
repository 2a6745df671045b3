// PostgresListener on a real PostgreSQL: every commit once it is visible, no rollback, nothing missed whatever breaks.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <set>

#include "proxy/shared/postgres.h"
#include "proxy/shared/postgres_sql.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"
#include "tests/support/running_loop.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using test::PostgresServer;
using test::RunningLoop;
using test::Sql;
using Phase = PostgresState::Phase;
using Kind = InvalidationRecord::Kind;

constexpr auto kPatience = 20s;

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

  void append(std::vector<InvalidationRecord> records, Callback<void(Result<Position>)> done) override {
    Answer answer{};
    {
      const std::lock_guard lock(mutex_);
      answer = answer_;
      ++asked_;
      largest_ = std::max(largest_, records.size());
      if (answer == Answer::yes) {
        for (auto& one : records) got_.push_back(one.kind == Kind::all ? "*" : std::move(one.value));
        ++position_;
      }
    }
    changed_.notify_all();
    if (answer == Answer::yes) done(position_);
    if (answer == Answer::no) done(Error{Side::redis, Code::unavailable, "sick"});
  }
  const InvalidationRules& rules() const override { return rules_; }

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
  explicit Database(const OutboxOptions& options = {})
      : name(PostgresServer::shared().new_database()), sql(url()) {
    sql("CREATE TABLE videos (id int PRIMARY KEY, title text)");
    const WatchedTable table = parse_watched_table("videos:video:{id},t:{title}").value();
    sql(outbox_sql({&table, 1}, options).value());
  }
  std::string url() const { return PostgresServer::shared().url(name); }
  void add(int id) { sql("INSERT INTO videos VALUES (" + std::to_string(id) + ")"); }

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
std::multiset<std::string> tags(const TestLog& log) {
  std::multiset<std::string> all;
  for (auto& one : log.got()) all.insert(std::move(one));
  all.erase("*");
  return all;
}
using Tags = std::multiset<std::string>;

TEST_CASE("a commit is heard of, a rollback is not") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  CHECK(log.got() == std::vector<std::string>{"*"});  // what was before is not known
  db.sql("INSERT INTO videos VALUES (1, 'a')");
  REQUIRE(log.gets("video:1"));
  db.sql("BEGIN; UPDATE videos SET title = 'never'; ROLLBACK");
  db.sql("UPDATE videos SET title = 'b'");
  REQUIRE(log.gets("t:b"));
  db.sql("DELETE FROM videos");
  REQUIRE(log.gets("t:b", 2));
  db.sql("TRUNCATE videos");
  REQUIRE(log.gets("*", 2));
  REQUIRE(listening.hears());
  CHECK(tags(log) == Tags{"t:a", "t:a", "t:b", "t:b", "video:1", "video:1", "video:1"});
  CHECK(listening->state().well());
  CHECK(listening->state().phase == Phase::following);
  CHECK(listening->counters().rows.read() == 8);
  CHECK(listening->counters().everything.read() == 1);
  CHECK(listening->counters().notifications.read() > 0);
}

TEST_CASE("being notified, it doesn't wait for its next look; not being notified, it looks") {
  OutboxOptions options;
  options.notify = GENERATE(true, false);
  CAPTURE(options.notify);
  Database db(options);
  TestLog log;
  Listening listening(db.url(), log, [](PostgresSettings& settings) { settings.every = 500ms; });
  REQUIRE(listening.hears());
  std::vector<Duration> waits;
  for (int i = 1; i <= 3; ++i) {
    const Time begin = MonotonicClock::now();
    db.add(i);
    REQUIRE(log.gets("video:" + std::to_string(i)));
    waits.push_back(MonotonicClock::now() - begin);
  }
  if (options.notify) CHECK(*std::min_element(waits.begin(), waits.end()) < 250ms);
  if (!options.notify) CHECK(listening->counters().notifications.read() == 0);
}

TEST_CASE("transactions that commit out of the order of their ids") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  Sql first(db.url());
  Sql second(db.url());
  first("BEGIN; INSERT INTO videos VALUES (1)");
  second("BEGIN; INSERT INTO videos VALUES (2)");
  second("COMMIT");
  REQUIRE(log.gets("video:2"));
  REQUIRE(listening.hears());  // its position is past the id of the first
  first("COMMIT");
  REQUIRE(log.gets("video:1"));
  REQUIRE(listening.hears());
  CHECK(tags(log) == Tags{"video:1", "video:2"});
}

TEST_CASE("a long transaction delays nobody, and is not forgotten across a restart of weir") {
  Database db;
  TestLog log;
  Sql longest(db.url());
  {
    Listening listening(db.url(), log);
    REQUIRE(listening.hears());
    longest("BEGIN; INSERT INTO videos VALUES (0)");
    for (int i = 1; i <= 20; ++i) {
      db.add(i);
      REQUIRE(log.gets("video:" + std::to_string(i)));
    }
    REQUIRE(comes([&] {  // saved, with the open one in it
      return db.sql.value("SELECT count(*) FROM weir.readers, pg_snapshot_xip(position)") == "1" &&
             db.sql.value("SELECT count(*) FROM weir.outbox, weir.readers WHERE NOT pg_visible_in_snapshot(xid, position)") == "0";
    }));
  }
  longest("COMMIT");
  db.add(21);
  Listening listening(db.url(), log);
  REQUIRE(log.gets("video:0"));
  REQUIRE(log.gets("video:21"));
  REQUIRE(listening.hears());
  CHECK(tags(log).size() == 22);  // each once
  CHECK(log.count("*") == 1);
}

TEST_CASE("what is committed while weir is away is applied when it comes back") {
  Database db;
  TestLog log;
  {
    Listening listening(db.url(), log);
    REQUIRE(listening.hears());
  }
  for (int i = 1; i <= 5; ++i) db.add(i);
  Listening listening(db.url(), log);
  for (int i = 1; i <= 5; ++i) REQUIRE(log.gets("video:" + std::to_string(i)));
  CHECK(log.count("*") == 1);
}

TEST_CASE("its backend is killed, again and again, under writes") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  for (int round = 0; round < 5; ++round) {
    const auto losses = listening->counters().losses.read();
    db.add(10 * round);
    db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database()");
    for (int i = 1; i < 10; ++i) db.add(10 * round + i);
    REQUIRE(comes([&] { return listening->counters().losses.read() > losses; }));
    REQUIRE(listening.hears());
  }
  for (int i = 0; i < 50; ++i) CHECK(log.count("video:" + std::to_string(i)) >= 1);
  CHECK(log.count("*") == 1);
}

TEST_CASE("the server stops and comes back, after a crash as well") {
  const auto how = GENERATE(PostgresServer::Stop::fast, PostgresServer::Stop::at_once);
  auto& server = PostgresServer::shared();
  TestLog log;
  std::optional<Database> db(std::in_place);
  const std::string url = db->url();
  Listening listening(url, log);
  REQUIRE(listening.hears());
  db->add(1);
  REQUIRE(log.gets("video:1"));
  server.stop(how);
  REQUIRE(comes([&] { return listening->state().phase == Phase::resting && !listening->state().error.empty(); }));
  CHECK_FALSE(listening->state().well());
  const Time deaf = listening->heard();
  server.start();
  Sql sql(url);
  sql("INSERT INTO videos VALUES (2)");
  REQUIRE(log.gets("video:2"));
  REQUIRE(listening.hears());
  CHECK(listening->heard() > deaf);
  CHECK(listening->state().well());
  CHECK(log.count("*") == 1);
}

TEST_CASE("the log fails: what it didn't acknowledge is given to it again, and nothing counts as heard") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log, [](PostgresSettings& settings) { settings.append_timeout = 300ms; });
  REQUIRE(listening.hears());
  const auto how = GENERATE(TestLog::Answer::no, TestLog::Answer::never);
  log.answer(how);
  const std::size_t asked = log.times_asked();
  db.add(1);
  REQUIRE(log.asked(asked + 3));
  REQUIRE(comes([&] { return listening->state().error.find("invalidation log") != std::string::npos; }));
  const Time deaf = listening->heard();
  REQUIRE(log.asked(log.times_asked() + 3));
  CHECK(listening->heard() == deaf);
  log.answer(TestLog::Answer::yes);
  REQUIRE(log.gets("video:1"));
  REQUIRE(listening.hears());
  CHECK(log.count("*") == 1);
  CHECK(listening->counters().append_failures.read() >= 2);
}

TEST_CASE("of two listeners one applies, and the other takes over") {
  Database db;
  TestLog log;
  std::optional<Listening> first(std::in_place, db.url(), log);
  REQUIRE(first->hears());
  std::optional<Listening> second(std::in_place, db.url(), log);
  REQUIRE(second->enters(Phase::waiting));
  for (int i = 0; i < 20; ++i) db.add(i);
  REQUIRE(second->hears());  // it knows that the other has applied them
  CHECK(tags(log).size() == 20);
  CHECK((*second)->counters().rows.read() == 0);
  first.reset();
  db.add(20);
  REQUIRE(second->enters(Phase::following));
  REQUIRE(log.gets("video:20"));
  REQUIRE(second->hears());
  for (int i = 0; i <= 20; ++i) CHECK(log.count("video:" + std::to_string(i)) >= 1);
  CHECK(log.count("*") == 1);
}

TEST_CASE("a listener whose log is sick leaves the lock to another") {
  Database db;
  TestLog sick;
  TestLog sound;
  const auto change = [](PostgresSettings& settings) {
    settings.append_timeout = 200ms;
    settings.least_pause = settings.most_pause = 1s;
  };
  Listening first(db.url(), sick, change);
  REQUIRE(first.hears());
  Listening second(db.url(), sound, change);
  REQUIRE(second.enters(Phase::waiting));
  sick.answer(TestLog::Answer::no);
  db.add(1);
  REQUIRE(sound.gets("video:1"));
  REQUIRE(first.hears());  // waiting now, it sees that it is applied
  CHECK(sick.count("video:1") == 0);
}

TEST_CASE("a waiting listener hears nothing of what isn't applied") {
  Database db;
  TestLog log;
  const auto change = [](PostgresSettings& settings) { settings.append_timeout = 1h; };
  Listening first(db.url(), log, change);
  REQUIRE(first.hears());
  Listening second(db.url(), log, change);
  REQUIRE(second.hears());
  log.answer(TestLog::Answer::never);
  const std::size_t asked = log.times_asked();
  db.add(1);
  const Time committed = MonotonicClock::now();
  REQUIRE(log.asked(asked + 1));
  const auto looks = second->counters().looks.read();
  REQUIRE(comes([&] { return second->counters().looks.read() >= looks + 5; }));
  CHECK(second->heard() < committed);
}

TEST_CASE("in mode all each applies to its own log, and keeps a position of its own") {
  Database db;
  TestLog first_log;
  TestLog second_log;
  Listening first(db.url(), first_log, [](PostgresSettings& settings) {
    settings.mode = PostgresSettings::Mode::all;
    settings.node = "a";
  });
  Listening second(db.url(), second_log, [](PostgresSettings& settings) {
    settings.mode = PostgresSettings::Mode::all;
    settings.node.clear();
  });
  REQUIRE(first.hears());
  REQUIRE(second.hears());
  db.add(1);
  REQUIRE(first_log.gets("video:1"));
  REQUIRE(second_log.gets("video:1"));
  CHECK(db.sql.value("SELECT count(*) FROM weir.readers WHERE name = 'weir/a' AND keeps = '10 minutes'") == "1");
  CHECK(db.sql.value("SELECT count(*) FROM weir.readers WHERE name LIKE 'weir/%'") == "2");
}

TEST_CASE("ten thousand rows of one transaction come in pages") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log, [](PostgresSettings& settings) {
    settings.page = 500;
    settings.clean_every = 1h;
  });
  REQUIRE(listening.hears());
  Sql open(db.url());
  open("BEGIN; INSERT INTO videos VALUES (0)");
  db.sql("INSERT INTO videos SELECT generate_series(1, 10000)");
  open("COMMIT");
  REQUIRE(log.gets("video:0"));
  REQUIRE(listening.hears());
  const auto got = tags(log);
  CHECK(got.size() == 10001);
  CHECK(Tags(got).size() == std::set<std::string>(got.begin(), got.end()).size());
  CHECK(log.largest() <= 500);
  CHECK(log.times_asked() >= 21);
}

TEST_CASE("the same out of a transaction that was open at the position") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log, [](PostgresSettings& settings) { settings.page = 100; });
  REQUIRE(listening.hears());
  Sql open(db.url());
  open("BEGIN; INSERT INTO videos SELECT generate_series(1, 1000)");
  db.add(2000);
  REQUIRE(log.gets("video:2000"));
  REQUIRE(listening.hears());
  db.add(2001);
  open("COMMIT");
  REQUIRE(listening.hears());
  const auto got = tags(log);
  CHECK(got.size() == 1002);
  CHECK(std::set<std::string>(got.begin(), got.end()).size() == 1002);
}

TEST_CASE("values of any kind arrive as they are") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  for (const std::string odd : {"a'b\"c\\d", "line\nand\ttab\x01", "caf\xc3\xa9 \xf0\x9f\x8e\xac", "${x} {y} %s $1 --"}) {
    db.sql("INSERT INTO videos SELECT coalesce(max(id), 0) + 1, " + sql_literal(odd) + " FROM videos");
    CHECK(log.gets("t:" + odd));
  }
}

TEST_CASE("what is read by all is cleaned away") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  db.sql("INSERT INTO videos SELECT generate_series(1, 2000)");
  REQUIRE(log.gets("video:2000"));
  REQUIRE(comes([&] { return db.sql.value("SELECT count(*) FROM weir.outbox") == "0"; }));
  REQUIRE(comes([&] { return listening->counters().cleaned.read() == 2000; }));
}

TEST_CASE("a position that was given up, or is of another history, means that everything is invalid") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  db.sql("DELETE FROM weir.readers");
  db.add(1);
  REQUIRE(log.gets("*", 2));
  REQUIRE(listening.hears());
  db.sql("UPDATE weir.readers SET history = 'another'");
  db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database()");
  REQUIRE(log.gets("*", 3));
  REQUIRE(listening.hears());
  CHECK(listening->counters().everything.read() == 3);
}

TEST_CASE("it joins before the outbox is there, and says what is missing") {
  const std::string name = PostgresServer::shared().new_database();
  const std::string url = PostgresServer::shared().url(name);
  TestLog log;
  Listening listening(url, log);
  REQUIRE(comes([&] { return listening->state().error.find("weir postgres-sql") != std::string::npos; }));
  CHECK(listening->heard() == Time{});
  Sql sql(url);
  sql("CREATE TABLE videos (id int)");
  const WatchedTable table = parse_watched_table("videos:video:{id}").value();
  sql(outbox_sql({&table, 1}, {}).value());
  REQUIRE(listening.hears());
  sql("INSERT INTO videos VALUES (1)");
  REQUIRE(log.gets("video:1"));
}

TEST_CASE("a role with no other rights follows, by a host's name, with a password that nobody sees") {
  auto& server = PostgresServer::shared();
  OutboxOptions options;
  options.role = "follower";
  Sql(server.url("postgres"))("CREATE ROLE follower LOGIN PASSWORD " + sql_literal(PostgresServer::plain_password()));
  {
    Database db(options);
    TestLog log;
    {
      Listening listening(server.tcp_url(db.name, "follower", "localhost"), log);
      REQUIRE(listening.hears());
      db.add(1);
      REQUIRE(log.gets("video:1"));
    }
    Sql(server.url("postgres"))("ALTER ROLE follower PASSWORD 'another'");
    Listening refused(server.tcp_url(db.name, "follower"), log);
    REQUIRE(comes([&] { return refused->state().error.find("password authentication failed") != std::string::npos; }));
    CHECK(refused->state().error.find(PostgresServer::plain_password()) == std::string::npos);
    CHECK(refused->state().error.find(PostgresServer::password()) == std::string::npos);
    db.sql("DROP OWNED BY follower");
  }
  Sql(server.url("postgres"))("DROP ROLE follower");
}

TEST_CASE("of several hosts the first that takes writes is followed") {
  auto& server = PostgresServer::shared();
  Database db;
  const std::string url = server.tcp_url(db.name, "owner");
  const auto at = url.find("127.0.0.1");
  TestLog log;
  Listening listening(url.substr(0, at) + "127.0.0.1:1,no-such-host.invalid:5432," + url.substr(at), log);
  REQUIRE(listening.hears());
  db.add(1);
  REQUIRE(log.gets("video:1"));
}

// Takes connections and says nothing.
class Silent {
 public:
  Silent() {
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address_), sizeof address_) == 0);
    socklen_t length = sizeof address_;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &length);
    ::listen(fd_, 8);
  }
  ~Silent() { ::close(fd_); }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  std::string url() const { return "postgres://u:p@127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/d"; }

 private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address_ = [] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }();
};

TEST_CASE("a server that says nothing is given up, and so is one that falls silent") {
  TestLog log;
  Silent silent;
  Listening never(silent.url(), log, [](PostgresSettings& settings) { settings.connect_timeout = 50ms; });
  REQUIRE(comes([&] { return never->counters().losses.read() >= 2; }));
  CHECK(never->state().error.find("no connection in time") != std::string::npos);

  Database db;
  Listening listening(db.url(), log, [](PostgresSettings& settings) { settings.answer_timeout = 200ms; });
  REQUIRE(listening.hears());
  Sql other(db.url());
  other("BEGIN; LOCK TABLE weir.outbox IN ACCESS EXCLUSIVE MODE");  // its next look gets no answer
  REQUIRE(comes([&] { return listening->counters().losses.read() >= 1; }));
  const Time deaf = listening->heard();
  other("INSERT INTO videos VALUES (1); COMMIT");
  REQUIRE(log.gets("video:1"));
  REQUIRE(listening.hears());
  CHECK(listening->heard() > deaf);
}

TEST_CASE("it may go at any moment") {
  Database db;
  TestLog log;
  REQUIRE(Listening(db.url(), log).hears());
  for (int i = 0; i < 20; ++i) {
    if (i % 4 == 3) log.answer(TestLog::Answer::never);
    Listening listening(db.url(), log);
    if (i % 2 == 1) db.add(i);
    if (i % 5 == 4) comes([&] { return listening->state().phase != Phase::resting; });
    log.answer(TestLog::Answer::yes);
  }
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  for (int i = 1; i < 20; i += 2) CHECK(log.gets("video:" + std::to_string(i)));
}

// Writers whose transactions overlap at random, some of which are rolled back in whole or in part, while connections of the
// listener are cut: what was committed is in the log at the end, what wasn't never came.
TEST_CASE("many writers, cut connections: exactly the commits") {
  constexpr int kWriters = 4;
  constexpr int kEach = 60;
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  std::mutex mutex;
  std::set<std::string> committed;
  std::set<std::string> undone;
  std::vector<std::unique_ptr<Sql>> connections;
  for (int w = 0; w < kWriters; ++w) connections.push_back(std::make_unique<Sql>(db.url()));
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      std::minstd_rand random(static_cast<unsigned>(w + 1));
      for (int i = 0; i < kEach; ++i) {
        const int id = (w * kEach + i) * 2;
        const std::string kept = std::to_string(id);
        const std::string dropped = std::to_string(id + 1);
        const bool commit = random() % 3 != 0;
        const auto pause = [&] { return "SELECT pg_sleep(" + std::to_string(static_cast<double>(random() % 8) / 1000) + ");"; };
        const std::string sql = "BEGIN; INSERT INTO videos VALUES (" + kept + ");" + pause() +
                                "SAVEPOINT s; INSERT INTO videos VALUES (" + dropped + "); ROLLBACK TO s;" + pause() +
                                (commit ? "COMMIT" : "ROLLBACK");
        (*connections[static_cast<std::size_t>(w)])(sql);
        const std::lock_guard lock(mutex);
        (commit ? committed : undone).insert("video:" + kept);
        undone.insert("video:" + dropped);
      }
    });
  }
  Sql killer(db.url());
  for (int i = 0; i < 10; ++i) {
    const auto losses = listening->counters().losses.read();
    killer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'weir' AND datname = current_database()");
    comes([&] { return listening->counters().losses.read() > losses && listening->state().well(); });
  }
  for (auto& writer : writers) writer.join();
  REQUIRE(listening.hears());
  const auto got = tags(log);
  std::vector<std::string> missed;
  for (const auto& tag : committed) {
    if (!got.contains(tag)) missed.push_back(tag);
  }
  for (const auto& tag : undone) {
    if (got.contains(tag)) missed.push_back("not " + tag);
  }
  CHECK(missed == std::vector<std::string>{});
  CHECK(committed.size() + undone.size() == kWriters * kEach * 2);
  CHECK(log.count("*") == 1);
}

}  // namespace
}  // namespace weir
