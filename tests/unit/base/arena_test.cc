// Arena: pieces keep their bytes until reset(), large ones too, and a reset arena starts over in the same memory.
#include "proxy/base/arena.h"

#include <string>

#include "tests/support/catch.h"

using namespace weir;

TEST_CASE("pieces of any size hold until reset", "[arena]") {
  Arena arena;
  std::vector<std::string> wanted;
  std::vector<std::string_view> copies;
  for (std::size_t n : {0U, 1U, 100U, 4000U, 4096U, 4097U, 100000U, 17U}) {
    wanted.emplace_back(n, static_cast<char>('a' + n % 26));
    copies.push_back(arena.copy(wanted.back()));
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(copies[i] == wanted[i]);
  CHECK(arena.join("a", std::string_view{}, std::string("bc")) == "abc");
}

TEST_CASE("a reset arena gives out the same memory again", "[arena]") {
  Arena arena;
  const char* first = arena.take(10);
  for (int i = 0; i < 100; ++i) (void)arena.take(1000);
  arena.reset();
  CHECK(arena.take(10) == first);
}
