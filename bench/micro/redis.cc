// bench_redis SOCKET: what a GET of 1 KiB costs weir's client, over a unix socket, to a redis-server that runs already.
// CPU of this process for each command, and commands a second; to be compared with `redis-benchmark -s SOCKET -P 64 -c
// 1`.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "proxy/base/check.h"
#include "proxy/shared/redis.h"

namespace {

using namespace weir;

double cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Keeps `depth` commands under way, for `seconds`.
class Run {
 public:
  Run(Loop& loop, Redis& redis, std::size_t depth, double seconds)
      : loop_(loop), redis_(redis), depth_(depth), seconds_(seconds) {}

  void begin() {
    began_ = std::chrono::steady_clock::now();
    cpu_ = cpu_us();
    for (std::size_t i = 0; i < depth_; ++i) ask();
  }
  bool print() const {
    const std::chrono::duration<double> took = ended_ - began_;
    std::printf("depth %3zu: %7.2f us of CPU a GET, %8.0f GETs/s\n", depth_, used_ / static_cast<double>(answered_),
                static_cast<double>(answered_) / took.count());
    return wrong_ == 0;
  }

 private:
  void ask() {
    RedisCommand command;
    command.words = {"GET", "bench:1KiB"};
    command.timeout = std::chrono::seconds(2);
    redis_
        .call(std::move(command),
              [this](Result<RedisReply> reply) {
                if (!reply || reply->text.size() != 1024) ++wrong_;
                told();
              })
        .done();
  }
  void told() {
    ++answered_;
    if (answered_ % 64 == 0) {
      ended_ = std::chrono::steady_clock::now();
      over_ = std::chrono::duration<double>(ended_ - began_).count() > seconds_;
    }
    if (!over_) return ask();
    if (--depth_left_ > 0) return;
    used_ = cpu_us() - cpu_;
    loop_.stop();
  }

  Loop& loop_;
  Redis& redis_;
  const std::size_t depth_;
  const double seconds_;
  std::size_t depth_left_ = depth_;
  std::chrono::steady_clock::time_point began_, ended_;
  double cpu_ = 0, used_ = 0;
  std::size_t answered_ = 0, wrong_ = 0;
  bool over_ = false;
};

bool measure(const std::shared_ptr<const RedisSettings>& settings, std::size_t depth) {
  Background background(1);
  Loop loop;
  Redis redis(loop, background, settings);
  Run run(loop, redis, depth, 2);
  redis
      .call({{"SET", "bench:1KiB", std::string(1024, 'v')}, "", std::chrono::seconds(2)},
            [&](const Result<RedisReply>& reply) {
              WEIR_CHECK(reply.ok());
              run.begin();
            })
      .done();
  loop.run();
  background.stop();
  return run.print();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s SOCKET\n", argv[0]), 2;
  auto settings = parse_redis_urls({{std::string("unix://") + argv[1]}});
  if (!settings) return std::fprintf(stderr, "%s\n", settings.error().detail.c_str()), 2;
  const auto shared = std::make_shared<const RedisSettings>(std::move(*settings));
  bool right = true;
  for (const std::size_t depth : {64U, 16U, 1U}) right = measure(shared, depth) && right;
  return right ? 0 : 1;
}
