// PostgresListener when things break: nothing is missed, and nothing counts as heard that wasn't.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <random>
#include <thread>

#include "tests/unit/shared/listening.h"

namespace weir {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

TEST_CASE("its backend is killed, again and again, under writes") {
  Database db;
  TestLog log;
  Listening listening(db.url(), log);
  REQUIRE(listening.hears());
  for (int round = 0; round < 5; ++round) {
    const auto losses = listening->counters().losses.read();
    db.add(10 * round);
    cut_connections(db.sql);
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
  cut_connections(db.sql);
  REQUIRE(log.gets("*", 3));
  REQUIRE(listening.hears());
  CHECK(listening->counters().everything.read() == 3);
}

TEST_CASE("a standby isn't followed; once it is the primary, everything is invalid") {
  auto& server = PostgresServer::shared();
  TestLog log;
  std::optional<Database> db(std::in_place);
  const std::string url = db->url();
  Listening listening(url, log);
  REQUIRE(listening.hears());
  db.reset();
  server.stop();
  server.start_as_standby();
  REQUIRE(comes([&] { return listening->state().error.find("read-only") != std::string::npos; }));
  CHECK(log.count("*") == 1);
  Sql sql(url);
  sql("SELECT pg_promote()");
  REQUIRE(log.gets("*", 2));
  REQUIRE(listening.hears());
  sql("INSERT INTO videos VALUES (1)");
  REQUIRE(log.gets("video:1"));
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
  {
    Listening first(db.url(), log);
    REQUIRE(first.hears());
    REQUIRE(db.knows_reader());
  }
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

// Writers whose transactions overlap at random, some of which are rolled back in whole or in part, while connections of
// the listener are cut: what was committed is in the log at the end, what wasn't never came.
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
        const auto pause = [&] {
          return "SELECT pg_sleep(" + std::to_string(static_cast<double>(random() % 8) / 1000) + ");";
        };
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
    cut_connections(killer);
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
