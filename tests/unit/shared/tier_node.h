// TierNode: what one loop of one weir has of the tier, on a thread of its own, asked from the test's thread.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proxy/cache/vary.h"
#include "proxy/shared/redis_tier.h"
#include "tests/support/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/unit/shared/objects.h"

namespace weir::test {

class TierNode {
 public:
  static RedisTierSettings settings() {
    RedisTierSettings settings;
    settings.prefix = "test";
    settings.timeout = std::chrono::seconds(2);  // the machine may be busy; what is promised in time has its own tests
    settings.write_timeout = std::chrono::seconds(5);
    settings.lease.timeout = std::chrono::seconds(2);
    return settings;
  }

  explicit TierNode(RedisSettings redis, RedisTierSettings settings = TierNode::settings())
      : background_(1), client_(std::move(redis)) {
    client_.on_loop([&] {
      tier_ = std::make_unique<RedisTier>(client_.loop(), background_, *client_.redis(), std::move(settings));
    });
  }
  explicit TierNode(const RedisServer& server, RedisTierSettings settings = TierNode::settings())
      : TierNode(settings_of({server.url()}), std::move(settings)) {}
  ~TierNode() {
    client_.on_loop([this] {
      operation_.cancel();
      tier_.reset();
    });
    background_.stop();
  }
  TierNode(const TierNode&) = delete;
  TierNode& operator=(const TierNode&) = delete;

  // Runs begin(done) on the loop, and waits for what `done` is called with.
  template <class Answer, class Begin>
  Answer ask(Begin begin) {
    std::promise<Answer> promise;
    auto future = promise.get_future();
    client_.on_loop([&] {
      operation_ = begin([&promise, this](Answer answer) {
        operation_.done();
        promise.set_value(std::move(answer));
      });
    });
    WEIR_CHECK(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
  }

  TierAnswer find(std::string_view key, const Fields& request = {}, Size most = 64_MiB) {
    return ask<TierAnswer>([&](auto done) { return tier_->find({key, hash128(key), most}, request, std::move(done)); });
  }
  TierOrLease find_or_lease(std::string_view key, const Fields& request = {}, std::string_view known = {}) {
    return ask<TierOrLease>([&](auto done) {
      return tier_->find_or_lease({key, hash128(key), 64_MiB, known}, request, std::move(done));
    });
  }
  std::shared_ptr<Object> object(std::string_view key, const Fields& request = {}) {
    auto answer = find(key, request);
    auto* const found = std::get_if<TierFound>(&answer);
    return found != nullptr ? found->object : nullptr;
  }
  // Why it isn't there; nothing where it is.
  std::optional<TierMiss> why_not(std::string_view key, const Fields& request = {}, Size most = 64_MiB) {
    const auto answer = find(key, request, most);
    const auto* const missed = std::get_if<TierMissed>(&answer);
    return missed != nullptr ? std::optional(missed->why) : std::nullopt;
  }

  // Returns when it is written, or is not going to be; true: written.
  bool put(ObjectPtr object, RedisLease lease = {}) {
    const auto before = ended();
    const auto written = tier_->counters().puts.read();
    client_.on_loop([&] { tier_->put(std::move(object), 99, std::move(lease)); });
    WEIR_CHECK(eventually([&] { return ended() != before; }));
    return tier_->counters().puts.read() == written + 1;
  }

  LeaseAnswer acquire(std::string_view key) {
    return ask<LeaseAnswer>([&](auto done) { return tier_->leases().acquire(key, std::move(done)); });
  }
  LeaseLook look(std::string_view key) {
    return ask<LeaseLook>([&](auto done) { return tier_->leases().look(key, std::move(done)); });
  }
  // A lease lives and dies on its loop.
  template <class F>
  auto on_loop(F work) {
    return client_.on_loop(std::move(work));
  }
  void drop(RedisLease lease) {
    on_loop([&] { lease.release(); });
  }

  RedisTier& tier() { return *tier_; }
  std::uint64_t misses(TierMiss why) const { return tier_->counters().misses[static_cast<std::size_t>(why)].read(); }

 private:
  std::uint64_t ended() const {
    const auto& counters = tier_->counters();
    return counters.puts.read() + counters.puts_dropped.read() + counters.puts_fenced.read();
  }

  Background background_;
  RedisClient client_;
  std::unique_ptr<RedisTier> tier_;  // these two: the loop's thread only
  Operation operation_;
};

// The names in Redis that end so.
inline std::vector<std::string> names_in(const RedisServer& server, const std::string& pattern = "*") {
  std::vector<std::string> names;
  for (const auto& name : server.ask({"KEYS", pattern}).elements) names.push_back(name.text);
  return names;
}

// Another object for the store than what tests make by default: it is as old as it says now.
inline std::shared_ptr<Object> object_now(std::string_view key, std::string_view content) {
  auto made = object_of(key, content);
  made->life.received = MonotonicClock::now();
  return made;
}

// A request, and an object that varies by what it asks for; bytes that no coding makes smaller.
inline Fields request(std::string_view language) {
  Fields fields;
  fields.add("accept-language", language);
  return fields;
}

inline std::shared_ptr<Object> in_language(std::string_view key, std::string_view language) {
  auto made = object_now(key, language);
  made->vary_names = {"accept-language"};
  made->vary_values = {vary_value(request(language), "accept-language")};
  return made;
}

inline std::string noise(std::size_t size) {
  Mutator random(5);
  return random_text(random, size, false);
}

}  // namespace weir::test
