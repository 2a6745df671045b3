// Shard: one of the store's parts, with a lock of its own. Holds the nodes of the keys that fall to it: index, chains
// of variants, eviction queues. The store locks it and calls; nothing in here takes another lock or frees a node.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "proxy/base/hash.h"
#include "proxy/cache/budget.h"
#include "proxy/cache/eviction.h"
#include "proxy/cache/index.h"
#include "proxy/cache/node.h"
#include "proxy/cache/shared_bodies.h"

namespace weir {

// Nodes that left their shard; freed, and their bytes given back, when this goes: stands before the lock, so dies after
// it.
class Dead {
 public:
  Dead(Budget& budget, SharedBodies& bodies) : budget_(budget), bodies_(bodies) {}
  ~Dead();
  Dead(const Dead&) = delete;
  Dead& operator=(const Dead&) = delete;

  void add(StoreNode& node);

 private:
  void bury(std::unique_ptr<StoreNode> node);

  Budget& budget_;
  SharedBodies& bodies_;
  StoreNode* first_ = nullptr;
};

class alignas(64) Shard {
 public:
  // For each slot of the index: itself and half a ghost.
  static constexpr Size kBytesPerSlot = Index::kSlotBytes + Ghosts::kSlotBytes / 2;

  explicit Shard(Budget& budget) : budget_(budget) {}
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  std::mutex mutex;  // held while any of the below is called

  // The chain of a key: its objects, newest first, then its mark.
  StoreNode* find(const Digest& digest, std::string_view key) const { return index_.find(digest, key); }

  bool holds(const Object& object) const;

  // What must have been reserved before one more key is put in; grow() then uses it.
  Size growth() const { return index_.is_full() ? index_.grown() * kBytesPerSlot : 0; }
  void grow();

  // Puts in an object, in place of what it replaces, or a mark. Shard and budget have room for it.
  void put_object(std::unique_ptr<StoreNode> node, std::size_t max_variants, Dead& dead);
  void put_mark(std::unique_ptr<StoreNode> node, std::size_t max_marks, Dead& dead);

  void remove(StoreNode& node, Dead& dead);
  // A visit of eviction: takes one node out where the shard's credit pays for looking at it, else adds a part of what
  // it holds to the credit. So each byte of the store is looked at equally often, wherever it lies, as if there were
  // one queue for all.
  enum class Visit : std::uint8_t { empty, saved_up, evicted };
  Visit evict(Dead& dead);
  // Takes at most `limit` nodes out, whatever their use; false once there are none.
  bool clear_some(std::size_t limit, Dead& dead);

  std::size_t keys() const { return index_.size(); }
  const Eviction& eviction() const { return eviction_; }

 private:
  void make_way(const StoreNode& node, std::size_t max_variants, Dead& dead);
  void unlink(StoreNode& node);
  void resize(std::size_t slots);
  void shrink();

  Budget& budget_;
  Index index_;
  Eviction eviction_;
  Size credit_ = 0;  // bytes that may be looked at
};

}  // namespace weir
