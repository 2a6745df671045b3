// Ranges by RFC 9110 §14, the bounds of hostile.md 31, and If-Range.
#include "proxy/http/range.h"

#include <set>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/h1_parse.h"
#include "tests/support/mutate.h"

using namespace weir;
using weir::test::literal_fields;

namespace {

std::string said(std::string_view header, std::uint64_t length) {
  const auto ranges = resolve_range(header, length);
  if (std::holds_alternative<WholeBody>(ranges)) return "whole";
  if (std::holds_alternative<Unsatisfiable>(ranges)) return "416";
  std::string text;
  for (const ByteRange& range : std::get<ByteRanges>(ranges)) {
    text += (text.empty() ? "" : ",") + std::to_string(range.first) + "-" + std::to_string(range.last);
  }
  return text;
}

std::string said_early(std::string_view header) {
  const auto early = look_at_range(header);
  if (std::holds_alternative<WholeBody>(early)) return "whole";
  if (std::holds_alternative<NeedsLength>(early)) return "needs length";
  const auto& range = std::get<FromTo>(early);
  return std::to_string(range.first) + "-" + (range.last ? std::to_string(*range.last) : "");
}

std::string many(int count) {
  std::string header = "bytes=0-0";
  for (int i = 1; i < count; ++i) header += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  return header;
}

}  // namespace

TEST_CASE("what a range header asks for", "[range]") {
  struct Row {
    std::string_view header;
    std::uint64_t length;
    std::string_view says;
  };
  for (const auto& row : {
           Row{"bytes=0-499", 10000, "0-499"},
           Row{"bytes=500-999", 10000, "500-999"},
           Row{"bytes=-500", 10000, "9500-9999"},
           Row{"bytes=9500-", 10000, "9500-9999"},
           Row{"bytes=0-0,-1", 10000, "0-0,9999-9999"},
           Row{"BYTES=0-0", 10000, "0-0"},
           Row{"bytes= 0-999, 4500-5499, -1000", 10000, "0-999,4500-5499,9000-9999"},
           Row{"bytes=500-600,601-999", 10000, "500-600,601-999"},
           Row{"bytes=601-999,500-600", 10000, "601-999,500-600"},
           Row{"bytes=,0-1 ,\t2-3,,", 10000, "0-1,2-3"},
           Row{"bytes=0-", 10, "0-9"},
           Row{"bytes=0-9", 10, "0-9"},
           Row{"bytes=0-10", 10, "0-9"},
           Row{"bytes=9-9", 10, "9-9"},
           Row{"bytes=10-", 10, "416"},
           Row{"bytes=10-20", 10, "416"},
           Row{"bytes=-0", 10, "416"},
           Row{"bytes=-11", 10, "0-9"},
           Row{"bytes=10-,0-1,-0", 10, "0-1"},
           Row{"bytes=10-,20-", 10, "416"},
           Row{"bytes=0-0", 0, "416"},
           Row{"bytes=0-", 0, "416"},
           Row{"bytes=-0", 0, "416"},
           Row{"bytes=-5", 0, "whole"},
           Row{"bytes=007-0008", 10, "7-8"},
           Row{"bytes=0-18446744073709551615", 10, "0-9"},
           Row{"bytes=0-99999999999999999999999", 10, "0-9"},
           Row{"bytes=-99999999999999999999999", 10, "0-9"},
           Row{"bytes=99999999999999999999999-", 10, "416"},
           Row{"bytes=5-18446744073709551614", UINT64_MAX, "5-18446744073709551614"},
       }) {
    INFO(row.header << " of " << row.length);
    CHECK(said(row.header, row.length) == row.says);
  }
}

TEST_CASE("another unit and broken syntax: the header does not count", "[range]") {
  for (const auto header : {"",
                            "bytes",
                            "bytes=",
                            "bytes=,",
                            "bytes 0-1",
                            "bytes =0-1",
                            "items=0-1",
                            "none",
                            "bytes=1",
                            "bytes=-",
                            "bytes=2-1",
                            "bytes=a-b",
                            "bytes=0-1,x",
                            "bytes=0-1,2",
                            "bytes=0-1,9-8",
                            "bytes=--1",
                            "bytes=0--1",
                            "bytes=0-1-2",
                            "bytes=+0-1",
                            "bytes=0 - 1",
                            "bytes=0- 1",
                            "bytes=0x0-1",
                            "bytes=0-1;2-3",
                            "bytes=0-1 2-3",
                            "xbytes=0-1",
                            "bytes=0-1\"",
                            "bytes=1.0-2"}) {
    INFO(header);
    CHECK(said(header, 100) == "whole");
    CHECK(said(header, 0) == "whole");
    CHECK(said_early(header) == "whole");
  }
}

TEST_CASE("ranges are at most sixteen, and none overlap", "[range]") {
  CHECK(std::get<ByteRanges>(resolve_range(many(16), 1000)).size() == 16);
  CHECK(said(many(17), 1000) == "whole");
  CHECK(said(many(2000), 10) == "whole");  // those past the end count as well
  for (const auto header : {"bytes=0-1,1-2", "bytes=1-2,0-1", "bytes=0-,5-6", "bytes=5-6,0-", "bytes=0-0,-100",
                            "bytes=-1,-2", "bytes=3-3,3-3", "bytes=0-1,4-9,2-5"}) {
    INFO(header);
    CHECK(said(header, 100) == "whole");
  }
  CHECK(said("bytes=0-1,200-300,250-400", 100) == "0-1");  // of what isn't there nothing overlaps
}

