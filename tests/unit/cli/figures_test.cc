// Figures as people read them: numbers, units, tables, and nothing that moves a terminal's cursor.
#include "proxy/cli/figures.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

constexpr std::string_view kStats =
    R"({"uptime_seconds":3725,"objects":1234,"bytes":1048576,"budget":536870912,"evictions":7,
  "requests":1500,"hit_rate":0.934,"results":{"hit":1400,"miss":100,"stale":0},"fetches":100,"fetch_failures":2,
  "latency_ms":{"p50":0.064,"p95":1.2,"p99":1500},"origin_first_byte_ms":{"p50":null,"p95":null,"p99":null},
  "recent":{"seconds":10.2,"requests_per_second":12.34,"hit_rate":null,"latency_ms":{"p50":null,"p95":null,"p99":null}},
  "routes":{"quiet":{"requests":1000,"client_bytes":10,"hit_rate":1,"latency_ms":{"p50":1,"p95":2,"p99":3},
                     "recent":{"requests_per_second":0.1,"hit_rate":1,"latency_ms":{"p50":1,"p95":2,"p99":3}}},
            "busy":{"requests":500,"client_bytes":2048,"hit_rate":0.5,"latency_ms":{"p50":1,"p95":2,"p99":3},
                    "recent":{"requests_per_second":12,"hit_rate":0.5,"latency_ms":{"p50":1,"p95":2,"p99":3}}}},
  "hottest":[{"url":"a.test/\u001b[2Jx","hits":4000,"bytes":100,"ttl":3599},
             {"url":"a.test/y","hits":1,"bytes":1,"ttl":-4}]})";

TEST_CASE("numbers", "[figures]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1,234,567");
  CHECK(percent(0.934) == "93.4 %");
  CHECK(percent(std::nullopt) == "-");
  CHECK(milliseconds(0.064) == "0.06 ms");
  CHECK(milliseconds(42.4) == "42 ms");
  CHECK(milliseconds(1500) == "1.5 s");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(1536) == "1.5 KiB");
  CHECK(duration_text(59.9) == "59s");
  CHECK(duration_text(3725) == "1h 2m");
  CHECK(duration_text(200000) == "2d 7h");
  CHECK(duration_text(-1) == "0s");
}

TEST_CASE("the summary leaves out results that never came", "[figures]") {
  const auto json = JsonValue::parse(kStats);
  REQUIRE(json);
  std::string all;
  for (const auto& line : summary_lines(*json)) all += line + "\n";
  CHECK(all.find("hit 1,400   miss 100") != std::string::npos);
  CHECK(all.find("stale 0") == std::string::npos);
  CHECK(all.find("lately 12.3/s (last 10 s)") != std::string::npos);
  CHECK(all.find("1.0 MiB of 512.0 MiB, 1,234 objects, 7 evictions") != std::string::npos);
}

TEST_CASE("the busiest route comes first", "[figures]") {
  const auto json = JsonValue::parse(kStats);
  CHECK(route_lines(*json, true)[1].starts_with("busy "));
  CHECK(route_lines(*json, false)[1].starts_with("quiet "));
}

TEST_CASE("hottest keys can't write to the terminal", "[figures]") {
  const auto json = JsonValue::parse(kStats);
  const auto lines = hottest_lines(*json);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].find('\x1b') == std::string::npos);
  CHECK(lines[1].find("4,000") != std::string::npos);
  CHECK(lines[2].find("stale") != std::string::npos);
}

TEST_CASE("an answer that lacks everything still makes lines", "[figures]") {
  const auto json = JsonValue::parse("{}");
  REQUIRE(json);
  CHECK(summary_lines(*json).size() == 8);
  CHECK(route_lines(*json, true).size() == 1);
  CHECK(hottest_lines(*json).size() == 1);
  CHECK_FALSE(JsonValue::parse("nonsense"));
}

}  // namespace
}  // namespace weir
