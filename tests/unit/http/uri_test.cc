// Targets in one normal form, and what is refused because two readers could take it differently (hostile input rule
// 10).
#include "proxy/http/uri.h"

#include "tests/support/catch.h"

using namespace weir;
using namespace std::string_literals;

namespace {

struct Normal {
  std::string_view raw, path, query;
  bool has_query = false;
  std::string_view authority = {};
  Method method = Method::get;
};

}  // namespace

TEST_CASE("targets have one form", "[uri]") {
  for (const auto& row : {
           Normal{"/", "/", ""},
           Normal{"/a/b", "/a/b", ""},
           Normal{"/a?", "/a", "", true},
           Normal{"/a?x=1&y=%2f?", "/a", "x=1&y=%2F?", true},
           Normal{"/?/../x", "/", "/../x", true},
           Normal{"/%7Euser/%61%2D%5f%2E", "/~user/a-_.", ""},
           Normal{"/a%2fb%c3%a9", "/a%2Fb%C3%A9", ""},
           Normal{"/q?n=%7e%41", "/q", "n=%7E%41", true},  // decoded in no query: '+', '&' and '=' mean something there
           Normal{"/a/./b/../c", "/a/c", ""},
           Normal{"/a/b/..", "/a/", ""},
           Normal{"/a/b/.", "/a/b/", ""},
           Normal{"/a/%2e%2E/b", "/b", ""},
           Normal{"/a/..", "/", ""},
           Normal{"/.", "/", ""},
           Normal{"//a//b", "//a//b", ""},
           Normal{"/a//../b", "/a/b", ""},
           Normal{"/.well-known/x", "/.well-known/x", ""},
           Normal{"/..a/.../a..", "/..a/.../a..", ""},
           Normal{"/a;v=1/b;c", "/a;v=1/b;c", ""},
           Normal{"/{id}|^`\"<>", "/{id}|^`\"<>", ""},
           Normal{"/a:80/@x", "/a:80/@x", ""},
           Normal{"http://Example.COM/x?y", "/x", "y", true, "example.com"},
           Normal{"HTTPS://example.com:443", "/", "", false, "example.com"},
           Normal{"http://example.com:443/", "/", "", false, "example.com:443"},
           Normal{"http://h?q", "/", "q", true, "h"},
           Normal{"http://[::1]:8080/", "/", "", false, "[::1]:8080"},
           Normal{"*", "*", "", false, "", Method::options},
           Normal{"http://h", "*", "", false, "h", Method::options},
           Normal{"http://h/", "/", "", false, "h", Method::options},
           Normal{"/x", "/x", "", false, "", Method::other},
       }) {
    INFO(row.raw);
    Arena arena;
    auto target = parse_target(row.raw, row.method, arena);
    REQUIRE(target);
    CHECK(target->path == row.path);
    CHECK(target->query == row.query);
    CHECK(target->has_query == row.has_query);
    CHECK(target->authority == row.authority);
    const std::string again = std::string(target->path) + (target->has_query ? "?" + std::string(target->query) : "");
    auto second = parse_target(again, row.method, arena);
    REQUIRE(second);
    CHECK(second->path == row.path);
    CHECK(second->query == row.query);
  }
}

TEST_CASE("what a second reader could take differently is refused", "[uri]") {
  for (const auto& raw : {""s,
                          "a"s,
                          "*"s,
                          "?x"s,
                          "/a#b"s,
                          "/a?x#b"s,
                          "/a\\b"s,
                          "/a?b\\c"s,
                          "/a b"s,
                          "/a\tb"s,
                          "/\x01"s,
                          "/\x7f"s,
                          "/\0"s,
                          "/\xc3\xa9"s,
                          "/a?\xff"s,
                          "/%"s,
                          "/%4"s,
                          "/%4g"s,
                          "/%%41"s,
                          "/a?%"s,
                          "/a?x=%zz"s,
                          "/%00"s,
                          "/%0d"s,
                          "/%0A"s,
                          "/a?%00"s,
                          "/a?x=%0d%0aSet-Cookie:x"s,
                          "/.."s,
                          "/../a"s,
                          "/a/../.."s,
                          "/a/../../b"s,
                          "/%2e%2e/a"s,
                          "/.%2e/"s,
                          "/a/..%2fb"s,
                          "/a/%2e%2e%5cb"s,
                          "/..%2F"s,
                          "/a%2f..%2fb"s,
                          "/a%2F.."s,
                          "/a%5C./b"s,
                          "/..;/admin"s,
                          "/a/..;x=y/b"s,
                          "/.;/a"s,
                          "ftp://h/"s,
                          "http:/h"s,
                          "http:///x"s,
                          "http://"s,
                          "http://u@h/"s,
                          "http://u:p@h/"s,
                          "http://h:0/"s,
                          "http://h:65536/"s,
                          "http://h:080/"s,
                          "http://h/#x"s,
                          "http://[::1/"s,
                          "http://h /"s,
                          "example.com:443"s,
                          "file:///etc/passwd"s,
                          "http://h/.."s,
                          "http://h%41/"s,
                          "*?x"s,
                          "/*"s + "\r"s}) {
    INFO(raw);
    Arena arena;
    auto target = parse_target(raw, Method::get, arena);
    CHECK_FALSE(target);
    if (!target) {
      CHECK(target.error().side == Side::client);
    }
  }
}

