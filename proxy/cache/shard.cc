// One part of the store; see shard.h.
#include "proxy/cache/shard.h"

#include <algorithm>
#include <utility>

#include "proxy/base/check.h"

namespace weir {
namespace {

constexpr Size kRoundsForAll = 64;  // rounds in which eviction looks at all that a shard holds

bool varies_alike(const Object& a, const Object& b) {
  return a.vary_names == b.vary_names;
}

// Of a chain; the oldest of those used least.
StoreNode* least_used(StoreNode* first) {
  const auto uses = [](const StoreNode* node) { return node->object->uses.load(std::memory_order_relaxed); };
  StoreNode* least = first;
  for (StoreNode* node = first; node != nullptr && node->object; node = node->next) {
    if (uses(node) <= uses(least)) least = node;
  }
  return least;
}

}  // namespace

Dead::~Dead() {
  while (first_ != nullptr) {
    std::unique_ptr<StoreNode> node(first_);
    first_ = node->next;
    bury(std::move(node));
  }
}

void Dead::add(StoreNode& node) {
  node.next = std::exchange(first_, &node);
}

void Dead::bury(std::unique_ptr<StoreNode> node) {
  const Size bytes = node->bytes;
  const bool shares_body = node->shares_body;
  const Digest digest = shares_body ? node->object->body->digest() : Digest{};
  node.reset();
  if (shares_body) bodies_.drop(digest);
  budget_.release(bytes);
}

Shard::~Shard() {
  WEIR_CHECK(eviction_.empty());
}

bool Shard::holds(const Object& object) const {
  const StoreNode* node = find(object.digest, object.key);
  while (node != nullptr && node->object.get() != &object) node = node->next;
  return node != nullptr;
}

void Shard::resize(std::size_t slots) {
  const Size before = index_.slots() * kBytesPerSlot;
  index_.resize(slots);
  eviction_.ghosts().resize(slots / 2);
  budget_.release(before);
}

void Shard::grow() {
  if (index_.is_full()) resize(index_.grown());
}

void Shard::shrink() {
  if (index_.is_sparse() && budget_.reserve(index_.shrunk() * kBytesPerSlot)) resize(index_.shrunk());
}

void Shard::put_object(std::unique_ptr<StoreNode> node, std::size_t max_variants, Dead& dead) {
  make_way(*node, max_variants, dead);
  StoreNode& placed = *node.release();
  placed.next = find(placed.digest, placed.key());
  if (placed.next != nullptr)
    index_.replace(*placed.next, placed);
  else
    index_.insert(placed);
  eviction_.add(placed);
}

// Variants that vary by other names go: the newest answer says what counts. So does the mark: the key is cacheable now.
// What the node replaces hands on its rank.
void Shard::make_way(const StoreNode& node, std::size_t max_variants, Dead& dead) {
  std::size_t others = 0;
  StoreNode* next = nullptr;
  for (StoreNode* old = find(node.digest, node.key()); old != nullptr; old = next) {
    next = old->next;
    if (old->object && varies_alike(*old->object, *node.object)) {
      if (old->object->vary_values != node.object->vary_values) {
        ++others;
        continue;
      }
      node.object->uses.store(old->object->uses.load(std::memory_order_relaxed), std::memory_order_relaxed);
      if (old->queue == Queue::main) eviction_.ghosts().add(node.digest);  // so it goes straight to the main queue
    }
    remove(*old, dead);
  }
  for (; others >= std::max<std::size_t>(max_variants, 1); --others) {
    remove(*least_used(find(node.digest, node.key())), dead);
  }
}

void Shard::put_mark(std::unique_ptr<StoreNode> node, std::size_t max_marks, Dead& dead) {
  StoreNode* last = find(node->digest, node->key());
  while (last != nullptr && last->next != nullptr) last = last->next;
  if (last != nullptr && last->mark) {
    last->mark->until = std::max(last->mark->until, node->mark->until);
    return dead.add(*node.release());
  }
  if (eviction_.marks() >= max_marks) {
    StoreNode* const oldest = eviction_.oldest_mark();
    remove(*oldest, dead);
  }
  StoreNode& placed = *node.release();
  if (last != nullptr)
    last->next = &placed;
  else
    index_.insert(placed);
  eviction_.add(placed);
}

// Out of the chain of its key.
void Shard::unlink(StoreNode& node) {
  StoreNode* const first = find(node.digest, node.key());
  WEIR_CHECK(first != nullptr);
  if (first != &node) {
    StoreNode* before = first;
    while (before->next != &node) before = before->next;
    before->next = node.next;
  } else if (node.next != nullptr) {
    index_.replace(node, *node.next);
  } else {
    index_.erase(node);
  }
}

void Shard::remove(StoreNode& node, Dead& dead) {
  if (node.queue != Queue::none) eviction_.remove(node);
  unlink(node);
  dead.add(node);
}

Shard::Visit Shard::evict(Dead& dead) {
  if (eviction_.empty()) return Visit::empty;
  if (StoreNode* const victim = eviction_.next_victim(credit_)) {
    remove(*victim, dead);
    shrink();
    return Visit::evicted;
  }
  const Size held = eviction_.bytes();
  credit_ = std::min(credit_ + held / kRoundsForAll + 1, held);
  return Visit::saved_up;
}

bool Shard::clear_some(std::size_t limit, Dead& dead) {
  for (; limit > 0 && !eviction_.empty(); --limit) remove(*eviction_.any(), dead);
  if (!eviction_.empty()) return true;
  resize(0);
  return false;
}

}  // namespace weir
