// Index: from a key to the first node that has it. Open addressing with linear probing; a slot holds 64 bits of the
// digest, so that probing, growing and erasing touch no node. Guarded by its shard's lock.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/node.h"

namespace weir {

class Index {
 public:
  StoreNode* find(const Digest& digest, std::string_view key) const;

  // Needs room: call grow() first where is_full(). The key must not be there yet.
  void insert(StoreNode& first);
  void erase(const StoreNode& first);
  // Both have the same key.
  void replace(const StoreNode& first, StoreNode& by);

  std::size_t size() const { return count_; }
  bool is_full() const { return (count_ + 1) * 4 > slots_.size() * 3; }
  bool is_sparse() const { return slots_.size() > kFewest && count_ * 16 < slots_.size(); }
  std::size_t grown() const { return slots_.empty() ? kFewest : slots_.size() * 2; }
  std::size_t shrunk() const { return slots_.size() / 4; }
  std::size_t slots() const { return slots_.size(); }
  void resize(std::size_t slots);  // a power of two; 0 only where it is empty

  static constexpr Size kSlotBytes = 16;

 private:
  static constexpr std::size_t kFewest = 16;

  struct Slot {
    std::uint64_t hash = 0;
    StoreNode* node = nullptr;
  };
  static_assert(sizeof(Slot) == kSlotBytes);

  std::size_t home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  std::size_t place_of(const StoreNode& node) const;

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace weir