TEST_CASE("authorities have one form", "[uri]") {
  struct Row {
    std::string_view raw;
    bool tls;
    std::string_view normal;
  };
  for (const auto& row : {Row{"example.com", false, "example.com"}, Row{"Example.COM:80", false, "example.com"},
                          Row{"example.com:80", true, "example.com:80"}, Row{"example.com:443", true, "example.com"},
                          Row{"example.com:443", false, "example.com:443"}, Row{"example.com.", false, "example.com"},
                          Row{"example.com.:8080", false, "example.com:8080"},
                          Row{"example.com:", false, "example.com"}, Row{"a_b-c.d", false, "a_b-c.d"},
                          Row{"127.0.0.1:8080", false, "127.0.0.1:8080"}, Row{"localhost", true, "localhost"},
                          Row{"[::1]", false, "[::1]"}, Row{"[2001:DB8:0:0:0:0:0:1]:80", false, "[2001:db8::1]"},
                          Row{"[::FFFF:1.2.3.4]:1", false, "[::ffff:1.2.3.4]:1"}, Row{"x:65535", false, "x:65535"}}) {
    INFO(row.raw);
    Arena arena;
    auto authority = parse_authority(row.raw, row.tls, arena);
    REQUIRE(authority);
    CHECK(*authority == row.normal);
    CHECK(*parse_authority(*authority, row.tls, arena) == row.normal);
  }
}

TEST_CASE("what is no host is refused", "[uri]") {
  for (const auto& raw : {""s,
                          ":80"s,
                          "."s,
                          ".a"s,
                          "a..b"s,
                          "a b"s,
                          "a/b"s,
                          "a?b"s,
                          "a#b"s,
                          "u@h"s,
                          "a,b"s,
                          "a%41"s,
                          "\xc3\xa9.com"s,
                          "a:b"s,
                          "a:-1"s,
                          "a:+1"s,
                          "a:0"s,
                          "a:01"s,
                          "a:65536"s,
                          "a:99999999999"s,
                          "a:80:80"s,
                          "a: 80"s,
                          "[::1"s,
                          "::1"s,
                          "[]"s,
                          "[::1]x"s,
                          "[::g]"s,
                          "[::1%25eth0]"s,
                          "[v1.x]"s,
                          "[1.2.3.4]"s,
                          "a\0b"s,
                          "[::1\0]"s,
                          "a\tb"s,
                          "a;b"s,
                          "a'b"s,
                          "a\\b"s,
                          std::string(256, 'a')}) {
    INFO(raw);
    Arena arena;
    CHECK_FALSE(parse_authority(raw, false, arena));
  }
}

TEST_CASE("the URL of an origin is a scheme, a host and a port", "[uri]") {
  auto plain = parse_origin_url("http://Videos.internal:8081");
  REQUIRE(plain);
  CHECK_FALSE(plain->tls);
  CHECK(plain->host == "videos.internal");
  CHECK(plain->port == 8081);
  CHECK(parse_origin_url("http://h/")->port == 80);
  CHECK(parse_origin_url("HTTPS://h")->port == 443);
  CHECK(parse_origin_url("https://h")->tls);
  CHECK(parse_origin_url("http://[::1]:9000")->host == "::1");
  for (const auto wrong : {"", "h:80", "http://", "http://h/path", "http://h?q", "http://u@h", "http://h:0",
                           "tcp://h:1", "http:h", "http://h:99999", "http://a b"}) {
    INFO(wrong);
    auto url = parse_origin_url(wrong);
    REQUIRE_FALSE(url);
    CHECK(url.error().side == Side::config);
  }
}

TEST_CASE("the URL of an origin may be the path of a unix socket", "[uri]") {
  const std::string longest = "/" + std::string(106, 'x');
  for (const auto& [url, path] : {std::pair<std::string, std::string>{"unix:/run/api.sock", "/run/api.sock"},
                                  {"unix:///run/api.sock", "/run/api.sock"},
                                  {"unix:/run/My Api.sock", "/run/My Api.sock"},
                                  {"unix:" + longest, longest}}) {
    INFO(url);
    const auto origin = parse_origin_url(url);
    REQUIRE(origin);
    CHECK(origin->path == path);
    CHECK(origin->host.empty());
    CHECK_FALSE(origin->tls);
    CHECK(origin->text() == "unix:" + path);
  }
  for (const auto& wrong : {std::string("unix:"), std::string("unix:run/api.sock"), std::string("unix://run/api.sock"),
                            std::string("unix:/run/"), "unix:" + longest + "x", std::string("unix:/run/a\nb"),
                            std::string("unix:/run/a\0b", 13)}) {
    INFO(wrong);
    CHECK_FALSE(parse_origin_url(wrong));
  }
}

TEST_CASE("query pairs, and names decoded for comparing", "[uri]") {
  std::vector<std::pair<std::string, std::string>> pairs;
  for_each_query_pair("a=1&&b&=x&c=2=3", [&](auto name, auto pair) { pairs.emplace_back(name, pair); });
  CHECK(pairs ==
        std::vector<std::pair<std::string, std::string>>{{"a", "a=1"}, {"b", "b"}, {"", "=x"}, {"c", "c=2=3"}});
  CHECK(percent_decode("a%41%zz%2") == "aA%zz%2");
  CHECK(percent_decode("%00") == "\0"s);
}
