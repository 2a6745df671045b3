// RedisBreaker: may one server be asked? Pure: time is an argument.
//
//   closed ──5 failures in a row, or silence, or no connection──► open ──pause over──► half_open ──the probe is
//   answered──► closed
//                                                                  ▲                       │
//                                                                  └──the probe fails──────┘
//
// The pause begins at 0.1 s, doubles up to 5 s, and is short again once a command has succeeded: a probe alone proves
// little.
#pragma once

#include <cstdint>

#include "proxy/base/clock.h"
#include "proxy/base/units.h"

namespace weir {

class RedisBreaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  static constexpr unsigned kMostFailures = 5;
  static constexpr Duration kSilence = std::chrono::milliseconds(250);
  static constexpr Duration kFirstPause = std::chrono::milliseconds(100);
  static constexpr Duration kLongestPause = std::chrono::seconds(5);

  // `seed` of the jitter, so that nodes don't come back all at once.
  explicit RedisBreaker(std::uint64_t seed) : random_(seed) {}

  State state() const { return state_; }
  bool allows() const { return state_ == State::closed; }

  void succeeded();       // a command was answered in time
  void failed(Time now);  // one was not, or the server can't serve: the fifth in a row opens
  void broke(Time now);   // silence, or no connection: opens at once; a probe has failed
  void begin_probe();     // now or earlier than planned
  void probe_answered();
  // Open: when the next probe is due.
  Time retry_at() const { return retry_at_; }

  // How long the command that waits longest may go unanswered before the server counts as silent. One that is to take
  // longer (XREAD BLOCK) says so by its timeout.
  static Duration patience(Duration timeout) { return timeout > kSilence ? timeout : kSilence; }

 private:
  void open(Time now);

  State state_ = State::closed;
  unsigned failures_ = 0;
  Duration pause_ = kFirstPause;
  Time retry_at_{};
  std::uint64_t random_;
};

}  // namespace weir
