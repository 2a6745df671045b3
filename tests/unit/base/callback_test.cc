// Callback and Operation: what is called, what is dropped, and that small ones cost no allocation.
#include "proxy/base/callback.h"

#include <array>
#include <memory>

#include "proxy/base/operation.h"
#include "tests/support/catch.h"

using namespace weir;

TEST_CASE("a callback calls, moves and lets go of what it holds", "[callback]") {
  auto token = std::make_shared<int>(41);
  const std::weak_ptr<int> watched = token;
  Callback<int(int)> small([token](int n) { return *token + n; });
  token.reset();
  CHECK(small(1) == 42);
  Callback<int(int)> moved(std::move(small));
  CHECK_FALSE(small);
  CHECK(moved(2) == 43);
  moved.reset();
  CHECK(watched.expired());
}

TEST_CASE("a large callback lives on the heap and behaves the same", "[callback]") {
  auto token = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = token;
  std::array<int, 64> ballast{};
  ballast[63] = 5;
  {
    Callback<int()> large([token, ballast] { return *token + ballast[63]; });
    token.reset();
    Callback<int()> moved;
    moved = std::move(large);
    CHECK(moved() == 6);
    CHECK_FALSE(watched.expired());
  }
  CHECK(watched.expired());
}

TEST_CASE("a callback takes what can only be moved", "[callback]") {
  Callback<int(std::unique_ptr<int>)> own([](std::unique_ptr<int> p) { return *p; });
  CHECK(own(std::make_unique<int>(7)) == 7);
}

TEST_CASE("dropping an operation cancels it, once; a done one is left alone", "[operation]") {
  int cancelled = 0;
  {
    Operation dropped([&] { ++cancelled; });
  }
  CHECK(cancelled == 1);
  {
    Operation first([&] { ++cancelled; });
    Operation second(std::move(first));
    second.cancel();
    second.cancel();
  }
  CHECK(cancelled == 2);
  {
    Operation finished([&] { ++cancelled; });
    finished.done();
    CHECK_FALSE(finished);
  }
  CHECK(cancelled == 2);
  {
    Operation replaced([&] { cancelled += 10; });
    replaced = Operation();
    CHECK(cancelled == 12);
  }
}
