// URLs as people write them become what the cache keys by.
#include "proxy/route/url.h"

#include "proxy/route/compile.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

TEST_CASE("a URL loses its scheme and fragment, and its host and path take their normal form", "[url]") {
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

TEST_CASE("what no request could ask for is refused", "[url]") {
  for (const std::string text :
       {"", "#", "http://", "http:///a", "/a b", "/a\\b", "/\xc3\xa9", "/%00", "/../..", "us er/a", "a@b/c", "/%zz"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_plain_url(text));
  }
  CHECK_FALSE(parse_plain_url(std::string(9000, '/')));
}

constexpr std::string_view kConfig = R"(
upstreams: { api: { servers: "http://127.0.0.1:1" } }
routes:
  - { name: search, match: GET /search, key: { query: [q], normalise: { q: [ trim, lower ] } } }
  - { name: search-write, match: /search, key: { query: [ id ] } }
  - { name: page, match: GET /page, key: { query_except: [ utm ] } }
  - { name: rest, match: / }
)";

TEST_CASE("the query is put as the route of a GET for the URL keys it", "[url]") {
  const Prepared prepared = prepare_text("test.yaml", kConfig, {});
  REQUIRE(prepared.ok());
  const std::pair<const char*, const char*> rows[] = {
      {"/search?page=2&q=cats&utm=x", "/search?q=cats"},
      {"/search?q=%20Cats+", "/search?q=cats"},
      {"/search?page=2", "/search"},
      {"a.test/search?id=1", "a.test/search"},
      {"/page?utm=x", "/page"},
      {"/page?utm=x&b=2&a=1", "/page?a=1&b=2"},
      {"/other?b=2&a=1", "/other?a=1&b=2"},
      {"/other?", "/other?"},
      {"/other", "/other"},
  };
  for (const auto& [written, keyed] : rows) {
    CAPTURE(written);
    CHECK(as_keyed(*parse_plain_url(written), *prepared.routes).text() == keyed);
  }
}

TEST_CASE("a prefix or a pattern takes the form of what it is compared with", "[url]") {
  const std::pair<const char*, const char*> rows[] = {
      {"/api/", "/api/"},
      {"/caf%c3%a9/", "/caf%C3%A9/"},
      {"/%61pi/%7e", "/api/~"},
      {"/a?x=%61%c3", "/a?x=%61%C3"},
      {"http://Example.COM:80/A", "example.com/A"},
      {"https://example.com:443/a", "example.com/a"},
      {"example.com:8080/a", "example.com:8080/a"},
      {"exam", "exam"},
      {"*/1", "*/1"},
      {"*.com/%61*", "*.com/a*"},
      {"/api/*/page?", "/api/*/page?"},
      {"/.", "/."},
      {"/a/..b", "/a/..b"},
  };
  for (const auto& [written, normal] : rows) {
    CAPTURE(written);
    const auto part = parse_url_part(written);
    REQUIRE(part);
    CHECK(*part == normal);
  }
  for (const std::string text : {"", "http://", "http:///a", "/a b", "/a\\b", "/a#b", "/\xc3\xa9", "/%00", "/%zz",
                                 "/caf%c3%a", "/a/../b", "/a/./b", "/a/%2e%2E/b", "a@b/c"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url_part(text));
  }
  CHECK_FALSE(parse_url_part(std::string(9000, '/')));
}

}  // namespace
}  // namespace weir