TEST_CASE("a look before the length is known", "[range]") {
  CHECK(said_early("bytes=5-9") == "5-9");
  CHECK(said_early("bytes=0-") == "0-");
  CHECK(said_early("bytes=-5") == "needs length");
  CHECK(said_early("bytes=0-1,2-3") == "needs length");
  CHECK(said_early("bytes=0-1, ,") == "0-1");
  CHECK(said_early(many(17)) == "whole");
  CHECK(said_early("bytes=99999999999999999999-") == "18446744073709551615-");
}

TEST_CASE("the header counts only when it comes once", "[range]") {
  CHECK(range_header(literal_fields({{"Range", "bytes=0-1"}})) == "bytes=0-1");
  CHECK(range_header(literal_fields({{"Range", "bytes=0-1"}, {"Range", "bytes=2-3"}})).empty());
  CHECK(range_header(literal_fields({{"If-Range", "bytes=0-1"}})).empty());
}

TEST_CASE("random ranges against a naive reading", "[range]") {
  weir::test::Mutator random(3);
  int satisfied = 0;
  for (int run = 0; run < 20000; ++run) {
    const std::uint64_t length = random.below(40);
    std::string header = "bytes=";
    std::vector<std::vector<std::uint64_t>> wanted;
    bool valid = true;
    for (std::size_t n = 1 + random.below(3); n > 0; --n) {
      std::uint64_t first = random.below(50);
      std::uint64_t last = first + random.below(10);
      const auto kind = random.below(3);
      if (!header.ends_with('=')) header += ',';
      if (kind == 0) header += std::to_string(first) + "-" + std::to_string(last);
      if (kind == 1) header += std::to_string(first) + "-", last = 1000;
      if (kind == 2) header += "-" + std::to_string(first), last = 1000, first = first > length ? 0 : length - first;
      std::vector<std::uint64_t> bytes;
      for (std::uint64_t i = first; i <= last && i < length; ++i) bytes.push_back(i);
      if (!bytes.empty()) wanted.push_back(bytes);
      valid = valid && length > 0;
    }
    if (!valid) continue;
    std::set<std::uint64_t> all;
    std::size_t total = 0;
    for (const auto& bytes : wanted) all.insert(bytes.begin(), bytes.end()), total += bytes.size();
    INFO(header << " of " << length);
    const auto ranges = resolve_range(header, length);
    if (wanted.empty()) {
      CHECK(std::holds_alternative<Unsatisfiable>(ranges));
    } else if (all.size() != total) {
      CHECK(std::holds_alternative<WholeBody>(ranges));
    } else {
      REQUIRE(std::holds_alternative<ByteRanges>(ranges));
      const auto& list = std::get<ByteRanges>(ranges);
      REQUIRE(list.size() == wanted.size());
      for (std::size_t i = 0; i < list.size(); ++i) {
        CHECK(list[i] == ByteRange{wanted[i].front(), wanted[i].back()});
      }
      ++satisfied;
    }
  }
  CHECK(satisfied > 5000);
}

TEST_CASE("Content-Range", "[range]") {
  CHECK(ContentRangeText(ByteRange{0, 499}, 1234).view() == "bytes 0-499/1234");
  CHECK(ContentRangeText(ByteRange{0, 0}, std::nullopt).view() == "bytes 0-0/*");
  CHECK(ContentRangeText(47022).view() == "bytes */47022");
  CHECK(ContentRangeText(ByteRange{UINT64_MAX - 1, UINT64_MAX - 1}, UINT64_MAX).view() ==
        "bytes 18446744073709551614-18446744073709551614/18446744073709551615");
}

TEST_CASE("If-Range", "[range]") {
  constexpr std::string_view kModified = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::string_view kLater = "Sun, 06 Nov 1994 08:49:38 GMT";
  constexpr std::string_view kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
  struct Row {
    std::string_view if_range, etag, last_modified, date;
    bool holds;
  };
  for (const auto& row : {
           Row{"\"a\"", "\"a\"", "", "", true},
           Row{"\"a\"", "\"b\"", "", "", false},
           Row{"\"a\"", "", "", "", false},
           Row{"W/\"a\"", "\"a\"", "", "", false},
           Row{"\"a\"", "W/\"a\"", "", "", false},
           Row{"W/\"a\"", "W/\"a\"", "", "", false},
           Row{"\"a\", \"b\"", "\"a\"", "", "", false},
           Row{"*", "\"a\"", "", "", false},
           Row{"a", "a", "", "", false},
           Row{"", "", "", "", false},
           Row{kModified, "\"a\"", kModified, kLater, true},
           Row{"Sunday, 06-Nov-94 08:49:37 GMT", "\"a\"", kModified, kLater, true},
           Row{kModified, "", kModified, kModified, false},  // the same second: a weak validator
           Row{kModified, "", kModified, kBefore, false},
           Row{kModified, "", kModified, "", false},
           Row{kLater, "", kModified, kLater, false},  // no comparing of before and after
           Row{kBefore, "", kModified, kLater, false},
           Row{kModified, "", "", kLater, false},
           Row{"yesterday", "", "yesterday", kLater, false},
       }) {
    INFO(row.if_range << " | " << row.etag << " | " << row.last_modified << " | " << row.date);
    CHECK(if_range_holds(row.if_range, row.etag, row.last_modified, row.date, 1790000000) == row.holds);
  }
}
