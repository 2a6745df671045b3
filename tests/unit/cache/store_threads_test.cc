// The store under several threads: nothing found is anybody else's, nothing is lost of the budget, nothing is freed too
// early.
#include <atomic>
#include <random>
#include <thread>

#include "proxy/cache/store.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

constexpr Size kBudget = 2_MiB;
constexpr int kThreads = 4;
constexpr int kRounds = 6000;

class Hammer {
 public:
  Hammer(Store& store, unsigned seed) : store_(store), random_(seed) {}

  void run() {
    for (int i = 0; i < kRounds; ++i) step();
  }
  int wrong() const { return wrong_; }

 private:
  void step() {
    const int n = static_cast<int>(random_() % 500);
    const std::string path = "/" + std::to_string(n);
    const std::string key = test::key_of(path);
    const Digest digest = hash128(key);
    const std::string foo = std::to_string(random_() % 3);
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2: {
        const std::string content =
            path + "|" + std::string(random_() % 4 == 0 ? 20000 : 200, 'x');  // often the same bytes
        const bool varies = n % 5 == 0;
        store_.put(varies ? test::variant(path, content, {{"foo", foo}}) : test::object(path, content), 2);
        break;
      }
      case 3: store_.remember_uncacheable(digest, key, test::at(5)); break;
      case 4:
        for (const auto& object : store_.variants(digest, key)) store_.erase(*object);
        break;
      case 5: store_.erase_key(digest, key); break;
      case 6:
        if (random_() % 200 == 0) store_.clear();
        if (random_() % 50 == 0 && store_.statistics().bytes > kBudget) ++wrong_;
        break;
      default: {
        const auto found = store_.find(digest, key, test::fields({{"Foo", foo}}), test::at(1));
        if (found.object && (found.object->key != key || !found.object->body->copy().starts_with(path + "|"))) ++wrong_;
      }
    }
  }

  Store& store_;
  std::mt19937 random_;
  int wrong_ = 0;
};

TEST_CASE("threads that put, find, erase and clear at once see only what belongs to the key they ask for",
          "[threads]") {
  Store store(kBudget);
  const Size empty = store.statistics().bytes;
  std::vector<Hammer> hammers;
  for (unsigned i = 0; i < kThreads; ++i) hammers.emplace_back(store, i + 1);
  std::vector<std::thread> threads;
  for (auto& hammer : hammers) threads.emplace_back([&hammer] { hammer.run(); });
  for (auto& thread : threads) thread.join();
  for (const auto& hammer : hammers) CHECK(hammer.wrong() == 0);
  CHECK(store.statistics().bytes <= kBudget);
  store.clear();
  CHECK(store.statistics().bytes == empty);
  CHECK(store.statistics().body_bytes == 0);
}

TEST_CASE("threads that store the same bytes at once keep them once", "[threads]") {
  Store store(kBudget);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 300; ++i) {
        const auto path = "/" + std::to_string(t) + "/" + std::to_string(i % 20);
        store.put(test::object(path, "bytes " + std::to_string(i % 10) + std::string(500, 'b')), 16);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto statistics = store.statistics();
  CHECK(statistics.objects == 80);
  CHECK(statistics.body_bytes == 10 * test::body(std::string(507, 'b'))->footprint());
}

}  // namespace
}  // namespace weir
