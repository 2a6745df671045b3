// The SQL as text; that PostgreSQL takes it and does what it says is postgres_outbox_test.cc's.
#include "proxy/shared/postgres_sql.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

std::string sql(const std::vector<std::string>& tables, const OutboxOptions& options = {}) {
  std::vector<WatchedTable> watched;
  for (const auto& table : tables) watched.push_back(parse_watched_table(table).value());
  auto text = outbox_sql(watched, options);
  INFO((text ? "" : text.error().detail));
  REQUIRE(text);
  return *text;
}

std::string refused(const std::vector<std::string>& tables, const OutboxOptions& options = {}) {
  std::vector<WatchedTable> watched;
  for (const auto& table : tables) watched.push_back(parse_watched_table(table).value());
  const auto text = outbox_sql(watched, options);
  REQUIRE_FALSE(text);
  return text.error().detail;
}

bool has(const std::string& text, std::string_view part) {
  INFO(part);
  return text.find(part) != std::string::npos;
}

TEST_CASE("names and texts are quoted whatever they hold") {
  CHECK(sql_identifier("a") == "\"a\"");
  CHECK(sql_identifier("a\"; DROP TABLE x; --") == "\"a\"\"; DROP TABLE x; --\"");
  CHECK(sql_literal("it's") == "'it''s'");
  CHECK(sql_literal("a\\'b") == "E'a\\\\''b'");
}

TEST_CASE("a table's function writes the tags of the old and the new row") {
  const auto text = sql({"videos:video:{id},trending"});
  CHECK(has(text, "ARRAY['video:' || OLD.\"id\"::text, 'trending']::text[]"));
  CHECK(has(text, "ARRAY['video:' || NEW.\"id\"::text, 'trending']::text[]"));
  CHECK(has(text, "CREATE OR REPLACE FUNCTION \"weir\".\"public.videos\"() RETURNS trigger"));
  CHECK(has(text, "-- public.videos makes invalid: video:{id}, trending\n"));
  CHECK(has(text, "PERFORM \"weir\".invalidate(NULL);"));  // truncated: which videos, nobody knows
  CHECK(has(sql({"videos:trending,search"}), "PERFORM \"weir\".invalidate(ARRAY['trending', 'search']::text[]);"));
  CHECK(text.find('@') == std::string::npos);
}

TEST_CASE("it is all or nothing") {
  const auto text = sql({"a:b"});
  CHECK(has(text, "\nBEGIN;\n"));
  CHECK(text.ends_with("\nCOMMIT;\n"));
}

TEST_CASE("options") {
  const auto text = sql({"a:b"}, {"other", "reader", std::chrono::hours(2), false});
  CHECK(has(text, "CREATE SCHEMA IF NOT EXISTS \"other\";"));
  CHECK(has(text, "GRANT SELECT ON \"other\".outbox TO \"reader\";"));
  CHECK(has(text, "interval '7200 seconds'"));
  CHECK(has(text, "(default 2h)"));
  CHECK_FALSE(has(text, "pg_notify"));
  CHECK(has(sql({"a:b"}), "pg_notify('weir', '')"));
  CHECK_FALSE(has(sql({"a:b"}), "GRANT "));
}

TEST_CASE("a body ends only where it ends") {
  const auto text = sql({R"(t:x:{"$weir$ $weir1$"})"});
  CHECK(has(text, "AS $weir2$"));
}

TEST_CASE("comments stay on their line") {
  const auto text = sql({"\"a\nDROP TABLE x;\":t:{\"b\nDROP TABLE y;\"}"});
  CHECK(has(text, "-- public.a\\nDROP TABLE x; makes invalid: t:{b\\nDROP TABLE y;}\n"));
}

TEST_CASE("made names fit, and differ where what they are made of does") {
  const std::string longest(63, 'a');
  const auto first = sql({longest + "." + longest + ":t"});
  const auto second = sql({longest + "." + std::string(62, 'a') + "b:t"});
  const auto name = [](const std::string& text) {
    const auto begin = text.find("RETURNS trigger");
    const auto line = text.rfind("FUNCTION \"weir\".\"", begin) + 17;
    return text.substr(line, text.find("\"()", line) - line);
  };
  CHECK(name(first).size() == 63);
  CHECK(name(second).size() == 63);
  CHECK(name(first) != name(second));
  CHECK(name(sql({R"("a.b".c:t)"})) != name(sql({R"(a."b.c":t)"})));
  CHECK(name(sql({R"("é.é":t)"})).size() <= 63);
}

TEST_CASE("what is refused says what would be right") {
  CHECK(has(refused({}), "TABLE:TAG"));
  CHECK(has(refused({"videos:a", "public.Videos:b"}), "public.videos stands twice"));
  CHECK(has(refused({"a:b"}, {"", ""}), "--schema is empty"));
  CHECK(has(refused({"a:b"}, {"pg_x", ""}), "pg_"));
  CHECK(has(refused({"a:b"}, {std::string(64, 'x'), ""}), "63 bytes"));
  CHECK(has(refused({"a:b"}, {"weir", std::string(64, 'x')}), "--role"));
  CHECK(has(refused({"a:b"}, {"weir", "\xff"}), "UTF-8"));
  CHECK(has(refused({"a:b"}, {"weir", "", std::chrono::seconds(1)}), "--keep"));
}

}  // namespace
}  // namespace weir
