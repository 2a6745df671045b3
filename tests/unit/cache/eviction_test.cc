// S3-FIFO: who goes first, who gets another round, who is remembered.
#include "proxy/cache/eviction.h"

#include <map>

#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

class Queues {
 public:
  Queues() { eviction.ghosts().resize(64); }

  StoreNode& add(const std::string& name, Size weight = 100) {
    auto node = std::make_unique<StoreNode>();
    auto object = test::object("/" + name, name);
    node->digest = object->digest;
    node->object = object;
    node->weight = weight;
    eviction.add(*node);
    return *(nodes[name] = std::move(node));
  }
  void use(const std::string& name, std::uint8_t times) { nodes.at(name)->object->uses = times; }
  std::string victim() {
    Size credit = 1_GiB;
    const StoreNode* const node = eviction.next_victim(credit);
    return node == nullptr ? "" : node->mark ? "mark" : node->object->body->copy();
  }

  Eviction eviction;
  std::map<std::string, std::unique_ptr<StoreNode>> nodes;
};

TEST_CASE("what was not used again goes in the order in which it came") {
  Queues q;
  for (const auto* name : {"a", "b", "c"}) q.add(name);
  CHECK(q.victim() == "a");
  CHECK(q.victim() == "b");
  CHECK(q.victim() == "c");
  CHECK(q.eviction.empty());
  CHECK(q.victim().empty());
}

TEST_CASE("one use is not enough to stay; two are, and lead to the main queue") {
  Queues q;
  for (const auto* name : {"a", "b", "c"}) q.add(name);
  q.use("a", 2);
  q.use("b", 1);
  CHECK(q.victim() == "b");
  CHECK(q.nodes.at("a")->queue == Queue::main);
  CHECK(q.nodes.at("a")->object->uses == 0);
  CHECK(q.victim() == "c");
  CHECK(q.victim() == "a");
}

TEST_CASE("in the main queue each use is worth a round") {
  Queues q;
  for (const auto* name : {"a", "b", "c"}) {
    q.add(name);
    q.use(name, 2);
  }
  CHECK(q.victim() == "a");  // all went to the main queue, then the first there
  q.use("b", 1);
  CHECK(q.victim() == "c");
  CHECK(q.victim() == "b");
}

TEST_CASE("what comes back soon after it went stands in the main queue at once") {
  Queues q;
  q.add("a");
  CHECK(q.victim() == "a");
  CHECK(q.add("a").queue == Queue::main);
  q.nodes.at("a")->object->uses = 0;
  q.add("b");
  CHECK(q.nodes.at("b")->queue == Queue::small);
}

TEST_CASE("the small queue holds a tenth of the bytes; past that it pays, below it the main queue does") {
  Queues q;
  q.add("a", 1000);
  q.use("a", 2);
  q.add("b", 500);
  CHECK(q.victim() == "b");  // a goes to the main queue; the small one is still over its tenth
  q.add("c", 50);
  CHECK(q.victim() == "a");
  CHECK(q.victim() == "c");
}

TEST_CASE("looking at a node costs its weight") {
  Queues q;
  q.add("a", 100);
  q.use("a", 2);
  q.add("b", 100);
  Size credit = 99;
  CHECK(q.eviction.next_victim(credit) == nullptr);
  CHECK(credit == 99);
  credit = 150;
  CHECK(q.eviction.next_victim(credit) == nullptr);  // a has moved on
  CHECK(credit == 50);
  credit = 100;
  CHECK(q.eviction.next_victim(credit) == q.nodes.at("b").get());
  CHECK(credit == 0);
}

TEST_CASE("marks go before objects once they take more than a sixteenth") {
  Queues q;
  q.add("a", 1000);
  auto mark = std::make_unique<StoreNode>();
  mark->mark = std::make_unique<Mark>();
  mark->weight = 100;
  q.eviction.add(*mark);
  CHECK(q.victim() == "mark");
  mark->weight = 10;
  q.eviction.add(*mark);
  CHECK(q.victim() == "a");
  CHECK(q.victim() == "mark");
}

TEST_CASE("a call looks at a bounded number of nodes, and the next call gets further") {
  Queues q;
  for (int i = 0; i < 200; ++i) {
    q.add(std::to_string(i));
    q.use(std::to_string(i), 3);
  }
  int calls = 1;
  while (q.victim().empty()) ++calls;
  CHECK(calls > 2);
  CHECK(calls < 20);
}

TEST_CASE("ghosts are forgotten in the order in which they came") {
  Ghosts ghosts;
  CHECK_FALSE(ghosts.take(Digest{1, 1}));
  ghosts.add(Digest{1, 1});  // no place at all
  ghosts.resize(4);
  const auto ghost = [](std::uint64_t i) { return Digest{0, i << 32}; };
  for (std::uint64_t i = 1; i <= 5; ++i) ghosts.add(ghost(i));
  CHECK_FALSE(ghosts.take(ghost(1)));
  CHECK(ghosts.take(ghost(2)));
  CHECK_FALSE(ghosts.take(ghost(2)));
  CHECK(ghosts.take(ghost(5)));
}

}  // namespace
}  // namespace weir
