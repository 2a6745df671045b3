// The objects in memory; see store.h.
//
// Who guards what: a shard's lock its index, its queues and its nodes; the budget is atomic; bodies have locks of their
// own (shared_bodies). No thread holds two of these locks at once, and nothing is freed under one.
#include "proxy/cache/store.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "proxy/base/check.h"
#include "proxy/cache/budget.h"
#include "proxy/cache/footprint.h"
#include "proxy/cache/shard.h"
#include "proxy/cache/shared_bodies.h"
#include "proxy/cache/vary.h"

namespace weir {
namespace {

constexpr std::size_t kMaxVariants = 64;      // whatever a route says: a look-up copies that many pointers to its stack
constexpr std::size_t kMarksPerShard = 1024;  // hit-for-miss marks
constexpr Size kLargestShare = 10;            // an object may take a tenth of the budget
constexpr std::uint8_t kMostUses = 3;         // two bits
constexpr std::size_t kClearedAtOnce = 256;   // nodes for each time the lock is held

constexpr auto kRelaxed = std::memory_order_relaxed;

void count_use(const Object& object) {
  const auto uses = object.uses.load(kRelaxed);
  if (uses < kMostUses) object.uses.store(static_cast<std::uint8_t>(uses + 1), kRelaxed);
}

}  // namespace

struct Store::State {
  explicit State(Size limit) : budget(limit) {}

