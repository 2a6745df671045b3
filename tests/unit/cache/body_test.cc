// Bodies and objects: equal bytes are equal however they are split, weights cover what is held, fields come back from
// heads.
#include "proxy/cache/body.h"

#include "proxy/cache/footprint.h"
#include "tests/support/catch.h"
#include "tests/unit/cache/objects.h"

namespace weir {
namespace {

TEST_CASE("the same bytes, split differently, are the same body") {
  const Body whole({test::block("hello world")});
  const Body split({test::block("hel"), test::block(""), test::block("lo world")});
  const Body other({test::block("hello w0rld")});
  CHECK(whole.size() == 11);
  CHECK(whole.digest() == split.digest());
  CHECK(whole.same_bytes(split));
  CHECK(split.same_bytes(whole));
  CHECK_FALSE(whole.same_bytes(other));
  CHECK(split.copy() == "hello world");
  const std::string text(1000, 'x');
  for (std::size_t at = 0; at <= 1000; at += 50) {
    CHECK(Body({test::block(text.substr(0, at)), test::block(text.substr(at))}).digest() == hash128(text));
  }
  CHECK(Body(std::vector<Block>{}).same_bytes(Body(std::vector<Block>{test::block("")})));
}

TEST_CASE("a footprint covers the capacity and the allocator's classes") {
  Block wide = test::block("x");
  wide.capacity = 4096;
  CHECK(Body({wide}).footprint() > 4096 + sizeof(Body));
  CHECK(allocated(0) == 0);
  CHECK(allocated(1) == 16);
  CHECK(allocated(128) == 128);
  CHECK(allocated(129) == 160);
  CHECK(allocated(257) == 320);
  CHECK(allocated(1024) == 1024);
  CHECK(allocated(1025) == 1280);
  for (Size n = 1; n < 100000; n += 7) {
    REQUIRE(allocated(n) >= n);
    REQUIRE(allocated(n) <= n + n / 4 + 16);
  }
}

TEST_CASE("an object's fields come back from its head, and its weight grows with what it holds") {
  const auto object = test::object("/v", "x");
  object->head = "HTTP/1.1 200 OK\r\nA: 1\r\nETag: \"x\"\r\nA:\r\n";
  const Fields fields = object->fields();
  REQUIRE(fields.size() == 3);
  CHECK(fields.value("a") == "1");
  CHECK(fields.value(Name::etag) == "\"x\"");
  CHECK(fields[2].value.empty());
  const Size before = object->footprint();
  CHECK(before >= sizeof(Object));
  object->tags = {std::string(1000, 't')};
  CHECK(object->footprint() >= before + 1000 + sizeof(std::string));
}

}  // namespace
}  // namespace weir
