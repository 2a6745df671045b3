// No heap allocation on a look-up: counts what operator new is asked for.
#include <atomic>
#include <cstdlib>
#include <new>

#include "proxy/cache/invalidation.h"
#include "proxy/cache/store.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* const at = std::malloc(bytes);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

}  // namespace

// Not inlined: g++ would see malloc and free on the two sides of a new and a delete, and take them for a mistake.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return counted(bytes);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
[[gnu::noinline]] void operator delete(void* at) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete[](void* at) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete[](void* at, std::size_t) noexcept {
  std::free(at);
}

namespace weir {
namespace {

TEST_CASE("key, look-up, variant and validity of a hit allocate nothing") {
  Store store(4_MiB);
  InvalidationRules rules;
  const test::Lines wanted{{"accept-encoding", "gzip, br;q=0.9, zstd"},
                           {"accept-language", "de-CH, de;q=0.9, en;q=0.8"}};
  store.put(test::variant("/videos?page=1&q=x", std::string(100, 'b'), wanted), 16);
  store.put(test::variant("/videos?page=1&q=x", "c", {{"accept-encoding", "gzip"}, {"accept-language", "fr"}}), 16);
  store.put(test::object("/plain", "p"), 16);
  rules.apply(1, {InvalidationRecord::Kind::tag, "t", false});

  const test::Lines sent{{"Host", "example.com"},
                         {"Accept-Encoding", "zstd, gzip, br;q=0.9"},
                         {"Accept-Language", "de-CH,de;q=0.9,en;q=0.8"}};
  const RequestHead varied = test::get("/videos?q=x&page=1", sent);
  const RequestHead plain = test::get("/plain", sent);
  Arena arena;
  (void)arena.take(1);  // its first block
  std::size_t found = 0;
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) {
    for (const RequestHead* request : {&varied, &plain}) {
      arena.reset();
      const Key key = make_key(KeySpec{}, *request, arena);
      const auto hit = store.find(key.digest, key.bytes, request->fields, test::at(1));
      found += hit.object && rules.covers(*hit.object) == Coverage::none ? 1U : 0U;
    }
  }
  const std::size_t after = allocations;
  CHECK(found == 200);
  CHECK(after == before);
}

}  // namespace
}  // namespace weir