  Budget budget;
  SharedBodies bodies{budget};
  std::atomic<std::uint64_t> inserts{0};
  std::atomic<std::uint64_t> evictions{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::size_t> turn{0};  // where eviction looks next
};

// Bytes of the budget held for something that is about to be stored; gives back what was not used.
class Store::Room {
 public:
  explicit Room(const Store& store) : store_(store) {}
  ~Room() { store_.state_->budget.release(bytes_); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  // Evicts until `bytes` are held; false where there is nothing left to evict.
  bool hold(Size bytes) {
    if (bytes <= bytes_) return true;
    Budget& budget = store_.state_->budget;
    if (bytes > budget.limit()) return false;
    while (!budget.reserve(bytes - bytes_)) {
      if (!store_.evict_one()) return false;
    }
    bytes_ = bytes;
    return true;
  }
  Size held() const { return bytes_; }
  void use(Size bytes) {
    WEIR_CHECK(bytes <= bytes_);
    bytes_ -= bytes;
  }

 private:
  const Store& store_;
  Size bytes_ = 0;
};

Store::Store(Size budget) : state_(std::make_unique<State>(budget)) {
  for (auto& shard : shards_) shard = std::make_unique<Shard>(state_->budget);
  state_->budget.charge(allocated(sizeof(State)) + kShards * allocated(sizeof(Shard)));
}

Store::~Store() {
  clear();
}

Store::Found Store::find(const Digest& digest, std::string_view key, const Fields& request, Time now) const {
  Shard& shard = shard_of(digest);
  std::unique_lock lock(shard.mutex);
  const StoreNode* node = shard.find(digest, key);
  if (node == nullptr) return {};
  if (node->object && !node->object->vary_names.empty()) return find_variant(*node, std::move(lock), request, now);
  Found found;
  if (node->object) {  // what doesn't vary stands alone
    found.object = node->object;
    count_use(*found.object);
    node = node->next;
  }
  if (node != nullptr) found.hit_for_miss = now < node->mark->until;
  return found;
}

// Compares outside the lock: normal forms of long fields take longer than a look-up may.
Store::Found Store::find_variant(const StoreNode& first, std::unique_lock<std::mutex> lock, const Fields& request,
                                 Time now) {
  Found found;
  std::array<ObjectPtr, kMaxVariants> variants;
  std::size_t count = 0;
  for (const StoreNode* node = &first; node != nullptr; node = node->next) {
    if (node->mark)
      found.hit_for_miss = now < node->mark->until;
    else if (count < kMaxVariants)
      variants[count++] = node->object;
  }
  lock.unlock();
  for (std::size_t i = 0; i < count; ++i) {
    if (!vary_matches(*variants[i], request)) continue;
    found.object = std::move(variants[i]);
    count_use(*found.object);
    return found;
  }
  found.other_variants = true;
  return found;
}

// The same bytes are kept once. Other bytes under the same digest, which nobody can aim for, are kept apart.
bool Store::keep_body(Object& object, StoreNode& node) const {
  SharedBodies& bodies = state_->bodies;
  for (;;) {
    if (BodyPtr kept = bodies.keep(object.body->digest())) {
      node.shares_body = kept->same_bytes(*object.body);
      if (node.shares_body)
        object.body = std::move(kept);
      else {
        bodies.drop(kept->digest());
        node.bytes += object.body->footprint();
      }
      return true;
    }
    Room room(*this);
    if (!room.hold(SharedBodies::cost(*object.body))) return false;
    if (!bodies.add(object.body)) continue;
    room.use(room.held());
    node.shares_body = true;
    return true;
  }
}

bool Store::put(std::shared_ptr<Object> object, unsigned max_variants) {
  if (!put_in(std::move(object), max_variants, nullptr)) {
    state_->refused.fetch_add(1, kRelaxed);
    return false;
  }
  state_->inserts.fetch_add(1, kRelaxed);
  return true;
}

bool Store::replace(const Object& old, std::shared_ptr<Object> now) {
  return put_in(std::move(now), kMaxVariants, &old);
}

bool Store::put_in(std::shared_ptr<Object> object, unsigned max_variants, const Object* instead_of) {
  const bool has_body = object->body && object->body->size() > 0;
  auto node = std::make_unique<StoreNode>();
  node->digest = object->digest;
  node->object = object;
  node->bytes = allocated(sizeof(StoreNode)) + object->footprint();
  node->weight = node->bytes + (has_body ? object->body->footprint() : 0);
  const bool fits = node->weight <= state_->budget.limit() / kLargestShare;
  return fits && (!has_body || keep_body(*object, *node)) && insert(std::move(node), max_variants, instead_of);
}

// Reserves what the node takes, and what its shard must grow by for it, then puts it in.
bool Store::insert(std::unique_ptr<StoreNode> node, unsigned max_variants, const Object* instead_of) const {
  Shard& shard = shard_of(node->digest);
  Room room(*this);
  const auto give_up = [&] {
    if (node->shares_body) state_->bodies.drop(node->object->body->digest());
    return false;
  };
  for (Size growth = 0;;) {
    if (!room.hold(node->bytes + growth)) return give_up();
    Dead dead(state_->budget, state_->bodies);
    std::unique_lock lock(shard.mutex);
    if (instead_of != nullptr && !shard.holds(*instead_of)) {
      lock.unlock();
      return give_up();
    }
    growth = shard.growth();
    if (room.held() < node->bytes + growth) continue;
    room.use(node->bytes + growth);
    shard.grow();
    if (node->mark)
      shard.put_mark(std::move(node), kMarksPerShard, dead);
    else
      shard.put_object(std::move(node), std::min<std::size_t>(max_variants, kMaxVariants), dead);
    return true;
  }
}

// Stays at a shard while its credit lasts, then goes on to the next. False where all are empty.
bool Store::evict_one() const {
  std::size_t turn = state_->turn.load(kRelaxed);
  for (std::size_t empty = 0; empty < kShards; ++turn) {
    Shard& shard = *shards_[turn % kShards];
    Dead dead(state_->budget, state_->bodies);
    const std::lock_guard lock(shard.mutex);
    const auto visit = shard.evict(dead);
    empty = visit == Shard::Visit::empty ? empty + 1 : 0;
    if (visit != Shard::Visit::evicted) continue;
    state_->turn.store(turn, kRelaxed);
    state_->evictions.fetch_add(1, kRelaxed);
    return true;
  }
  return false;
}

void Store::erase(const Object& object) {
  Shard& shard = shard_of(object.digest);
  Dead dead(state_->budget, state_->bodies);
  const std::lock_guard lock(shard.mutex);
  StoreNode* node = shard.find(object.digest, object.key);
  while (node != nullptr && node->object.get() != &object) node = node->next;
  if (node != nullptr) shard.remove(*node, dead);
}

void Store::erase_key(const Digest& digest, std::string_view key) {
  Shard& shard = shard_of(digest);
  Dead dead(state_->budget, state_->bodies);
  const std::lock_guard lock(shard.mutex);
  StoreNode* next = nullptr;
  for (StoreNode* node = shard.find(digest, key); node != nullptr; node = next) {
    next = node->next;
    if (node->object) shard.remove(*node, dead);
  }
}

void Store::clear() {
  for (auto& shard : shards_) {
    for (bool more = true; more;) {
      Dead dead(state_->budget, state_->bodies);
      const std::lock_guard lock(shard->mutex);
      more = shard->clear_some(kClearedAtOnce, dead);
    }
  }
}

void Store::remember_uncacheable(const Digest& digest, std::string_view key, Time until) {
  auto node = std::make_unique<StoreNode>();
  node->digest = digest;
  node->mark = std::make_unique<Mark>(Mark{std::string(key), until});
  node->bytes = allocated(sizeof(StoreNode)) + allocated(sizeof(Mark)) + heap_of(node->mark->key);
  node->weight = node->bytes;
  insert(std::move(node), 1);
}

std::vector<ObjectPtr> Store::variants(const Digest& digest, std::string_view key) const {
  std::vector<ObjectPtr> all;
  Shard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  for (const StoreNode* node = shard.find(digest, key); node != nullptr; node = node->next) {
    if (node->object) all.push_back(node->object);
  }
  return all;
}

Store::Statistics Store::statistics() const {
  Statistics all;
  all.budget = state_->budget.limit();
  all.bytes = state_->budget.used();
  all.body_bytes = state_->bodies.bytes();
  all.shared_body_bytes = state_->bodies.saved();
  all.inserts = state_->inserts.load(kRelaxed);
  all.evictions = state_->evictions.load(kRelaxed);
  all.refused = state_->refused.load(kRelaxed);
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    all.keys += shard->keys();
    all.objects += shard->eviction().objects();
    all.hit_for_miss += shard->eviction().marks();
  }
  return all;
}

std::vector<ObjectPtr> Store::sample(std::size_t limit) const {
  std::vector<ObjectPtr> some;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    for (const NodeQueue* queue : {&shard->eviction().main(), &shard->eviction().small()}) {
      for (const StoreNode* node = queue->newest(); node != nullptr && some.size() < limit; node = node->older) {
        some.push_back(node->object);
      }
    }
  }
  return some;
}

}  // namespace weir
