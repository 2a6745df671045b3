// Purge against look-up on several threads: an answer that was asked for after the acknowledgement is never the old
// one.
#include <atomic>
#include <mutex>
#include <thread>

#include "proxy/cache/invalidation.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

TEST_CASE("what is purged is gone for every look-up that begins after the acknowledgement", "[threads]") {
  InvalidationRules rules({.tags = 64, .patterns = 16});
  MemoryLog log(rules);
  constexpr int kRounds = 400;
  std::mutex mutex;
  ObjectPtr current;  // guarded by the mutex
  std::atomic<Position> acknowledged{0};
  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};

  const auto fresh = [&](Position position) {
    auto object = test::object("/v", "x");
    object->tags = {"t"};
    object->position = position;
    return object;
  };
  const auto set = [&](ObjectPtr object) {
    const std::lock_guard lock(mutex);
    current = std::move(object);
  };
  const auto look = [&] {
    const std::lock_guard lock(mutex);
    return current;
  };
  set(fresh(0));

  const auto reader = [&] {
    while (!over) {
      const Position asked = acknowledged;  // a purge up to here was acknowledged before this look-up began
      const auto object = look();
      if (rules.covers(*object) == Coverage::none && object->position < asked) ++wrong;
    }
  };
  const auto renewer = [&] {
    while (!over) set(fresh(rules.head()));
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(reader);
  threads.emplace_back(renewer);
  const auto purge = [&](InvalidationRecord record) {
    log.append({std::move(record)}, {}, [&](Result<Appended> appended) { acknowledged = appended->position; });
  };
  using Kind = InvalidationRecord::Kind;
  for (int i = 0; i < kRounds; ++i) {
    purge({Kind::tag, "t", false});
    purge({Kind::prefix, "/v", false});
    log.append({{Kind::tag, "other" + std::to_string(i), false}, {Kind::prefix, "/w", false}}, {}, nullptr);
    purge({Kind::url, "/v", false});
  }
  over = true;
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(rules.head() == kRounds * 5);
}

}  // namespace
}  // namespace weir
