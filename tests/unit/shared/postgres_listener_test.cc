// PostgresListener on a real PostgreSQL: every commit once it is visible, no rollback, whoever else is busy. What
// breaks is postgres_faults_test.cc's.
#include "tests/unit/shared/listening.h"

namespace weir {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

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
             db.sql.value(
                 "SELECT count(*) FROM weir.outbox, weir.readers WHERE NOT pg_visible_in_snapshot(xid, position)") ==
                 "0";
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
    REQUIRE(db.knows_reader());
  }
  for (int i = 1; i <= 5; ++i) db.add(i);
  Listening listening(db.url(), log);
  for (int i = 1; i <= 5; ++i) REQUIRE(log.gets("video:" + std::to_string(i)));
  CHECK(log.count("*") == 1);
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
  for (const std::string odd :
       {"a'b\"c\\d", "line\nand\ttab\x01", "caf\xc3\xa9 \xf0\x9f\x8e\xac", "${x} {y} %s $1 --"}) {
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

}  // namespace
}  // namespace weir
