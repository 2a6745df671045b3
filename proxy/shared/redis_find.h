// RedisFind: one look into the tier; see redis_tier.h. Owned by the Operation that the asker holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proxy/shared/redis_tier.h"

namespace weir {

class RedisFind : public std::enable_shared_from_this<RedisFind> {
 public:
  RedisFind(RedisTierContext& tier, const RedisTier::Asked& asked, const Fields& request, bool wants_lease,
            Callback<void(TierOrLease)> done);
  ~RedisFind() { cancel(); }
  RedisFind(const RedisFind&) = delete;
  RedisFind& operator=(const RedisFind&) = delete;

  void start();
  void cancel();

 private:
  struct Job;

  Duration time_left() const;
  void ask(std::string name, std::string lease);
  void ask_entry();
  void ask_entry_or_lease();
  void on_entry(Result<RedisReply> reply);
  void on_entry_or_lease(Result<RedisReply> reply);
  void read(std::string bytes);
  void follow(const VaryNote& note);
  void ask_parts();
  void ask_part();
  void on_part(std::size_t n, Result<RedisReply> reply);
  void unpack();
  void unpacked();
  std::string_view seal_of_entry() const;
  void unfit(TierMiss why);
  void end_with(LeaseAnswer answer, TierMiss why);
  void miss(TierMiss why);
  void finish(TierOrLease answer);

  RedisTierContext& tier_;
  const std::string key_;
  const Digest digest_;
  const Size most_;
  const std::string known_;
  const Fields& request_;  // the asker's; not touched once this is cancelled
  const bool wants_lease_;
  Callback<void(TierOrLease)> done_;

  const Time began_;
  const std::string stem_;
  std::string name_;                  // of the entry that is asked for
  std::string lease_;                 // of the lease that goes with it
  std::string token_;                 // a lease may have been taken by it; empty: none
  bool followed_ = false;             // a note led here
  std::optional<std::int64_t> left_;  // PTTL of it, ms
  Time asked_;                        // when that was asked
  std::chrono::steady_clock::time_point lease_asked_;
  std::shared_ptr<Job> job_;
  std::uint32_t parts_asked_ = 0, parts_here_ = 0;
  std::vector<Operation> calls_;  // under way; [0] is PTTL where there are two, or each is a part
  Time parts_until_;              // by when all of them must be here
};

}  // namespace weir
