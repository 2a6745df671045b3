// Cache-Status as the product describes it, and its bound.
#include "proxy/http/cache_status.h"

#include "tests/support/catch.h"

using namespace weir;

namespace {

std::string line(const CacheStatus& status) {
  std::string out;
  append_cache_status(out, status);
  return out;
}

}  // namespace

TEST_CASE("what a response says", "[cache_status]") {
  CHECK(line({.hit = true, .ttl = 3412}) == "weir; hit; ttl=3412");
  CHECK(line({.forward = Forward::uri_miss, .stored = true}) == "weir; fwd=uri-miss; stored");
  CHECK(line({.forward = Forward::stale, .forward_status = 304}) == "weir; fwd=stale; fwd-status=304");
  CHECK(line({.hit = true, .ttl = -4, .detail = "stale-while-revalidate"}) ==
        "weir; hit; ttl=-4; detail=stale-while-revalidate");
  CHECK(line({.forward = Forward::bypass, .detail = "method"}) == "weir; fwd=bypass; detail=method");
  CHECK(line({.forward = Forward::uri_miss, .collapsed = true}) == "weir; fwd=uri-miss; collapsed");
  CHECK(line({}) == "weir");
}

TEST_CASE("the longest line fits, and no detail breaks out of it", "[cache_status]") {
  const std::string long_detail(48, 'x');
  for (const auto forward : {Forward::none, Forward::bypass, Forward::method, Forward::uri_miss, Forward::vary_miss,
                             Forward::miss, Forward::request, Forward::stale, Forward::partial}) {
    const auto text = line({.hit = false,
                            .forward = forward,
                            .forward_status = -2147483647,
                            .ttl = INT64_MIN,
                            .stored = true,
                            .collapsed = true,
                            .detail = long_detail});
    CHECK(text.size() <= 160);
  }
  for (const auto detail : {"a; b", "a,b", "a b", "1a", "a\r\nX: y", "\xff"})
    CHECK(line({.hit = true, .detail = detail}) == "weir; hit");
  CHECK(line({.hit = true, .detail = std::string(49, 'x')}) == "weir; hit");
}
