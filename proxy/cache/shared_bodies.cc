// Bodies kept once; see shared_bodies.h. Bodies are freed outside the lock.
#include "proxy/cache/shared_bodies.h"

#include <utility>

#include "proxy/base/check.h"

namespace weir {

BodyPtr SharedBodies::keep(const Digest& digest) {
  Part& part = part_of(digest);
  const std::lock_guard lock(part.mutex);
  const auto at = part.bodies.find(digest);
  if (at == part.bodies.end()) return nullptr;
  ++at->second.keepers;
  saved_.fetch_add(at->second.body->footprint(), std::memory_order_relaxed);
  return at->second.body;
}

bool SharedBodies::add(const BodyPtr& body) {
  Part& part = part_of(body->digest());
  const std::lock_guard lock(part.mutex);
  if (!part.bodies.try_emplace(body->digest(), Entry{body, 1}).second) return false;
  bytes_.fetch_add(body->footprint(), std::memory_order_relaxed);
  return true;
}

void SharedBodies::drop(const Digest& digest) {
  Part& part = part_of(digest);
  BodyPtr last;
  {
    const std::lock_guard lock(part.mutex);
    const auto at = part.bodies.find(digest);
    WEIR_CHECK(at != part.bodies.end());
    if (--at->second.keepers > 0) {
      saved_.fetch_sub(at->second.body->footprint(), std::memory_order_relaxed);
      return;
    }
    last = std::move(at->second.body);
    part.bodies.erase(at);
  }
  const Size footprint = last->footprint();
  const Size charged = cost(*last);
  last.reset();
  bytes_.fetch_sub(footprint, std::memory_order_relaxed);
  budget_.release(charged);
}

}  // namespace weir
