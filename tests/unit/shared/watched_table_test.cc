// TABLE:TAG[,TAG…] as people write it, and as nobody should.
#include "proxy/shared/watched_table.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

using Piece = WatchedTable::Piece;

WatchedTable parsed(std::string_view text) {
  auto table = parse_watched_table(text);
  INFO(text << (table ? "" : ": " + table.error().detail));
  REQUIRE(table);
  return *table;
}

std::string refused(std::string_view text) {
  const auto table = parse_watched_table(text);
  INFO(text);
  REQUIRE_FALSE(table);
  CHECK(table.error().side == Side::config);
  return table.error().detail;
}

TEST_CASE("a table and its tags") {
  const auto table = parsed("videos:video:{id},trending");
  CHECK(table.schema == "public");
  CHECK(table.name == "videos");
  REQUIRE(table.tags.size() == 2);
  CHECK(table.tags[0] == WatchedTable::Tag{Piece{false, "video:"}, Piece{true, "id"}});
  CHECK(table.tags[1] == WatchedTable::Tag{Piece{false, "trending"}});
  CHECK(table.columns() == std::vector<std::string>{"id"});
}

TEST_CASE("names are read as SQL reads them") {
  CHECK(parsed("Shop.Orders:o").schema == "shop");
  CHECK(parsed("Shop.Orders:o").name == "orders");
  CHECK(parsed(R"("Shop"."Order: ""new"", {x}":o)").schema == "Shop");
  CHECK(parsed(R"("Shop"."Order: ""new"", {x}":o)").name == R"(Order: "new", {x})");
  CHECK(parsed("caf\xc3\xa9:t").name == "caf\xc3\xa9");
  CHECK(parsed(R"(t:x:{"a }, ""b"""}-{C_1$})").columns() == std::vector<std::string>{R"(a }, "b")", "c_1$"});
}

TEST_CASE("columns and tags stand once, braces are written twice") {
  CHECK(parsed("t:a,b,a").tags.size() == 2);
  CHECK(parsed("t:{x}{x},y{x}").columns() == std::vector<std::string>{"x"});
  CHECK(parsed("t:a{{b}}{c}").tags[0] == WatchedTable::Tag{Piece{false, "a{b}"}, Piece{true, "c"}});
  CHECK(parsed("t:{{{c}}}").tags[0] == WatchedTable::Tag{Piece{false, "{"}, Piece{true, "c"}, Piece{false, "}"}});
  CHECK(parsed("t:{a}:{b}").tags[0].size() == 3);
}

TEST_CASE("what is wrong, and what would be right") {
  for (const char* text :
       {"",      "videos", "videos:", "videos:a,,b", "videos:a,", ":a",     ".a:b",        "a.:b",    "a.b.c:d",
        "1a:b",  "a b:c",  "\"a:b",   "\"\":b",      "t:{",       "t:{}",   "t:{a",        "t:{a b}", "t:}",
        "t:a}b", "t:a b",  "t:a\tb",  "t:\xc3\xa9",  "t:{\"a}",   "\xff:a", "t:{\"\xff\"}"}) {
    CHECK(refused(text).find("TABLE:TAG") != std::string::npos);
  }
  CHECK(refused("videos").find("names no tags") != std::string::npos);
  CHECK(refused("t:a,").find("an empty tag") != std::string::npos);
  CHECK(refused("t:{a").find("not closed") != std::string::npos);
  CHECK(refused(std::string(64, 'a') + ":t").find("63 bytes") != std::string::npos);
  CHECK(refused("t:" + std::string(257, 'a')).find("256") != std::string::npos);
  CHECK(refused("\x1b[31m").find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace weir
