// Leases: one fetch for all nodes. Who holds the lease of a key fetches; the others wait for what comes of it, with a
// bound of their own, and then fetch as well. A lease is a name in Redis with a short life that holds a random token;
// its holder prolongs it. A holder that stalls loses it, learns so, and can't write any more: whatever is written on
// the strength of a lease is written by a script that looks at the token first (RedisTier::put).
//
// One loop's thread. Redis being away is no reason to wait: then everybody fetches.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/base/callback.h"
#include "proxy/base/metrics.h"
#include "proxy/base/operation.h"
#include "proxy/net/loop.h"
#include "proxy/shared/entry_names.h"
#include "proxy/shared/redis.h"
#include "proxy/shared/redis_chores.h"

namespace weir {

struct RedisLeaseSettings {
  Duration bound = std::chrono::seconds(1);  // a holder that says nothing has lost it after this
  Duration renew_every = std::chrono::milliseconds(300);
  Duration timeout = std::chrono::milliseconds(25);  // of each command
};

struct RedisLeaseCounters {
  Counter taken, held, passed, unavailable;  // how asking for one ended; held: another has it
  Counter lost;                              // while we held them
};

class RedisLeases;

// The right to fetch for all nodes. Dropping it gives it back. Must not outlive the RedisLeases it is from.
class RedisLease {
 public:
  RedisLease();
  RedisLease(RedisLease&& other) noexcept;
  RedisLease& operator=(RedisLease&& other) noexcept;
  ~RedisLease();

  explicit operator bool() const { return held_ != nullptr; }
  // Whether, as far as we know, it is still ours. Not after a renewal found it another's, nor once Redis hasn't
  // confirmed it for so long that it may have given it away.
  bool is_held() const;
  // Called once, when it turns out to be lost. The lease may be dropped inside.
  void on_lost(Callback<void()> lost);

  // The answer can't be shared: for so long nobody is to wait for this key. Ends the lease.
  void mark_pass(Duration during);
  void release() { *this = RedisLease(); }

  const std::string& name() const;
  const std::string& token() const;
  // What it was for is written, or its script found it lost: nothing is left to give back.
  void spent();

 private:
  friend class RedisLeases;
  class Held;
  explicit RedisLease(std::unique_ptr<Held> held);
  void drop();
  std::unique_ptr<Held> held_;
};

struct LeaseHeld {};  // another fetches: wait for the entry
struct LeasePass {};  // the answer can't be shared: fetch, don't wait
struct LeaseFree {};
struct LeaseUnavailable {};  // Redis doesn't say: fetch
using LeaseAnswer = std::variant<RedisLease, LeaseHeld, LeasePass, LeaseUnavailable>;
using LeaseLook = std::variant<LeaseFree, LeaseHeld, LeasePass, LeaseUnavailable>;

class RedisLeases {
 public:
  // All outlive this.
  RedisLeases(Loop& loop, Redis& redis, const EntryNames& names, RedisLeaseSettings settings);
  ~RedisLeases();
  RedisLeases(const RedisLeases&) = delete;
  RedisLeases& operator=(const RedisLeases&) = delete;

  Operation acquire(std::string_view key, Callback<void(LeaseAnswer)> done);
  Operation look(std::string_view key, Callback<void(LeaseLook)> done);

  // For RedisTier, whose scripts take leases as well.
  Operation acquire_named(std::string name, Callback<void(LeaseAnswer)> done);
  std::string bound_ms() const { return milliseconds(settings_.bound); }
  // Of one that may have been taken for an asker who never heard of it: else all others would wait for nobody.
  void give_back(const std::string& name, const std::string& token);
  // What a script that ends as kTake said of it. `asked`: when the command was sent.
  LeaseAnswer answer_to(const RedisReply& reply, std::string name, std::string token,
                        std::chrono::steady_clock::time_point asked);

  const RedisLeaseCounters& counters() const { return counters_; }

 private:
  friend class RedisLease;
  static std::string milliseconds(Duration duration);
  Operation run(std::string_view script, std::string name, std::vector<std::string> arguments,
                Callback<void(Result<RedisReply>)> done);

  Loop& loop_;
  Redis& redis_;
  const EntryNames& names_;
  const RedisLeaseSettings settings_;
  RedisLeaseCounters counters_;
  RedisChores chores_;  // releases under way
};

}  // namespace weir
