// The SQL on a real PostgreSQL: what changes write down, who may read it, what is cleaned away.
#include "proxy/shared/postgres_outbox.h"

#include <algorithm>
#include <set>

#include "proxy/shared/postgres_sql.h"
#include "tests/support/catch.h"
#include "tests/support/postgres_server.h"

namespace weir {
namespace {

using test::PostgresServer;
using test::Sql;
using Tags = std::multiset<std::string>;

std::string made(const std::vector<std::string>& tables, const OutboxOptions& options = {}) {
  std::vector<WatchedTable> watched;
  for (const auto& table : tables) watched.push_back(parse_watched_table(table).value());
  return outbox_sql(watched, options).value();
}

// A database with tables and triggers.
class Database {
 public:
  Database(const std::string& schema, const std::vector<std::string>& tables, const OutboxOptions& options = {})
      : name_(PostgresServer::shared().new_database()), sql(url()), options_(options) {
    sql(schema);
    sql(made(tables, options));
  }

  std::string url() const { return PostgresServer::shared().url(name_); }

  // What was written down since the last time; `all` as "*".
  Tags written() {
    Tags tags;
    const std::string outbox = sql_identifier(options_.schema) + ".outbox";
    for (const auto& row : sql("WITH gone AS (DELETE FROM " + outbox + " RETURNING *) SELECT kind, value FROM gone")) {
      tags.insert(row[0] == "all" ? "*" : *row[1]);
    }
    return tags;
  }

 private:
  std::string name_;

 public:
  Sql sql;

