// RedisTier: one loop's view of the cache that the nodes share. Between memory and the origin: a find answers with an
// object or with why not, and no trouble of Redis is ever more than a miss. What it gives is ready for the memory
// store, and its log position and mark are for the caller to judge (InvalidationRules): validity isn't decided here.
//
//   find ──► PTTL, GET base ─┬─ entry ──────────────────────────────► verify ─► body (in it, or its parts) ─► found
//                            └─ note ─► PTTL, GET variant ─► entry ─┘
//   put ───► compress (background) ─► TIME, old parts? ─► parts, one by one ─► entry (and note)
//
// This loop's thread only; large bodies are compressed, decompressed and verified on `background`.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/base/callback.h"
#include "proxy/base/operation.h"
#include "proxy/http/headers.h"
#include "proxy/shared/redis_tier_context.h"

namespace weir {

class RedisPut;

struct TierFound {
  std::shared_ptr<Object> object;  // nobody else has it yet
  std::uint64_t mark = 0;          // as it was given to put(), for Object::position
  std::string seal;                // tells this entry from every other
};
struct TierMissed {
  TierMiss why = TierMiss::absent;
};
using TierAnswer = std::variant<TierFound, TierMissed>;
// Missed: Redis is of no help, nobody is to be waited for.
using TierOrLease = std::variant<TierFound, RedisLease, LeaseHeld, LeasePass, TierMissed>;

class RedisTier {
 public:
  // All outlive this, and this outlives its operations and leases.
  RedisTier(Loop& loop, Background& background, Redis& redis, RedisTierSettings settings);
  ~RedisTier();
  RedisTier(const RedisTier&) = delete;
  RedisTier& operator=(const RedisTier&) = delete;

  struct Asked {
    std::string_view key;      // key bytes; copied
    Digest digest;             // of it
    Size most = 8_MiB;         // a larger body is a miss
    std::string_view known{};  // find_or_lease: the seal of an entry that won't do, and is as good as none
  };
  // `request` chooses among variants; it must live until the answer or the end of the operation.
  Operation find(const Asked& asked, const Fields& request, Callback<void(TierAnswer)> done);
  // The same, and where there is nothing the lease, in the same round trip.
  Operation find_or_lease(const Asked& asked, const Fields& request, Callback<void(TierOrLease)> done);

  // Writes it for all nodes, some time soon; nobody waits for it. `mark` is the log's at object->position. The caller
  // answers for it that this object may be shared between users: private answers only where the key keeps their user
  // apart, and never those to an Authorization that isn't in the key (hostile.md 24, 40).
  //
  // With a lease it is written only while that is still held, and then ends it; the lease lives on until then.
  void put(ObjectPtr object, std::uint64_t mark, RedisLease lease = {});

  // Best effort, to save room. What varies can no longer be found; a later answer that varies by the same fields makes
  // variants findable again that were not erased themselves.
  void erase(std::string_view key);
  void erase(const Object& object);  // this variant

  RedisLeases& leases() { return context_.leases; }
  const RedisTierCounters& counters() const { return context_.counters; }

 private:
  static constexpr std::size_t kMostPuts = 256;  // under way

  RedisTierContext context_;
  std::list<std::shared_ptr<RedisPut>> puts_;
  Size waiting_ = 0;  // bytes of bodies in puts_
};

}  // namespace weir
