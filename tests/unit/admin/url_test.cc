// URLs as people write them become what the cache keys by.
#include "proxy/admin/url.h"

#include "proxy/admin/stored.h"
#include "tests/support/catch.h"
#include "tests/unit/admin/running.h"

namespace weir {
namespace {

TEST_CASE("a URL loses its scheme and fragment, and its host and path take their normal form", "[admin_url]") {
  const std::pair<const char*, const char*> rows[] = {
      {"/path", "/path"},
      {"/path?b=2&a=1", "/path?b=2&a=1"},
      {"http://Example.COM/A/b", "example.com/A/b"},
      {"HTTPS://example.com:443/a", "example.com/a"},
      {"http://example.com:80/a", "example.com/a"},
      {"http://example.com:8080/a", "example.com:8080/a"},
      {"https://example.com:80/a", "example.com:80/a"},
      {"example.com/a", "example.com/a"},
      {"example.com", "example.com/"},
      {"example.com?x", "example.com/?x"},
      {"[::1]:8080/a", "[::1]:8080/a"},
      {"/a/../b/%7euser", "/b/~user"},
      {"/caf%c3%a9#menu", "/caf%C3%A9"},
      {"/a?", "/a?"},
  };
  for (const auto& [written, normal] : rows) {
    CAPTURE(written);
    const auto url = parse_plain_url(written);
    REQUIRE(url);
    CHECK(url->text() == normal);
  }
}

TEST_CASE("what no request could ask for is refused", "[admin_url]") {
  for (const std::string text :
       {"", "#", "http://", "http:///a", "/a b", "/a\\b", "/\xc3\xa9", "/%00", "/../..", "us er/a", "a@b/c", "/%zz"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_plain_url(text));
  }
  CHECK_FALSE(parse_plain_url(std::string(9000, '/')));
}

TEST_CASE("the query is put as the URL's route keys it", "[admin_url]") {
  test::Running weir;
  const auto& routes = *weir.services().snapshot()->routes;
  CHECK(as_keyed(*parse_plain_url("/search?page=2&q=cats&utm=x"), routes).text() == "/search?q=cats");
  CHECK(as_keyed(*parse_plain_url("/other?b=2&a=1"), routes).text() == "/other?a=1&b=2");
}

TEST_CASE("stored objects are found by URL, whatever else their keys hold", "[admin_url]") {
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
