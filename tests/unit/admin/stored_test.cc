// What is kept for a URL, as the admin endpoint finds and shows it.
#include "proxy/admin/stored.h"

#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

TEST_CASE("stored objects are found by URL, whatever else their keys hold", "[stored]") {
  test::Running weir;
  KeySpec by_user;
  by_user.user = KeySpec::User{KeySpec::User::From::header, "authorization"};
  Fields ada;
  ada.add("Authorization", "ada");
  Fields bob;
  bob.add("Authorization", "bob");
  weir.store("a.test", "/feed", by_user, ada);
  weir.store("a.test", "/feed", by_user, bob);
  weir.store("b.test", "/feed");
  weir.store("b.test", "/feed?x");
  const auto found = [&](std::string_view url) {
    return find_stored(weir.node.store, *parse_plain_url(url)).objects.size();
  };
  CHECK(found("/feed") == 3);
  CHECK(found("a.test/feed") == 2);
  CHECK(found("http://b.test/feed") == 1);
  CHECK(found("/feed?x") == 1);
  CHECK(found("/nothing") == 0);
}

}  // namespace
}  // namespace weir
