// The store as a sequence of random operations with a turned clock, against a naive model that never forgets. Whatever
// the store finds must be what the model says; it may have evicted, but never invent, mix up or bring back.
#include <algorithm>
#include <map>
#include <random>

#include "proxy/cache/freshness.h"
#include "proxy/cache/invalidation.h"
#include "proxy/cache/store.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

using test::fields;

struct Kept {
  std::string content;
  std::string value;  // of Foo; empty: doesn't vary
  Time stale_at;
  Position position;
};

class World {
 public:
  World(unsigned seed, Size budget) : random_(seed), store_(budget), log_(rules_) {}

  void step() {
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3: return put();
      case 4: return erase();
      case 5: return mark();
      case 6: return purge();
      case 7: now_ += std::chrono::seconds(random_() % 3); return;
      default: return look();
    }
  }
  void check_books() const {
    const auto statistics = store_.statistics();
    REQUIRE(statistics.bytes <= statistics.budget);
    REQUIRE(statistics.keys <= statistics.objects + statistics.hit_for_miss);
  }
  int hits() const { return hits_; }

 private:
  std::string path() { return "/" + std::to_string(random_() % 40); }
  std::string tag_of(const std::string& path) { return "t" + path.substr(path.size() - 1); }
  std::string value() { return std::to_string(random_() % 4); }

  void put() {
    const std::string path = this->path();
    const bool varies = random_() % 3 == 0;
    const std::string foo = varies ? value() : "";
    const auto size = random_() % (random_() % 8 == 0 ? 30000 : 300);
    const std::string content = std::to_string(++versions_ % 50) + std::string(size, 'x');
    auto object = varies ? test::variant(path, content, {{"foo", foo}}) : test::object(path, content);
    object->life.received = now_;
    object->life.fresh_for = std::chrono::seconds(random_() % 20);
    object->tags = {tag_of(path)};
    object->position = random_() % 4 == 0 ? rules_.head() - std::min<Position>(rules_.head(), 2) : rules_.head();
    const Time stale_at = now_ + object->life.fresh_for;
    const Position position = object->position;
    if (!store_.put(std::move(object), 16)) return;  // too large: all stays as it was
    auto& variants = model_[path];
    std::erase_if(variants, [&](const Kept& kept) { return kept.value.empty() != foo.empty() || kept.value == foo; });
    variants.push_back({content, foo, stale_at, position});
    marks_.erase(path);
  }

  void erase() {
    const std::string path = this->path();
    const std::string key = test::key_of(path);
    const auto kept = store_.variants(hash128(key), key);
    if (kept.empty()) return;
    if (random_() % 2 == 0) {
      store_.erase_key(hash128(key), key);
      model_[path].clear();
      return;
    }
    const Object& one = *kept[random_() % kept.size()];
    const std::string content = one.body->copy();
    store_.erase(one);
    std::erase_if(model_[path], [&](const Kept& k) { return k.content == content; });
  }

  void mark() {
    const std::string path = this->path();
    const std::string key = test::key_of(path);
    const Time until = now_ + std::chrono::seconds(random_() % 10);
    store_.remember_uncacheable(hash128(key), key, until);
    auto& mark = marks_[path];
    mark = std::max(mark, until);
  }

  void purge() {
    using Kind = InvalidationRecord::Kind;
    const std::string path = this->path();
    const bool by_tag = random_() % 2 == 0;
    log_.append({{by_tag ? Kind::tag : Kind::url, by_tag ? tag_of(path) : path, false}}, {}, nullptr);
    purges_.push_back({rules_.head(), by_tag ? tag_of(path) : path});
  }

  bool purged(const std::string& path, Position since) {
    return std::any_of(purges_.begin(), purges_.end(), [&](const auto& purge) {
      return purge.first > since && (purge.second == path || purge.second == tag_of(path));
    });
  }

  void look() {
    const std::string path = this->path();
    const std::string key = test::key_of(path);
    const std::string foo = value();
    const auto found = store_.find(hash128(key), key, fields({{"Foo", foo}}), now_);
    const auto mark = marks_.find(path);
    if (found.hit_for_miss) REQUIRE((mark != marks_.end() && now_ < mark->second));
    if (!found.object) return;
    const auto& variants = model_[path];
    const auto known = std::find_if(variants.begin(), variants.end(),
                                    [&](const Kept& kept) { return kept.value.empty() || kept.value == foo; });
    REQUIRE(known != variants.end());
    REQUIRE(found.object->body->copy() == known->content);
    REQUIRE(found.object->key == key);
    const bool fresh = judge(*found.object, {}, Policy{}, std::nullopt, {now_, 0}).use == Use::fresh;
    REQUIRE(fresh == (now_ < known->stale_at));
    REQUIRE((rules_.covers(*found.object) == Coverage::hard) == purged(path, known->position));
    ++hits_;
  }

  std::mt19937 random_;
  Store store_;
  InvalidationRules rules_;
  MemoryLog log_;
  Time now_ = test::at(1000);
  int versions_ = 0;
  int hits_ = 0;
  std::map<std::string, std::vector<Kept>> model_;
  std::map<std::string, Time> marks_;
  std::vector<std::pair<Position, std::string>> purges_;
};

TEST_CASE("whatever the store finds is what was put, for whom it was put, and as long as it holds") {
  const Size budget = GENERATE(300_KiB, 4_MiB);
  const unsigned seed = GENERATE(range(1U, 9U));
  INFO("seed " << seed << ", budget " << budget);
  World world(seed, budget);
  for (int i = 0; i < 4000; ++i) {
    world.step();
    if (i % 50 == 0) world.check_books();
  }
  CHECK(world.hits() > 300);
}

}  // namespace
}  // namespace weir
