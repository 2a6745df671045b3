// `weir warm`: has a running weir fetch a list of URLs through its cache, and shows how far it is: a bar on a terminal,
// lines elsewhere.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

#include "proxy/base/json.h"
#include "proxy/base/text.h"
#include "proxy/base/units.h"
#include "proxy/cli/calls.h"
#include "proxy/cli/client.h"
#include "proxy/cli/json.h"

namespace weir {
namespace {

constexpr std::string_view kName = "warm";
constexpr std::size_t kMostUrls = 10'000;  // in one call, as the endpoint takes them
constexpr Size kMostBytes = 512_KiB;
constexpr auto kLookEvery = std::chrono::milliseconds(100);
constexpr auto kTellEvery = std::chrono::seconds(2);
constexpr std::size_t kBarWidth = 30;

// What has become of all batches so far.
class Progress {
 public:
  Progress() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

  void more(std::size_t urls) { urls_ += urls; }

  // `job`: the batch under way. Returns whether that is over.
  bool show(const JsonValue& job) {
    const bool over = job.text("state") == "done";
    const auto done = done_ + job.count("done");
    if (terminal_) {
      draw_bar(done, failed_ + job.count("failed"));
    } else if (const auto now = std::chrono::steady_clock::now(); !over && now - told_ > kTellEvery) {
      told_ = now;
      std::printf("%zu of %zu\n", done, urls_);
      std::fflush(stdout);
    }
    if (over) add(job);
    return over;
  }

  // The last line; the exit status.
  int finish() const {
    std::printf("%s%zu fetched, %zu failed", terminal_ ? "\r\x1b[K" : "", done_, failed_);
    const char* before = ": ";
    for (const auto& [word, count] : results_) {
      std::printf("%s%s %llu", before, word.c_str(), static_cast<unsigned long long>(count));
      before = ", ";
    }
    std::printf("\n");
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void draw_bar(std::size_t done, std::size_t bad) const {
    const std::size_t filled = urls_ == 0 ? 0 : done * kBarWidth / urls_;
    std::printf("\r\x1b[K[%s%s] %zu/%zu", std::string(filled, '#').c_str(),
                std::string(kBarWidth - filled, '.').c_str(), done, urls_);
    if (bad > 0) std::printf(", %zu failed", bad);
    std::fflush(stdout);
  }

  void add(const JsonValue& job) {
    done_ += job.count("done");
    failed_ += job.count("failed");
    for (const auto& [word, count] : job["results"].members()) results_[word] += job["results"].count(word);
    if (terminal_ && !job["failures"].items().empty()) std::printf("\r\x1b[K");
    std::fflush(stdout);
    for (const auto& failure : job["failures"].items()) {
      const auto status = failure.count("status");
      const auto why = failure.text("error");
      failed(kName,
             printable(failure.text("url")) + ": " + (status > 0 ? std::to_string(status) + " " : "") + printable(why));
    }
  }

  const bool terminal_;
  std::size_t urls_ = 0, done_ = 0, failed_ = 0;
  std::map<std::string, std::uint64_t> results_;
  std::chrono::steady_clock::time_point told_ = std::chrono::steady_clock::now();
};

// The next lines that fit one call; empty at the end. Blank lines and those that begin with # are passed over.
std::vector<std::string> next_batch(std::istream& in) {
  std::vector<std::string> urls;
  std::string line;
  Size bytes = 0;
  while (urls.size() < kMostUrls && bytes < kMostBytes && std::getline(in, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const auto url = trim(line);
    if (url.empty() || url.starts_with('#')) continue;
    bytes += url.size() + 3;
    urls.emplace_back(url);
  }
  return urls;
}

Result<void> warm(const AdminClient& client, const std::vector<std::string>& urls, Progress& progress) {
  JsonWriter json;
  json.begin_object().key("urls").begin_array();
  for (const auto& url : urls) json.value(url);
  json.end_array().end_object();
  const auto begun = client.ask("POST", "/admin/cache/warm", json.text());
  if (!begun) return begun.error();
  const auto job = JsonValue::parse(*begun);
  if (!job) return job.error();
  const std::string target = job->text("progress");
  progress.more(urls.size());
  for (;;) {
    const auto answer = client.ask("GET", target);
    if (!answer) return answer.error();
    const auto state = JsonValue::parse(*answer);
    if (!state) return state.error();
    if (progress.show(*state)) return {};
    std::this_thread::sleep_for(kLookEvery);
  }
}

int warm_all(const AdminClient& client, std::istream& in) {
  Progress progress;
  for (auto urls = next_batch(in); !urls.empty(); urls = next_batch(in)) {
    if (const auto done = warm(client, urls, progress); !done) return failed(kName, done.error().detail);
  }
  return progress.finish();
}

}  // namespace

int warm_call(const Arguments& arguments) {
  const auto client = AdminClient::from(arguments);
  if (!client) return wrong_usage(kName, client.error().detail);
  const std::string& name = arguments.plain().front();
  if (name == "-") return warm_all(*client, std::cin);
  std::ifstream file(name);
  if (!file) return failed(kName, "can't read " + name);
  return warm_all(*client, file);
}

}  // namespace weir
