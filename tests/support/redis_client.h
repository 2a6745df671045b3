// RedisClient: weir's client on a loop's thread of its own, asked from the test's thread.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/base/check.h"
#include "proxy/shared/redis.h"

namespace weir::test {

inline RedisSettings settings_of(const std::vector<std::string>& urls) {
  auto settings = parse_redis_urls(urls);
  WEIR_CHECK(settings.ok());
  settings->connect_timeout = std::chrono::seconds(1);
  return std::move(*settings);
}

class RedisClient {
 public:
  static constexpr Duration kLong = std::chrono::seconds(5);
  static constexpr Duration kShort = std::chrono::milliseconds(20);

  // Runs `work` on the loop and waits for it.
  template <class F>
  auto on_loop(F work) {
    std::promise<decltype(work())> promise;
    auto future = promise.get_future();
    loop_.post([&] {
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        promise.set_value();
      } else {
        promise.set_value(work());
      }
    });
    WEIR_CHECK(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
  }

  explicit RedisClient(RedisSettings settings)
      : background_(1), settings_(std::make_shared<const RedisSettings>(std::move(settings))) {
    thread_ = std::thread([this] { loop_.run(); });
    on_loop([this] { redis_ = std::make_unique<Redis>(loop_, background_, settings_); });
  }
  explicit RedisClient(const std::string& url) : RedisClient(settings_of({url})) {}
  ~RedisClient() {
    on_loop([this] { redis_.reset(); });
    loop_.stop();
    thread_.join();
    background_.stop();
  }
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  using Answer = std::future<Result<RedisReply>>;

  // Asks without waiting. `key` is what a cluster routes by.
  Answer begin(std::vector<std::string> words, Duration timeout = kLong, std::string key = "") {
    auto promise = std::make_shared<std::promise<Result<RedisReply>>>();
    auto future = promise->get_future();
    loop_.post([this, promise, timeout, words = std::move(words), key = std::move(key)]() mutable {
      redis_
          ->call({std::move(words), std::move(key), timeout},
                 [promise](Result<RedisReply> reply) { promise->set_value(std::move(reply)); })
          .done();
    });
    return future;
  }

  static Result<RedisReply> wait(Answer& answer) {
    WEIR_CHECK(answer.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return answer.get();
  }

  Result<RedisReply> ask(std::vector<std::string> words, Duration timeout = kLong, std::string key = "") {
    auto answer = begin(std::move(words), timeout, std::move(key));
    return wait(answer);
  }

  // Text of the reply, or "error: " and why there is none.
  std::string text(std::vector<std::string> words, std::string key = "") {
    const auto reply = ask(std::move(words), kLong, std::move(key));
    return reply ? reply->text : "error: " + reply.error().detail;
  }

  bool well() {
    return on_loop([this] { return redis_->well(); });
  }
  bool pongs() { return ask({"PING"}).ok(); }
  const RedisCounters& counters() const { return redis_->counters(); }
  std::unique_ptr<Redis>& redis() { return redis_; }
  Loop& loop() { return loop_; }

 private:
  Loop loop_;
  Background background_;
  const std::shared_ptr<const RedisSettings> settings_;
  std::unique_ptr<Redis> redis_;  // the loop's thread only
  std::thread thread_;
};

}  // namespace weir::test
