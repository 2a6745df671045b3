// Store: the objects in memory. Sharded by key digest, one strict byte budget for all shards, S3-FIFO eviction by
// bytes, same bodies kept once. Any thread; a find holds one shard's lock for tens of nanoseconds and writes nothing
// but a small counter. No sockets, no clock of its own, no opinion on freshness or invalidation.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/object.h"
#include "proxy/http/headers.h"

namespace weir {

class Shard;
struct StoreNode;

class Store {
 public:
  // `budget` bytes cover everything: bodies, heads, keys, index, ghosts, allocator slack.
  explicit Store(Size budget);
  ~Store();

  struct Found {
    ObjectPtr object;             // the variant that the request selects, or null
    bool other_variants = false;  // the key is known, but none of its variants matches (Cache-Status: vary-miss)
    bool hit_for_miss = false;    // an uncacheable answer is remembered: don't queue behind a leader
  };
  // `key` is compared whole. Counts as a use for eviction. No heap allocation.
  Found find(const Digest& digest, std::string_view key, const Fields& request, Time now) const;

  // Stores it, in place of the variant with the same Vary values; evicts to stay within budget. Past max_variants of
  // one key the least used variant goes; variants that vary by other names go, too: the newest answer says what counts.
  // Ends a hit-for-miss mark. Returns false where it does not fit (larger than a tenth of the budget). Gives back the
  // object as stored: its body may be another object's with the same bytes.
  bool put(std::shared_ptr<Object> object, unsigned max_variants);

  // Stores `now` in place of `old`, an object with the same key and Vary values; only while that is still the one kept.
  bool replace(const Object& old, std::shared_ptr<Object> now);

  // Drops this very object (or all variants of a key). No effect where it isn't stored any more.
  void erase(const Object& object);
  void erase_key(const Digest& digest, std::string_view key);
  void clear();

  // Until then requests for the key go straight to the origin, each for itself. Takes (little) budget as well.
  void remember_uncacheable(const Digest& digest, std::string_view key, Time until);

  // All variants of a key, without counting as a use: for the admin endpoint, 304s and unsafe methods.
  std::vector<ObjectPtr> variants(const Digest& digest, std::string_view key) const;

  struct Statistics {
    Size budget = 0, bytes = 0, body_bytes = 0, shared_body_bytes = 0;  // shared: saved by keeping same bodies once
    std::uint64_t objects = 0, keys = 0, evictions = 0, inserts = 0, refused = 0, hit_for_miss = 0;
  };
  Statistics statistics() const;

  // Calls each(object) for at most `limit` objects, hottest shards first is not promised. For listings; takes locks
  // briefly.
  std::vector<ObjectPtr> sample(std::size_t limit) const;

 private:
  class Room;
  struct State;
  static constexpr std::size_t kShards = 64;

  Shard& shard_of(const Digest& digest) const { return *shards_[digest.high % kShards]; }
  static Found find_variant(const StoreNode& first, std::unique_lock<std::mutex> lock, const Fields& request, Time now);
  bool evict_one() const;
  bool keep_body(Object& object, StoreNode& node) const;
  bool put_in(std::shared_ptr<Object> object, unsigned max_variants, const Object* instead_of);
  bool insert(std::unique_ptr<StoreNode> node, unsigned max_variants, const Object* instead_of = nullptr) const;

  std::unique_ptr<State> state_;
  std::array<std::unique_ptr<Shard>, kShards> shards_;
};

}  // namespace weir