 private:
  OutboxOptions options_;
};

TEST_CASE("each change of a row writes the tags of what it was and what it is") {
  Database db("CREATE TABLE videos (id int PRIMARY KEY, title text)", {"videos:video:{id},trending"});
  db.sql("INSERT INTO videos VALUES (1, 'a'), (2, 'b')");
  CHECK(db.written() == Tags{"trending", "video:1", "video:2"});
  db.sql("UPDATE videos SET title = 'c' WHERE id = 1");
  CHECK(db.written() == Tags{"trending", "video:1"});
  db.sql("UPDATE videos SET id = 3 WHERE id = 1");
  CHECK(db.written() == Tags{"trending", "video:1", "video:3"});
  db.sql("DELETE FROM videos WHERE id = 2");
  CHECK(db.written() == Tags{"trending", "video:2"});
  db.sql("INSERT INTO videos VALUES (3, 'x') ON CONFLICT (id) DO UPDATE SET title = 'x'");
  CHECK(db.written() == Tags{"trending", "video:3"});
}

TEST_CASE("what changes nothing writes nothing") {
  Database db(
      "CREATE TABLE videos (id int PRIMARY KEY, title text, more json); INSERT INTO videos VALUES (1, 'a', '{}')",
      {"videos:video:{id}"});
  db.sql("UPDATE videos SET title = title");
  db.sql("UPDATE videos SET title = 'b' WHERE id = 7");
  db.sql("BEGIN; UPDATE videos SET title = 'b'; ROLLBACK");
  db.sql("BEGIN; SAVEPOINT s; UPDATE videos SET title = 'b'; ROLLBACK TO s; COMMIT");
  CHECK(db.written().empty());
  db.sql("BEGIN; SAVEPOINT s; UPDATE videos SET title = 'b'; ROLLBACK TO s; UPDATE videos SET title = 'c'; COMMIT");
  CHECK(db.written() == Tags{"video:1"});
}

TEST_CASE("a tag stands once a transaction") {
  Database db("CREATE TABLE videos (id int, n int)", {"videos:video:{id},trending"});
  db.sql("BEGIN; INSERT INTO videos SELECT n % 3, n FROM generate_series(1, 100) n; UPDATE videos SET n = 0; COMMIT");
  CHECK(db.written() == Tags{"trending", "video:0", "video:1", "video:2"});
}

TEST_CASE("a truncated table: what can be named is, else everything is invalid") {
  Database db("CREATE TABLE a (id int); CREATE TABLE b (id int)", {"a:a:{id},as", "b:bs,cs"});
  db.sql("TRUNCATE b");
  CHECK(db.written() == Tags{"bs", "cs"});
  db.sql("TRUNCATE a");
  CHECK(db.written() == Tags{"*"});
  db.sql("BEGIN; TRUNCATE a; ROLLBACK");
  CHECK(db.written().empty());
}

TEST_CASE("values of any kind; null means no tag, and so does one longer than a URL") {
  Database db("CREATE TABLE t (a text, b text)", {"t:x:{a},{b}"});
  const std::string odd = "q'\"\\\n\t{}, \xc3\xa9 $weir$ :x";
  db.sql("INSERT INTO t VALUES (" + sql_literal(odd) + ", NULL)");
  CHECK(db.written() == Tags{"x:" + odd});
  db.sql("INSERT INTO t VALUES (NULL, NULL), ('', '')");
  CHECK(db.written() == Tags{"x:"});
  db.sql("UPDATE t SET b = 'now' WHERE a = ''");
  CHECK(db.written() == Tags{"now", "x:"});
  db.sql("INSERT INTO t SELECT repeat('y', 49150), repeat('z', 49153)");
  CHECK(db.written() == Tags{"x:" + std::string(49150, 'y')});
  db.sql("INSERT INTO t SELECT repeat('y', 5000) || n, NULL FROM generate_series(1, 3) n");  // alike for longer than an
                                                                                             // index
  CHECK(db.written().size() == 3);
}

TEST_CASE("names of any kind") {
  const std::string odd = "o'd\"d; DROP TABLE x; --\n$weir$ \xc3\xa9 {}@schema@";
  OutboxOptions options;
  options.schema = "We\"ir $x$@'";
  options.role = "Read\"er'\\";
  const std::string table = sql_identifier("S\"chema") + "." + sql_identifier(odd);
  Database db("CREATE ROLE " + sql_identifier(options.role) + "; CREATE SCHEMA \"S\"\"chema\"; CREATE TABLE " + table +
                  " (" + sql_identifier(odd) + " text, \"C\" int)",
              {table + ":a:{" + sql_identifier(odd) + "}:{\"C\"},it's"}, options);
  db.sql("INSERT INTO " + table + " VALUES ('v', 1)");
  CHECK(db.written() == Tags{"a:v:1", "it's"});
  db.sql("DROP OWNED BY " + sql_identifier(options.role) + "; DROP ROLE " + sql_identifier(options.role));
}

TEST_CASE("it may be run again: with other tags, too") {
  Database db("CREATE TABLE videos (id int)", {"videos:video:{id}"});
  db.sql("INSERT INTO videos VALUES (1)");
  db.sql(made({"videos:v:{id},all-videos"}));
  CHECK(db.written() == Tags{"video:1"});
  db.sql("UPDATE videos SET id = 2");
  CHECK(db.written() == Tags{"all-videos", "v:1", "v:2"});
  CHECK(db.sql.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'videos'::regclass") == "3");
  db.sql("DROP SCHEMA weir CASCADE; UPDATE videos SET id = 3");
}

TEST_CASE("an unknown table or column leaves nothing behind") {
  Database db("CREATE TABLE videos (id int)", {"videos:video:{id}"});
  CHECK(db.sql.error(made({"nothing:a"})).find("does not exist") != std::string::npos);
  db.sql("ROLLBACK");
  CHECK(db.sql.error(made({"videos:{ID},{title}"}, {"other"})).find("\"title\" does not exist") != std::string::npos);
  db.sql("ROLLBACK");
  CHECK(db.sql.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'other'") == "0");
}

TEST_CASE("the application never fails for a column that went: everything is invalid instead") {
  Database db("CREATE TABLE videos (id int, title text)", {"videos:video:{id}"});
  db.sql("INSERT INTO videos VALUES (1, 'a')");
  db.written();
  db.sql("ALTER TABLE videos RENAME COLUMN id TO number");
  db.sql("INSERT INTO videos VALUES (2, 'b'), (3, 'c')");
  CHECK(db.written() == Tags{"*"});
  db.sql("ALTER TABLE videos RENAME COLUMN number TO id; UPDATE videos SET title = 'd' WHERE id = 2");
  CHECK(db.written() == Tags{"video:2"});
}

TEST_CASE("partitions, cascades, replicated changes and prepared transactions count") {
  Database db(
      "CREATE TABLE videos (id int PRIMARY KEY); CREATE TABLE comments (id int, video int REFERENCES videos ON DELETE "
      "CASCADE) PARTITION BY RANGE (id); CREATE TABLE few PARTITION OF comments FOR VALUES FROM (0) TO (10); "
      "INSERT INTO videos VALUES (1); INSERT INTO comments VALUES (1, 1), (2, 1)",
      {"comments:comments:{video}"}, {"weir", "", std::chrono::hours(24), false});
  db.sql("DELETE FROM videos");
  CHECK(db.written() == Tags{"comments:1"});
  db.sql("INSERT INTO few VALUES (3, NULL); INSERT INTO videos VALUES (2)");
  db.sql("INSERT INTO few VALUES (3, 2)");
  CHECK(db.written() == Tags{"comments:2"});
  db.sql(
      "SET session_replication_role = replica; UPDATE comments SET id = 4 WHERE video = 2; RESET "
      "session_replication_role");
  CHECK(db.written() == Tags{"comments:2"});
  // A transaction in two phases can't notify anybody: --no-notify is for those who have such.
  db.sql("BEGIN; UPDATE comments SET id = 5 WHERE video = 2; PREPARE TRANSACTION 'p'");
  CHECK(db.written().empty());
  db.sql("COMMIT PREPARED 'p'");
  CHECK(db.written() == Tags{"comments:2"});
}

TEST_CASE("a role that only writes needs no right on the outbox; one that reads can't write in it") {
  OutboxOptions options;
  options.role = "listener1";
  Database db(
      "CREATE ROLE writer1 LOGIN; CREATE ROLE listener1 LOGIN; CREATE TABLE videos (id int); GRANT ALL ON videos TO "
      "writer1",
      {"videos:video:{id}"}, options);
  db.sql("SET ROLE writer1; INSERT INTO videos VALUES (1)");
  CHECK(db.sql.error("SELECT * FROM weir.outbox").find("permission denied") != std::string::npos);
  CHECK(db.sql.error("SELECT weir.invalidate('{a}')").find("permission denied") != std::string::npos);
  db.sql("RESET ROLE; SET ROLE listener1");
  CHECK(db.sql.value("SELECT value FROM weir.outbox") == "video:1");
  CHECK(
      db.sql.error("INSERT INTO weir.outbox (digest, kind, value) VALUES ('', 'all', '')").find("permission denied") !=
      std::string::npos);
  CHECK(db.sql.error("SELECT weir.invalidate('{a}')").find("permission denied") != std::string::npos);
  CHECK_FALSE(db.sql.value("SELECT weir.history()").empty());
  CHECK(db.sql.value("SELECT weir.clean(10)") == "1");
  db.sql("RESET ROLE; DROP OWNED BY writer1, listener1; DROP ROLE writer1, listener1");
}

TEST_CASE("nothing is cleaned away that somebody still needs, unless they are away for too long") {
  Database db("CREATE TABLE videos (id int)", {"videos:video:{id}"});
  const Outbox outbox("weir");
  const auto join = [&](const std::string& name) {
    db.sql("INSERT INTO weir.readers (name, position, history) VALUES ('" + name +
           "', pg_current_snapshot(), weir.history())");
  };
  const auto left = [&] {
    db.sql("SELECT weir.clean(100)");
    return db.sql.value("SELECT count(*) FROM weir.outbox");
  };
  join("slow");
  db.sql("INSERT INTO videos VALUES (1)");
  join("fast");
  CHECK(left() == "1");  // slow has not seen it
  Sql other(db.url());
  other("BEGIN; INSERT INTO videos VALUES (2)");
  db.sql("INSERT INTO videos VALUES (3)");
  db.sql("UPDATE weir.readers SET position = pg_current_snapshot()");
  other("COMMIT");
  CHECK(left() == "2");  // 1 is done; 2 was open then, and 3 came after it
  db.sql("UPDATE weir.readers SET position = pg_current_snapshot() WHERE name = 'fast'");
  CHECK(left() == "2");
  db.sql("UPDATE weir.readers SET seen = now() - interval '25 hours' WHERE name = 'slow'");
  CHECK(left() == "0");
  CHECK(db.sql.value("SELECT string_agg(name, ',') FROM weir.readers") == "fast");
  db.sql("UPDATE weir.readers SET seen = now() - interval '2 minutes', keeps = '1 minute'");
  CHECK(left() == "0");
  CHECK(db.sql.value("SELECT count(*) FROM weir.readers") == "0");
}

TEST_CASE("cleaning goes by as many rows as it is told") {
  Database db("CREATE TABLE videos (id int); ", {"videos:video:{id}"});
  db.sql("INSERT INTO videos SELECT generate_series(1, 25)");
  CHECK(db.sql.value("SELECT weir.clean(10)") == "10");
  CHECK(db.sql.value("SELECT weir.clean(10)") == "10");
  CHECK(db.sql.value("SELECT weir.clean(10)") == "5");
}

TEST_CASE("tags become records, also in the form in which a path has them") {
  const auto values = [](std::string_view tag) {
    std::vector<InvalidationRecord> records;
    add_tag_records(records, tag);
    Tags tags;
    for (const auto& record : records) {
      CHECK(record.kind == InvalidationRecord::Kind::tag);
      CHECK_FALSE(record.soft);
      tags.insert(record.value);
    }
    return tags;
  };
  CHECK(values("video:42") == Tags{"video:42"});
  CHECK(values("a b\n%") == Tags{"a b\n%", "a%20b%0A%25"});
  CHECK(values("caf\xc3\xa9") == Tags{"caf\xc3\xa9", "caf%C3%A9"});
  CHECK(values("a/b") == Tags{"a/b", "a%2Fb"});
  CHECK(values("\xc3\xa9/b") == Tags{"\xc3\xa9/b", "%C3%A9%2Fb", "%C3%A9/b"});
}

}  // namespace
}  // namespace weir
