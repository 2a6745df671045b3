// Warm jobs: bounded, in order, and what became of them.
#include "proxy/admin/warm.h"

#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

class Warming {
 public:
  test::Running weir;
  AdminServices services = weir.services();
  WarmJobs jobs{services};

  std::string start(std::size_t urls) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < urls; ++i) list.push_back("a.test/" + std::to_string(i));
    return *jobs.start(list, at(0));
  }
  void answer(WarmResult result) {
    auto fetch = std::move(weir.fetches.front());
    weir.fetches.pop_front();
    fetch.done(std::move(result));
  }
  void answer_all() {
    while (!weir.fetches.empty()) answer({200, "miss", {}, ""});
  }
  static Time at(int seconds) { return MonotonicClock::now() + std::chrono::seconds(seconds); }
};

TEST_CASE("a job fetches a few URLs at once until all are done", "[warm]") {
  Warming warming;
  const auto id = warming.start(20);
  CHECK(warming.weir.fetches.size() == WarmJobs::kAtOnce);
  CHECK(warming.weir.fetches.front().url == "a.test/0");
  warming.answer({200, "miss", {}, ""});
  CHECK(warming.weir.fetches.size() == WarmJobs::kAtOnce);
  CHECK(warming.weir.fetches.back().url == "a.test/8");
  warming.answer_all();
  const auto* job = warming.jobs.find(id, Warming::at(0));
  REQUIRE(job != nullptr);
  CHECK(job->is_done());
  CHECK(job->done == 20);
  CHECK(job->failed == 0);
  CHECK(job->results.at("miss") == 20);
}

TEST_CASE("failures are counted, and the first ones told", "[warm]") {
  Warming warming;
  const auto id = warming.start(50);
  for (int i = 0; i < 25; ++i) warming.answer({0, "error", {}, "refused"});
  for (int i = 0; i < 10; ++i) warming.answer({404, "miss", {}, ""});
  warming.answer({200, "what is that", {}, ""});
  const auto* job = warming.jobs.find(id, Warming::at(0));
  CHECK(job->failed == 35);
  CHECK(job->failures.size() == WarmJobs::kMostErrors);
  CHECK(job->failures.front().error == "refused");
  CHECK(job->results.at("error") == 26);
  JsonWriter json;
  write_warm_job(json, *job, Warming::at(0));
  CHECK(json.text().find(R"("state":"running","urls":50,"done":36,"failed":35)") != std::string::npos);
}

TEST_CASE("few jobs run at once, few are kept, and none for ever", "[warm]") {
  Warming warming;
  std::string last;
  for (std::size_t i = 0; i < WarmJobs::kMostRunning; ++i) last = warming.start(1);
  CHECK_FALSE(warming.jobs.start({"a.test/"}, Warming::at(0)));
  warming.answer_all();
  const auto first = warming.start(1);
  warming.answer_all();
  for (std::size_t i = 1; i < WarmJobs::kMostKept; ++i) {
    last = warming.start(1);
    warming.answer_all();
  }
  CHECK(warming.jobs.find(first, Warming::at(0)) != nullptr);
  warming.start(1);
  warming.answer_all();
  CHECK(warming.jobs.find(first, Warming::at(0)) == nullptr);
  CHECK(warming.jobs.find(last, Warming::at(500)) != nullptr);
  CHECK(warming.jobs.find(last, Warming::at(700)) == nullptr);
  CHECK(warming.jobs.find("no-such-id", Warming::at(0)) == nullptr);
}

}  // namespace
}  // namespace weir
