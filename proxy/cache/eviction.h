// Eviction: which object of a shard goes next. S3-FIFO by bytes (Yang and others, SOSP 2023): what is new stands in a
// small queue and goes first unless it was used; what was used again, or comes back soon after it went, stands in the
// main queue and gets another round for each use. A hit only bumps a two-bit counter in the object. Guarded by its
// shard's lock.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/node.h"

namespace weir {

// Fingerprints of what went from the small queue: sets of four, the oldest of a set is replaced.
class Ghosts {
 public:
  void add(const Digest& digest);
  bool take(const Digest& digest);  // was it there? then it is no more
  void resize(std::size_t slots);   // a power of two, at least 4, or 0; forgets all

  static constexpr Size kSlotBytes = 8;

 private:
  static constexpr std::size_t kWays = 4;

  struct Slot {
    std::uint32_t fingerprint = 0;
    std::uint32_t added = 0;  // 0: empty
  };
  static_assert(sizeof(Slot) == kSlotBytes);

  Slot* set_of(const Digest& digest) { return &slots_[digest.high / 64 % (slots_.size() / kWays) * kWays]; }
  static std::uint32_t fingerprint(const Digest& digest) { return static_cast<std::uint32_t>(digest.high >> 32); }

  std::vector<Slot> slots_;
  std::uint32_t clock_ = 0;
};

class NodeQueue {
 public:
  void push(StoreNode& node);
  void remove(StoreNode& node);
  StoreNode* oldest() const { return oldest_; }
  StoreNode* newest() const { return newest_; }
  Size bytes() const { return bytes_; }
  std::size_t size() const { return size_; }

 private:
  StoreNode* oldest_ = nullptr;
  StoreNode* newest_ = nullptr;
  Size bytes_ = 0;
  std::size_t size_ = 0;
};

class Eviction {
 public:
  void add(StoreNode& node);
  void remove(StoreNode& node);

  // Takes the next to go out of its queue. Each node that is looked at costs its weight of `credit`; null where that,
  // or the patience of whoever waits for the shard's lock, is used up before one is found that may go.
  StoreNode* next_victim(Size& credit);

  bool empty() const { return small_.size() + main_.size() + marks_.size() == 0; }
  std::size_t objects() const { return small_.size() + main_.size(); }
  std::size_t marks() const { return marks_.size(); }
  StoreNode* oldest_mark() const { return marks_.oldest(); }
  StoreNode* any() const {
    return small_.size() > 0 ? small_.oldest() : main_.size() > 0 ? main_.oldest() : marks_.oldest();
  }
  Size bytes() const { return small_.bytes() + main_.bytes() + marks_.bytes(); }
  const NodeQueue& small() const { return small_; }
  const NodeQueue& main() const { return main_; }
  Ghosts& ghosts() { return ghosts_; }

 private:
  NodeQueue& queue_of(const StoreNode& node);
  StoreNode& candidate() const;
  bool another_round(StoreNode& node);

  NodeQueue small_, main_, marks_;
  Ghosts ghosts_;
};

}  // namespace weir
