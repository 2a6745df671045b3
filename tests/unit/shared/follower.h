// Follower: one node's log on a thread of its own, in front of a real Redis or one that only seems to be.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/shared/redis_log.h"
#include "tests/conformance/invalidation_log_suite.h"
#include "tests/support/redis_server.h"

namespace weir::test {

using namespace std::chrono_literals;

class Follower {
 public:
  static RedisLogOptions options(std::string name, Duration lease = 2s) {
    RedisLogOptions options;
    options.prefix = "test";
    options.node = std::move(name);
    options.about = "127.0.0.1:1";
    options.lease = lease;
    return options;
  }
  Follower(const RedisServer& redis, std::string name, Duration lease = 2s)
      : Follower(redis.url(), options(std::move(name), lease)) {}
  Follower(const std::string& url, RedisLogOptions options) {
    RedisSettings settings = parse_redis_urls(std::vector<std::string>{url}).value();
    settings.connect_timeout = 1s;
    settings.most_queued = 8_MiB;
    settings.largest_reply = 8_MiB;
    log_ = std::make_unique<RedisLog>(loop_, background_, std::make_shared<const RedisSettings>(std::move(settings)),
                                      std::move(options), rules_);
    loop_.post([this] { log_->start(); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Follower() {
    loop_.post([this] {
      log_->stop();
      loop_.stop();
    });
    thread_.join();
    background_.stop();
  }

  InvalidationLog& log() { return *log_; }
  const InvalidationRules& rules() const { return rules_; }
  RedisLog::Look look() const { return log_->look(); }
  bool trusted() const { return rules_.trusted(); }
  bool follows() const { return look().following && trusted(); }

  Result<Appended> try_append(std::vector<InvalidationRecord> records, Appending how = {}) {
    auto promise = std::make_shared<std::promise<Result<Appended>>>();
    auto future = promise->get_future();
    log_->append(std::move(records), how,
                 [promise](Result<Appended> appended) { promise->set_value(std::move(appended)); });
    WEIR_CHECK(future.wait_for(20s) == std::future_status::ready);  // always answered
    return future.get();
  }
  // On a machine that is busy a command may come too late, for it has a quarter of the lease; a node then refuses what
  // it is asked, as it should. Who is sure that the log is there asks again. Not where the log was lost: that is an
  // answer.
  Result<Appended> append_in_time(const std::vector<InvalidationRecord>& records, Appending how = {}) {
    Result<Appended> appended = try_append(records, how);
    const auto late = [&] {
      if (appended) return false;
      const Error& why = appended.error();
      const bool away = why.code == Code::unavailable && why.detail.find("was lost") == why.detail.npos;
      return away || why.code == Code::timeout || why.code == Code::closed;
    };
    eventually([&] {
      if (late()) appended = try_append(records, how);
      return !late();
    });
    return appended;
  }
  Appended append_to(const std::vector<InvalidationRecord>& records, Appending how = {}) {
    Result<Appended> appended = append_in_time(records, how);
    if (!appended) FAIL(appended.error().detail);
    return std::move(*appended);
  }
  Position append(const std::vector<InvalidationRecord>& records) { return append_to(records).position; }

  // While the answer lives this node does nothing at all.
  std::shared_ptr<void> stand_still() {
    auto over = std::make_shared<std::promise<void>>();
    std::promise<void> stands;
    loop_.post([&stands, over = over->get_future().share()] {
      stands.set_value();
      over.wait();
    });
    stands.get_future().wait();
    return {nullptr, [over](void*) { over->set_value(); }};
  }

  Coverage covers(std::string_view tag_name, Position since) const {
    const std::vector<std::string> tags{std::string(tag_name)};
    return rules_.covers(Subject{test::key_of("/v/1"), &tags, since});
  }

 private:
  InvalidationRules rules_;
  Background background_{1};
  Loop loop_;
  std::unique_ptr<RedisLog> log_;
  std::thread thread_;
};

}  // namespace weir::test
