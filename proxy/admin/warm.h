// WarmJobs: lists of URLs being fetched through the cache in the background, and what became of the last ones. Bounded
// in jobs, in URLs and in fetches at once. The control loop only.
//
//   running ─► done ─► forgotten (after kKeptFor, or when newer ones need the room)
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/services.h"
#include "proxy/base/clock.h"
#include "proxy/base/json.h"
#include "proxy/base/result.h"

namespace weir {

class WarmJobs {
 public:
  static constexpr std::size_t kMostUrls = 10'000;  // of one job
  static constexpr std::size_t kMostRunning = 4;
  static constexpr std::size_t kAtOnce = 8;  // fetches of one job
  static constexpr std::size_t kMostKept = 16;
  static constexpr std::size_t kMostErrors = 20;  // told of one job
  static constexpr Duration kKeptFor = std::chrono::minutes(10);

  // `services` must outlive this.
  explicit WarmJobs(const AdminServices& services) : services_(services) {}

  struct Failure {
    std::string url;
    int status = 0;
    std::string error;
  };
  struct Job {
    std::string id;
    std::vector<std::string> urls;
    std::size_t next = 0;  // of urls, to be begun
    std::size_t done = 0, failed = 0;
    std::map<std::string, std::uint64_t> results;  // by result word
    std::vector<Failure> failures;                 // the first ones
    Time started, finished;
    std::array<Operation, kAtOnce> fetches;

    bool is_done() const { return done == urls.size(); }
  };

  // Begins; the job's id. `urls` are normalised and have a host.
  Result<std::string> start(std::vector<std::string> urls, Time now);
  const Job* find(std::string_view id, Time now);

 private:
  void forget_old(Time now);
  void make_room();
  std::size_t running() const;
  void begin_next(Job& job, std::size_t place);
  void take(Job& job, std::size_t place, std::size_t url, WarmResult result);

  const AdminServices& services_;
  std::deque<std::unique_ptr<Job>> jobs_;  // oldest first
  std::uint64_t last_id_ = 0;
};

void write_warm_job(JsonWriter& json, const WarmJobs::Job& job, Time now);

}  // namespace weir
