// SharedBodies: the bodies of the store, each kept once however many objects have the same bytes. Counts who keeps one;
// the budget is charged when the first comes (the store has reserved it) and gets it back when the last goes. Any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "proxy/base/hash.h"
#include "proxy/base/units.h"
#include "proxy/cache/body.h"
#include "proxy/cache/budget.h"

namespace weir {

class SharedBodies {
 public:
  explicit SharedBodies(Budget& budget) : budget_(budget) {}

  // What keeping a new one costs: itself, and its place here.
  static Size cost(const Body& body) { return body.footprint() + kEntryBytes; }

  // The kept body with this digest, with one more who keeps it; null where there is none.
  BodyPtr keep(const Digest& digest);
  // Keeps a new one, whose cost has been reserved; false where the digest is there by now.
  bool add(const BodyPtr& body);
  // One keeper less.
  void drop(const Digest& digest);

  Size bytes() const { return bytes_.load(std::memory_order_relaxed); }
  Size saved() const { return saved_.load(std::memory_order_relaxed); }  // what keepers beyond the first would take

 private:
  static constexpr Size kEntryBytes = 112;  // node and bucket of the map

  struct Entry {
    BodyPtr body;
    std::uint64_t keepers = 0;
  };
  struct alignas(64) Part {
    std::mutex mutex;
    std::unordered_map<Digest, Entry, DigestHash> bodies;
  };
  Part& part_of(const Digest& digest) { return parts_[digest.high % parts_.size()]; }

  Budget& budget_;
  std::atomic<Size> bytes_{0};
  std::atomic<Size> saved_{0};
  std::array<Part, 16> parts_;
};

}  // namespace weir
