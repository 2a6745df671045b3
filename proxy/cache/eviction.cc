// S3-FIFO by bytes; see eviction.h.
#include "proxy/cache/eviction.h"

#include <algorithm>

namespace weir {
namespace {

constexpr Size kSmallShare = 10;  // the small queue may hold a tenth
constexpr Size kMarksShare = 16;  // marks a sixteenth
constexpr unsigned kSteps = 64;
constexpr std::uint8_t kUsedAgain = 2;  // uses that lead from the small queue to the main one

}  // namespace

void Ghosts::resize(std::size_t slots) {
  slots_.assign(slots, Slot{});
  slots_.shrink_to_fit();
  clock_ = 0;
}

void Ghosts::add(const Digest& digest) {
  if (slots_.empty()) return;
  Slot* const set = set_of(digest);
  Slot* const oldest =
      std::min_element(set, set + kWays, [](const Slot& a, const Slot& b) { return a.added < b.added; });
  if (++clock_ == 0) return resize(slots_.size());  // once in four thousand million: starts anew
  *oldest = Slot{fingerprint(digest), clock_};
}

bool Ghosts::take(const Digest& digest) {
  if (slots_.empty()) return false;
  Slot* const set = set_of(digest);
  for (Slot* slot = set; slot != set + kWays; ++slot) {
    if (slot->added == 0 || slot->fingerprint != fingerprint(digest)) continue;
    *slot = Slot{};
    return true;
  }
  return false;
}

void NodeQueue::push(StoreNode& node) {
  node.older = newest_;
  node.newer = nullptr;
  (newest_ != nullptr ? newest_->newer : oldest_) = &node;
  newest_ = &node;
  bytes_ += node.weight;
  ++size_;
}

void NodeQueue::remove(StoreNode& node) {
  (node.older != nullptr ? node.older->newer : oldest_) = node.newer;
  (node.newer != nullptr ? node.newer->older : newest_) = node.older;
  node.older = node.newer = nullptr;
  bytes_ -= node.weight;
  --size_;
}

NodeQueue& Eviction::queue_of(const StoreNode& node) {
  return node.queue == Queue::small ? small_ : node.queue == Queue::main ? main_ : marks_;
}

void Eviction::add(StoreNode& node) {
  if (node.mark)
    node.queue = Queue::marks;
  else
    node.queue = ghosts_.take(node.digest) ? Queue::main : Queue::small;
  queue_of(node).push(node);
}

void Eviction::remove(StoreNode& node) {
  queue_of(node).remove(node);
  node.queue = Queue::none;
}

// Who is looked at next; there is one.
StoreNode& Eviction::candidate() const {
  if (marks_.size() > 0 && (objects() == 0 || marks_.bytes() > bytes() / kMarksShare)) return *marks_.oldest();
  const bool from_small =
      small_.size() > 0 && (main_.size() == 0 || small_.bytes() > (small_.bytes() + main_.bytes()) / kSmallShare);
  return *(from_small ? small_ : main_).oldest();
}

// What was used stays, in the main queue, and must be used again to stay once more.
bool Eviction::another_round(StoreNode& node) {
  if (node.mark) return false;
  const bool from_small = node.queue == Queue::small;
  auto& uses = node.object->uses;
  const auto used = uses.load(std::memory_order_relaxed);
  if (used < (from_small ? kUsedAgain : 1)) return false;
  remove(node);
  uses.store(from_small ? 0 : static_cast<std::uint8_t>(used - 1), std::memory_order_relaxed);
  node.queue = Queue::main;
  main_.push(node);
  return true;
}

StoreNode* Eviction::next_victim(Size& credit) {
  for (unsigned i = 0; i < kSteps && !empty(); ++i) {
    StoreNode& node = candidate();
    if (credit < node.weight) return nullptr;
    credit -= node.weight;
    if (another_round(node)) continue;
    if (node.queue == Queue::small) ghosts_.add(node.digest);
    remove(node);
    return &node;
  }
  return nullptr;
}

}  // namespace weir
