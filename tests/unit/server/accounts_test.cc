// Answers on their way out: each is settled once, in order, when the last of its bytes has left.
#include "proxy/server/accounts.h"

#include "tests/support/catch.h"

namespace weir {
namespace {

class Counted {
 public:
  Counted() {
    auto snapshot = std::make_shared<WorkerSnapshot>();
    snapshot->shared = std::make_shared<Snapshot>();
    snapshot_ = std::move(snapshot);
  }

  void add(std::uint64_t body, std::uint64_t end, std::string_view text = "") {
    accounts.add({snapshot_, &counters_, Outcome::hit, MonotonicClock::now(), body, false}, text, end);
  }
  std::uint64_t hits() const { return counters_.outcomes[static_cast<std::size_t>(Outcome::hit)].read(); }
  std::uint64_t bytes() const { return counters_.client_bytes.read(); }
  auto snapshots() const { return snapshot_.use_count(); }

 private:
  Node node_{16_MiB, 1};
  WorkerContext worker_{node_, 0};
  RouteCounters counters_;
  std::shared_ptr<const WorkerSnapshot> snapshot_;

 public:
  Accounts accounts{worker_};
};

TEST_CASE("an answer is settled when the output is sent up to its end") {
  Counted counted;
  counted.add(100, 150);
  counted.add(200, 400);
  counted.add(0, 400);
  counted.add(10, 450);
  const std::pair<std::uint64_t, std::uint64_t> rows[] = {{0, 0}, {149, 0}, {150, 1}, {399, 1}, {400, 3}, {500, 4}};
  for (const auto& [sent, settled] : rows) {
    counted.accounts.settle(sent);
    CAPTURE(sent);
    CHECK(counted.hits() == settled);
    CHECK(counted.snapshots() == static_cast<long>(5 - settled));
  }
  CHECK(counted.bytes() == 310);
  CHECK(counted.accounts.memory() == 0);
}

TEST_CASE("an answer that the connection didn't outlive counts for what was sent of its content") {
  Counted counted;
  counted.add(100, 150);
  counted.add(100, 300);
  counted.add(100, 450);
  counted.accounts.cut(280);
  CHECK(counted.hits() == 3);
  CHECK(counted.bytes() == 100 + 80);
  CHECK(counted.accounts.memory() == 0);
}

TEST_CASE("what is settled is forgotten, though the client never has all of it") {
  Counted counted;
  const std::string text(1000, 'x');
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    counted.add(1, i + 1, text);
    counted.accounts.settle(i);
  }
  CHECK(counted.hits() == 99'999);
  CHECK(counted.accounts.memory() < 256 * 1024);
}

}  // namespace
}  // namespace weir
