// Figures from counters: sums, differences, rates, quantiles, and the metrics made of them.
#include "proxy/admin/traffic.h"

#include "proxy/admin/prometheus.h"
#include "proxy/admin/recent.h"
#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

void count(RouteCounters& counters, Outcome outcome, std::uint64_t n, std::uint64_t us) {
  counters.outcomes[static_cast<std::size_t>(outcome)].add(n);
  for (std::uint64_t i = 0; i < n; ++i) counters.latency.record(us);
}

Time at(int seconds) {
  return Time{std::chrono::seconds(seconds)};
}

TEST_CASE("workers and routes are added up", "[traffic]") {
  Metrics metrics(2);
  count(metrics.route("a", 0), Outcome::hit, 3, 100);
  count(metrics.route("a", 1), Outcome::hit, 2, 100);
  count(metrics.route("b", 1), Outcome::miss, 4, 9000);
  metrics.route("b", 0).client_bytes.add(7);
  const Traffic traffic = traffic_of(metrics);
  CHECK(traffic.routes.at("a").of(Outcome::hit) == 5);
  CHECK(traffic.routes.at("b").client_bytes == 7);
  CHECK(traffic.all.requests() == 9);
  CHECK(traffic.all.latency.total() == 9);
}

TEST_CASE("the hit rate is what the store answered, of what was its matter", "[traffic]") {
  RouteTraffic traffic;
  CHECK_FALSE(traffic.hit_rate());
  traffic.outcomes[static_cast<std::size_t>(Outcome::bypass)] = 100;
  CHECK_FALSE(traffic.hit_rate());
  traffic.outcomes[static_cast<std::size_t>(Outcome::hit)] = 6;
  traffic.outcomes[static_cast<std::size_t>(Outcome::stale)] = 1;
  traffic.outcomes[static_cast<std::size_t>(Outcome::updating)] = 1;
  traffic.outcomes[static_cast<std::size_t>(Outcome::miss)] = 1;
  traffic.outcomes[static_cast<std::size_t>(Outcome::coalesced)] = 1;
  CHECK(traffic.hit_rate() == 0.8);
}

TEST_CASE("what came lately is the difference to the oldest sample kept", "[traffic]") {
  Metrics metrics(1);
  RecentTraffic recent;
  CHECK(recent.window(at(0), traffic_of(metrics)).seconds == 0);
  for (int second = 0; second <= 40; second += 2) {
    recent.sample(at(second), traffic_of(metrics));
    count(metrics.route("a", 0), Outcome::hit, 20, 100);
  }
  const auto window = recent.window(at(42), traffic_of(metrics));
  CHECK(window.seconds == 12);
  CHECK(window.per_second(window.traffic.all.requests()) == 10);
  CHECK(window.traffic.routes.at("a").latency.total() == 120);
}

TEST_CASE("a counter that seems to go back counts as no change", "[traffic]") {
  Latencies now;
  Latencies earlier;
  earlier.counts[3] = 5;
  earlier.sum = 9;
  now.subtract(earlier);
  CHECK(now.total() == 0);
  CHECK(now.sum == 0);
}

std::string metrics_of(test::Running& weir) {
  return prometheus_text(weir.services());
}

bool has_line(const std::string& text, const std::string& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("metrics: requests by route and result, with zeros", "[prometheus]") {
  test::Running weir;
  count(weir.node.metrics.route("video", 0), Outcome::hit, 3, 100);
  const auto text = metrics_of(weir);
  CHECK(has_line(text, R"(weir_requests_total{route="video",result="hit"} 3)"));
  CHECK(has_line(text, R"(weir_requests_total{route="video",result="stale"} 0)"));
  CHECK(has_line(text, R"(weir_hits_total{route="video",tier="memory"} 3)"));
  CHECK(has_line(text, R"(weir_upstream_usable{upstream="api",server="http://127.0.0.1:3000"} 1)"));
  CHECK(has_line(text, "# TYPE weir_requests_total counter"));
}

TEST_CASE("metrics: latency buckets are cumulative and end where the histogram has an edge", "[prometheus]") {
  test::Running weir;
  auto& counters = weir.node.metrics.route("video", 0);
  for (const unsigned us : {10U, 63U, 64U, 1000U, 1'000'000U, 200'000'000U}) counters.latency.record(us);
  const auto text = metrics_of(weir);
  const std::string name = "weir_request_duration_seconds";
  CHECK(has_line(text, name + R"(_bucket{route="video",le="6.4e-05"} 2)"));
  CHECK(has_line(text, name + R"(_bucket{route="video",le="0.000128"} 3)"));
  CHECK(has_line(text, name + R"(_bucket{route="video",le="0.001024"} 4)"));
  CHECK(has_line(text, name + R"(_bucket{route="video",le="1.048576"} 5)"));
  CHECK(has_line(text, name + R"(_bucket{route="video",le="67.108864"} 5)"));
  CHECK(has_line(text, name + R"(_bucket{route="video",le="+Inf"} 6)"));
  CHECK(has_line(text, name + R"(_count{route="video"} 6)"));
}

TEST_CASE("metrics: each family is announced once, each line is well formed", "[prometheus]") {
  test::Running weir;
  weir.node.metrics.route("odd \"name\"\\\n", 0);
  const auto text = metrics_of(weir);
  CHECK(text.find(R"(route="odd \"name\"\\\n")") != std::string::npos);
  std::map<std::string, int> announced;
  std::size_t from = 0;
  for (auto end = text.find('\n'); end != std::string::npos; from = end + 1, end = text.find('\n', from)) {
    const auto line = text.substr(from, end - from);
    if (line.starts_with("# TYPE ")) ++announced[line.substr(7, line.find(' ', 7) - 7)];
    if (!line.starts_with("#")) CHECK(line.find_last_of(' ') != std::string::npos);
  }
  for (const auto& [name, times] : announced) {
    CAPTURE(name);
    CHECK(times == 1);
  }
}

}  // namespace
}  // namespace weir
