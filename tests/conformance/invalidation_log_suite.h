// What every InvalidationLog must do, whatever orders its records. A log's test makes one and hands it in:
//   TEST_CASE("MemoryLog keeps the promises of a log") { invalidation_log_suite([] { return …; }); }
// `make()` gives a std::unique_ptr to something with `InvalidationLog& log()` and `Position append(records)` that waits
// for the acknowledgement.
#pragma once

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "proxy/cache/invalidation.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir::test {

inline InvalidationRecord tag(std::string value, bool soft = false) {
  return {InvalidationRecord::Kind::tag, std::move(value), soft};
}

template <class Make>
void invalidation_log_suite(Make make) {
  using Kind = InvalidationRecord::Kind;
  auto fixture = make();
  const InvalidationRules& rules = fixture->log().rules();
  const std::vector<std::string> tags{"a", "b"};
  const std::string key = key_of("/v/1");
  const auto covers = [&](Position since) { return rules.covers(Subject{key, &tags, since}); };

  SECTION("positions grow, and an acknowledged record is seen by every later look-up") {
    const Position first = fixture->append({tag("a")});
    CHECK(rules.head() >= first);
    CHECK(covers(first - 1) == Coverage::hard);
    CHECK(covers(first) == Coverage::none);
    const Position second = fixture->append({tag("b", true)});
    CHECK(second > first);
    CHECK(covers(first) == Coverage::soft);
    CHECK(covers(second) == Coverage::none);
  }

  SECTION("several records at once get places of their own; the answer names the last") {
    const Position before = rules.head();
    const Position last = fixture->append({tag("x"), tag("a"), {Kind::url, "/v/2", false}});
    CHECK(last >= before + 3);
    CHECK(rules.head() >= last);
    CHECK(covers(before) == Coverage::hard);
    CHECK(covers(last) == Coverage::none);
  }

  SECTION("nothing to say moves nothing") {
    fixture->append({tag("x")});
    const Position before = rules.head();
    CHECK(fixture->append({}) == before);
    CHECK(rules.head() == before);
  }

  SECTION("every kind is carried whole") {
    const std::vector<InvalidationRecord> records{tag("a"),
                                                  {Kind::url, "example.com/v/1", false},
                                                  {Kind::prefix, "/v/", false},
                                                  {Kind::pattern, "*/1", false},
                                                  {}};
    for (const auto& record : records) {
      const Position before = rules.head();
      fixture->append({record});
      CHECK(covers(before) == Coverage::hard);
      auto soft = record;
      soft.soft = true;
      const Position between = rules.head();
      fixture->append({soft});
      CHECK(covers(between) == Coverage::soft);
    }
  }

  SECTION("a soft record says when it came") {
    const auto object = test::object("/v/1", "x");
    object->position = rules.head();
    const Time before = MonotonicClock::now();
    fixture->append({{Kind::url, "/v/1", true}});
    CHECK(rules.covers(*object) == Coverage::soft);
    CHECK(object->soft_since.load() >= before);
    CHECK(object->soft_since.load() <= MonotonicClock::now());
  }

  SECTION("values of any bytes") {
    const std::string odd("t\0\r\n\xff \"{}", 9);
    const std::vector<std::string> its{odd};
    const Position before = rules.head();
    fixture->append({tag(odd)});
    CHECK(rules.covers(Subject{key, &its, before}) == Coverage::hard);
  }

  SECTION("appenders at once: every acknowledgement is a place of its own") {
    constexpr std::size_t kThreads = 4;
    constexpr std::size_t kEach = 50;
    std::vector<std::vector<Position>> got(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < kEach; ++i) got[t].push_back(fixture->append({tag("x")}));
      });
    }
    for (auto& thread : threads) thread.join();
    std::vector<Position> all;
    for (const auto& some : got) {
      CHECK(std::is_sorted(some.begin(), some.end()));
      all.insert(all.end(), some.begin(), some.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(std::unique(all.begin(), all.end()) == all.end());
    CHECK(rules.head() >= all.back());
  }
}

}  // namespace weir::test
