// The hash table of a shard against a map, with keys that fall on the same slots.
#include "proxy/cache/index.h"

#include <map>
#include <random>

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

TEST_CASE("the index behaves as a map does, also where keys crowd") {
  std::mt19937 random(1);
  Index index;
  std::map<std::string, std::unique_ptr<StoreNode>> model;
  const auto make = [&](const std::string& key) {
    auto node = std::make_unique<StoreNode>();
    node->digest = Digest{hash64(key) % 8, 0};  // eight homes for all
    node->mark = std::make_unique<Mark>(Mark{key, {}});
    return node;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string key = "k" + std::to_string(random() % 300);
    const Digest digest{hash64(key) % 8, 0};
    StoreNode* const found = index.find(digest, key);
    const auto known = model.find(key);
    REQUIRE((found != nullptr) == (known != model.end()));
    if (found == nullptr) {
      if (index.is_full()) index.resize(index.grown());
      auto node = make(key);
      index.insert(*node);
      model[key] = std::move(node);
    } else if (random() % 3 == 0) {
      REQUIRE(found == known->second.get());
      auto node = make(key);
      index.replace(*found, *node);
      known->second = std::move(node);
    } else {
      index.erase(*found);
      model.erase(known);
      if (index.is_sparse()) index.resize(index.shrunk());
    }
    REQUIRE(index.size() == model.size());
  }
  for (const auto& [key, node] : model) REQUIRE(index.find(node->digest, key) == node.get());
}

TEST_CASE("an empty index finds nothing and takes no memory") {
  Index index;
  CHECK(index.find({}, "x") == nullptr);
  CHECK(index.slots() == 0);
  CHECK(index.is_full());
}

}  // namespace
}  // namespace weir
