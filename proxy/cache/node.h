// StoreNode: the place of one object (or of one hit-for-miss mark) in a shard of the store. Owned by its shard, guarded
// by the shard's lock; only store, index and eviction know it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/base/clock.h"
#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/object.h"

namespace weir {

// Remembers an uncacheable answer of a key.
struct Mark {
  std::string key;
  Time until;
};

enum class Queue : std::uint8_t { none, small, main, marks };

struct StoreNode {
  Digest digest;
  ObjectPtr object;            // or
  std::unique_ptr<Mark> mark;  // one of the two
  StoreNode* next = nullptr;   // of the same key: newest object first, the mark last
  StoreNode* older = nullptr;  // in its queue
  StoreNode* newer = nullptr;
  Size bytes = 0;   // what the budget is charged for it, without a shared body
  Size weight = 0;  // what eviction counts: with the body
  Queue queue = Queue::none;
  bool shares_body = false;  // the body is charged by SharedBodies

  std::string_view key() const { return object ? object->key : mark->key; }
};

}  // namespace weir
