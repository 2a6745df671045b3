// CDN-Cache-Control (RFC 9213): a structured dictionary, or ignored (the public cache-tests' cdn-cache-control group).
#include "proxy/http/cache_control.h"
#include "tests/support/catch.h"

using namespace weir;

namespace {

std::optional<ResponseDirectives> cdn(std::initializer_list<std::string_view> lines) {
  Fields fields;
  for (const auto line : lines) fields.add(Name::cdn_cache_control, line);
  return parse_targeted_cache_control(fields, Name::cdn_cache_control);
}

}  // namespace

TEST_CASE("lifetimes of a targeted field", "[cdn]") {
  CHECK(cdn({"max-age=3600"})->max_age == 3600);
  CHECK(cdn({"max-age=2147483648"})->max_age == kMaxDelta);
  CHECK(cdn({"max-age=99999999999"})->max_age == kMaxDelta);
  CHECK(cdn({"max-age=0"})->max_age == 0);
  CHECK(cdn({"foobar, max-age=3600"})->max_age == 3600);
  CHECK(cdn({"max-age=3600;ext=1;x"})->max_age == 3600);
  CHECK(cdn({"max-age=60", "s-maxage=5"})->s_maxage == 5);
  CHECK(cdn({"max-age=1, max-age=3600"})->max_age == 3600);  // the last counts, as in all dictionaries
  CHECK(cdn({"max-age=-5"})->invalid_lifetime);
  CHECK(cdn({"stale-while-revalidate=5, stale-if-error=6"})->stale_if_error == 6);
}

TEST_CASE("restrictions of a targeted field", "[cdn]") {
  CHECK(cdn({"private"})->private_);
  CHECK(cdn({"no-cache"})->no_cache);
  CHECK(cdn({"max-age=5, no-store"})->no_store);
  CHECK_FALSE(cdn({"no-store=?0"})->no_store);
  CHECK_FALSE(cdn({"no-store, no-store=?0"})->no_store);
  CHECK(cdn({"no-store=5"})->no_store);
  CHECK(cdn({"no-cache=\"a, b\""})->no_cache_list == "a, b");
  CHECK_FALSE(cdn({"no-cache=\"a, b\""})->no_cache);
  CHECK(cdn({"private=\"\""})->private_);
  CHECK(cdn({"public, must-understand=?1, immutable"})->public_);
  CHECK_FALSE(cdn({"public=yes"})->public_);
}

TEST_CASE("an invalid targeted field is ignored whole", "[cdn]") {
  CHECK_FALSE(cdn({}));
  for (const auto wrong :
       {"", " ", "max-age=10000, &&&&&", "max-age=\"10000\"", "max-age", "max-age=?1", "max-age=5.5", "max-age =100",
        "max-age= 100", "MaX-aGe=3600", "max-age=10000,", "max-age=1000000000000000", "no-store, s-maxage=x",
        "max-age=1 no-store", "stale-if-error=x", "max-age=5;", "max-age=(1"}) {
    INFO(wrong);
    CHECK_FALSE(cdn({wrong}));
  }
  CHECK_FALSE(cdn({"max-age=5", "&"}));
}
