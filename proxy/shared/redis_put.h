// RedisPut: one object on its way into the tier; see redis_tier.h. Owned by the tier until it says that it is over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/shared/redis_tier_context.h"

namespace weir {

class RedisPut : public std::enable_shared_from_this<RedisPut> {
 public:
  // `over` is called once, never from inside start(); this may die in it.
  RedisPut(RedisTierContext& tier, ObjectPtr object, std::uint64_t mark, RedisLease lease, Callback<void()> over);
  RedisPut(const RedisPut&) = delete;
  RedisPut& operator=(const RedisPut&) = delete;

  // False where the background is full: then nothing happens.
  bool start();
  Size waiting() const { return object_->body->size(); }

 private:
  // What is done in the background. Holds nothing that belongs to the loop.
  struct Packing {
    ObjectPtr object;
    std::shared_ptr<const Seal> seal;
    Size compress_above = 0;
    PackedBody body;
    void run() { body = pack_body(*object, compress_above, *seal); }
  };

  void ask_time();
  void on_time(const Result<RedisReply>& reply);
  void write_part();
  void write_entry();
  void on_entry(const Result<RedisReply>& reply);
  void fail(Counter& counter);
  void end();
  std::vector<std::string> names_of(const PartsName& parts) const;
  void write(std::vector<std::string> words, Callback<void(const Result<RedisReply>&)> done);

  RedisTierContext& tier_;
  const ObjectPtr object_;
  const std::uint64_t mark_;
  RedisLease lease_;
  Callback<void()> over_;
  const std::shared_ptr<Packing> packing_;

  const std::string stem_;
  std::string name_;     // of the entry
  std::string note_;     // what is to stand under the base name; empty: it doesn't vary
  PartsName parts_;      // of this writing; count: written so far
  PartsName old_parts_;  // of what is overwritten
  Written written_;
  std::int64_t ends_at_ = 0;  // by Redis's own clock, ms since 1970
  std::vector<Operation> calls_;
};

}  // namespace weir
