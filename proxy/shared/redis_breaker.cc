// When a server is asked and when not; see redis_breaker.h.
#include "proxy/shared/redis_breaker.h"

#include <algorithm>

namespace weir {
namespace {

// splitmix64: enough for jitter.
std::uint64_t draw(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

}  // namespace

void RedisBreaker::succeeded() {
  if (state_ != State::closed) return;
  failures_ = 0;
  pause_ = kFirstPause;
}

void RedisBreaker::failed(Time now) {
  if (state_ != State::closed) return;
  if (++failures_ >= kMostFailures) open(now);
}

void RedisBreaker::broke(Time now) {
  if (state_ != State::open) open(now);
}

void RedisBreaker::begin_probe() {
  state_ = State::half_open;
}

// The next failure opens again, unless a command succeeds before.
void RedisBreaker::probe_answered() {
  if (state_ != State::half_open) return;
  failures_ = kMostFailures - 1;
  state_ = State::closed;
}

void RedisBreaker::open(Time now) {
  state_ = State::open;
  // 80 to 120 % of the pause.
  const auto percent = static_cast<std::int64_t>(80 + draw(random_) % 41);
  retry_at_ = now + std::min<Duration>(pause_ * percent / 100, kLongestPause);
  pause_ = std::min<Duration>(pause_ * 2, kLongestPause);
}

}  // namespace weir
