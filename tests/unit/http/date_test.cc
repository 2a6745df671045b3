// HTTP dates: all three forms are read, one is written, and whatever else is no date.
#include "proxy/http/date.h"

#include "tests/support/catch.h"

using namespace weir;

namespace {

constexpr WallTime kNow = 1790000000;  // September 2026

std::string written(WallTime t) {
  const auto text = format_date(t);
  return {text.data(), text.size()};
}

}  // namespace

TEST_CASE("the three forms of one moment", "[date]") {
  CHECK(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow) == 784111777);
  CHECK(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow) == 784111777);
  CHECK(parse_date("Sun Nov  6 08:49:37 1994", kNow) == 784111777);
  CHECK(parse_date("Sun Nov 06 08:49:37 1994", kNow) == 784111777);
  CHECK(written(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("dates are written and read back", "[date]") {
  for (WallTime t = 0; t < 253402300799; t += 86399 * 367 + 12345) {
    INFO(t);
    CHECK(parse_date(written(t), kNow) == t);
  }
  for (const WallTime t :
       {WallTime{0}, WallTime{951782399}, WallTime{951782400}, WallTime{4107542399}, WallTime{253402300799}}) {
    CHECK(parse_date(written(t), kNow) == t);
  }
  CHECK(written(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(written(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(written(-1) == written(0));
  CHECK(written(INT64_MAX) == "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST_CASE("a two-digit year is at most fifty years ahead", "[date]") {
  const auto year = [](std::string_view text) { return written(parse_date(text, kNow).value_or(-1)).substr(12, 4); };
  CHECK(year("Thursday, 18-Aug-50 02:01:18 GMT") == "2050");
  CHECK(year("Thursday, 18-Aug-76 02:01:18 GMT") == "2076");
  CHECK(year("Thursday, 18-Aug-77 02:01:18 GMT") == "1977");
  CHECK(year("Thursday, 18-Aug-26 02:01:18 GMT") == "2026");
  CHECK(parse_date("Saturday, 01-Jan-00 00:00:00 GMT", 4071513600) == 4102444800);  // seen from 2099: 2100
}

TEST_CASE("a wrong weekday and a leap second are forgiven", "[date]") {
  CHECK(parse_date("Mon, 06 Nov 1994 08:49:37 GMT", kNow) == 784111777);
  CHECK(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow) == 1483228800);
  CHECK(parse_date("Wed, 29 Feb 1600 00:00:00 GMT", kNow).has_value());
  CHECK(parse_date("Thu, 01 Jan 0001 00:00:00 GMT", kNow) == -62135596800);
}

TEST_CASE("nothing else is a date", "[date]") {
  for (const auto wrong : {"",
                           "0",
                           "-1",
                           "now",
                           "784111777",
                           "1994-11-06T08:49:37Z",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 gmt",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 AEST",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sun,  06 Nov 1994 08:49:37 GMT",
                           "Sun, 06  Nov  1994 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08.49.37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "SUN, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 NOV 1994 08:49:37 GMT",
                           "Sux, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nox 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 1900 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 19940 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT\r",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "Sun, 06 Nov -994 08:49:37 GMT",
                           "Sun, +6 Nov 1994 08:49:37 GMT"}) {
    INFO(wrong);
    CHECK_FALSE(parse_date(wrong, kNow));
  }
}
