// Runs warm jobs: as many fetches at once as there are places, each place taking the next URL when its fetch is over.
#include "proxy/admin/warm.h"

#include <algorithm>

#include "proxy/cache/outcome.h"

namespace weir {
namespace {

// Only the words of the house count, whatever was handed in.
std::string known_word(std::string_view outcome) {
  const bool known = std::find(kOutcomeWords.begin(), kOutcomeWords.end(), outcome) != kOutcomeWords.end();
  return std::string(known ? outcome : word(Outcome::error));
}

}  // namespace

Result<std::string> WarmJobs::start(std::vector<std::string> urls, Time now) {
  forget_old(now);
  if (running() >= kMostRunning) {
    return Error{Side::client, Code::unavailable, "enough warm jobs are running: wait until one is done"};
  }
  make_room();
  auto& job = *jobs_.emplace_back(std::make_unique<Job>());
  job.id = std::to_string(++last_id_);
  job.urls = std::move(urls);
  job.started = job.finished = now;
  for (std::size_t place = 0; place < kAtOnce; ++place) begin_next(job, place);
  return job.id;
}

const WarmJobs::Job* WarmJobs::find(std::string_view id, Time now) {
  forget_old(now);
  for (const auto& job : jobs_) {
    if (job->id == id) return job.get();
  }
  return nullptr;
}

void WarmJobs::forget_old(Time now) {
  std::erase_if(jobs_, [&](const auto& job) { return job->is_done() && now - job->finished > kKeptFor; });
}

// For one more.
void WarmJobs::make_room() {
  while (jobs_.size() >= kMostKept) {
    const auto oldest = std::find_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->is_done(); });
    if (oldest == jobs_.end()) return;
    jobs_.erase(oldest);
  }
}

std::size_t WarmJobs::running() const {
  return static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return !job->is_done(); }));
}

void WarmJobs::begin_next(Job& job, std::size_t place) {
  if (job.next == job.urls.size()) return;
  const std::size_t url = job.next++;
  job.fetches[place] = services_.warm_one(
      job.urls[url], [this, &job, place, url](WarmResult result) { take(job, place, url, std::move(result)); });
}

void WarmJobs::take(Job& job, std::size_t place, std::size_t url, WarmResult result) {
  job.fetches[place].done();
  ++job.done;
  ++job.results[known_word(result.outcome)];
  if (!result.error.empty() || result.status == 0 || result.status >= 400) {
    ++job.failed;
    if (job.failures.size() < kMostErrors) job.failures.push_back({job.urls[url], result.status, result.error});
  }
  if (job.is_done()) job.finished = MonotonicClock::now();
  begin_next(job, place);
}

void write_warm_job(JsonWriter& json, const WarmJobs::Job& job, Time now) {
  const auto took = (job.is_done() ? job.finished : now) - job.started;
  json.begin_object().field("id", job.id).field("state", job.is_done() ? "done" : "running");
  json.field("urls", std::uint64_t{job.urls.size()}).field("done", std::uint64_t{job.done});
  json.field("failed", std::uint64_t{job.failed}).field("seconds", std::chrono::duration<double>(took).count());
  json.key("results").begin_object();
  for (const auto& [word, count] : job.results) json.field(word, count);
  json.end_object().key("failures").begin_array();
  for (const auto& failure : job.failures) {
    json.begin_object().field("url", failure.url).field("status", failure.status);
    json.field("error", failure.error).end_object();
  }
  json.end_array().end_object();
}

}  // namespace weir
