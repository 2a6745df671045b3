// The units of the config file: what is read, what is refused, and what is written back.
#include "proxy/base/units.h"

#include "tests/support/catch.h"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("durations", "[units]") {
  struct Row {
    std::string_view text;
    Duration value;
  };
  for (const auto& row : {Row{"250ms", 250ms}, Row{"30s", 30s}, Row{"5m", 5min}, Row{"1h", 1h}, Row{"7d", 168h},
                          Row{"0s", 0s}, Row{"50ms", 50ms}, Row{"106751d", 106751 * 24h}}) {
    INFO(row.text);
    auto parsed = parse_duration(row.text);
    REQUIRE(parsed);
    CHECK(*parsed == row.value);
    if (row.value != 0s) {
      CHECK(*parse_duration(format_duration(row.value)) == row.value);
    }
  }
  for (const auto wrong : {"", "30", "s", "-1s", "+1s", "1 s", "1.5s", "1S", "1min", "1h30m", "106752d",
                           "99999999999999999999s", "50000us", "1ns"}) {
    INFO(wrong);
    CHECK_FALSE(parse_duration(wrong));
  }
}

TEST_CASE("a duration is written in its shortest exact form", "[units]") {
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(3600s) == "1h");
  CHECK(format_duration(48h) == "2d");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(-4s) == "-4s");
  CHECK(format_duration(1ns) == "1ns");
}

TEST_CASE("sizes", "[units]") {
  struct Row {
    std::string_view text;
    Size value;
    std::string_view written;
  };
  for (const auto& row : {Row{"16KiB", 16384, "16KiB"}, Row{"512MiB", 512_MiB, "512MiB"},
                          Row{"1GB", 1'000'000'000, "1GB"}, Row{"1000000B", 1'000'000, "1MB"}, Row{"0B", 0, "0B"},
                          Row{"1024KiB", 1_MiB, "1MiB"}, Row{"1025B", 1025, "1025B"}, Row{"2kB", 2000, "2kB"}}) {
    INFO(row.text);
    auto parsed = parse_size(row.text);
    REQUIRE(parsed);
    CHECK(*parsed == row.value);
    CHECK(format_size(row.value) == row.written);
  }
  for (const auto wrong : {"", "16", "KiB", "-1B", "1.5GiB", "1kib", "1K", "9999999999TiB", "16777216TiB"}) {
    INFO(wrong);
    CHECK_FALSE(parse_size(wrong));
  }
}

TEST_CASE("rates", "[units]") {
  CHECK(parse_rate("10/s")->count == 10);
  CHECK(parse_rate("600/m")->per == 1min);
  CHECK(format_rate(*parse_rate("5/h")) == "5/h");
  CHECK(format_rate(*parse_rate("7/d")) == "7/d");
  for (const auto wrong : {"", "10", "/s", "10/", "10/ms", "-1/s", "1.5/s", "10/s ", "99999999999999999999/s"}) {
    INFO(wrong);
    CHECK_FALSE(parse_rate(wrong));
  }
}

TEST_CASE("percentages", "[units]") {
  CHECK(*parse_percent("20%") == 0.2);
  CHECK(*parse_percent("0%") == 0.0);
  CHECK(*parse_percent("100%") == 1.0);
  CHECK(*parse_percent("0.5%") == 0.005);
  for (const auto wrong : {"", "20", "%", "101%", "100.1%", "-1%", "1.%", ".5%", "0.1234567%", "1e1%"}) {
    INFO(wrong);
    CHECK_FALSE(parse_percent(wrong));
  }
}

TEST_CASE("an error says what would be right, and whose it is", "[units]") {
  const auto error = parse_duration("30").error();
  CHECK(error.side == Side::config);
  CHECK(error.detail == "\"30\" is not a duration: a whole number and ms, s, m, h or d, as in 30s");
  CHECK(parse_size("\x1b").error().detail.find('\x1b') == std::string::npos);
}
