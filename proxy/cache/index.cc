// The hash table of a shard; see index.h. Erasing moves later slots back instead of leaving tombstones, so that a full
// life of inserts and evictions never makes probing longer.
#include "proxy/cache/index.h"

#include <utility>

#include "proxy/base/check.h"

namespace weir {

StoreNode* Index::find(const Digest& digest, std::string_view key) const {
  if (slots_.empty()) return nullptr;
  for (std::size_t at = home(digest.low);; at = home(at + 1)) {
    const Slot& slot = slots_[at];
    if (slot.node == nullptr) return nullptr;
    if (slot.hash == digest.low && slot.node->digest == digest && slot.node->key() == key) return slot.node;
  }
}

void Index::insert(StoreNode& first) {
  WEIR_CHECK(!is_full());
  std::size_t at = home(first.digest.low);
  while (slots_[at].node != nullptr) at = home(at + 1);
  slots_[at] = Slot{first.digest.low, &first};
  ++count_;
}

std::size_t Index::place_of(const StoreNode& node) const {
  std::size_t at = home(node.digest.low);
  while (slots_[at].node != &node) {
    WEIR_CHECK(slots_[at].node != nullptr);
    at = home(at + 1);
  }
  return at;
}

void Index::replace(const StoreNode& first, StoreNode& by) {
  slots_[place_of(first)].node = &by;
}

// A slot may move back into the gap unless that would carry it before its home.
void Index::erase(const StoreNode& first) {
  std::size_t gap = place_of(first);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = home(gap + 1); slots_[at].node != nullptr; at = home(at + 1)) {
    const std::size_t from_home = (at - home(slots_[at].hash)) & mask;
    if (from_home < ((at - gap) & mask)) continue;
    slots_[gap] = slots_[at];
    gap = at;
  }
  slots_[gap] = Slot{};
  --count_;
}

void Index::resize(std::size_t slots) {
  WEIR_CHECK(slots == 0 ? count_ == 0 : count_ * 4 < slots * 3);
  const auto before = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : before) {
    if (slot.node == nullptr) continue;
    std::size_t at = home(slot.hash);
    while (slots_[at].node != nullptr) at = home(at + 1);
    slots_[at] = slot;
  }
}

}  // namespace weir
