// weir explain: what is said of a request, and where each of it stands.
#include "proxy/route/explain.h"

#include "proxy/route/compile.h"
#include "tests/support/catch.h"

namespace weir {
namespace {

constexpr std::string_view kFile = R"(upstreams: { api: { servers: http://a:1 } }
cache: { max_object: 1MiB }
defaults:
  cache: { stale_if_error: 1h }
routes:
  - name: search
    match: GET /search
    key: { query: [ q, page ], normalise: { q: [ trim, lower ] } }
    cache: { ttl: 10m }
    tags: [ search ]
  - name: feed
    match: GET /feed/{day}
    key: { user: { header: Authorization } }
    cache: { ttl: 1m }
    tags: [ "feed:${day}" ]
  - name: write
    match: POST /feed/{day}
    invalidate: { tags: [ "feed:${day}" ], soft: true }
    request: { headers: { set: { X-Key: s3cret } } }
  - name: live
    match: GET /live
    upgrade: [ websocket ]
    timeouts: { idle: 1m }
)";

Explained explained(std::string_view request, const std::vector<std::pair<std::string, std::string>>& fields = {}) {
  const auto made = prepare_text("f", kFile, {}, [](const std::string&) { return std::nullopt; });
  INFO(text_of(made.diagnostics));
  REQUIRE(made.ok());
  auto result = explain(*made.config, *made.routes, request, fields);
  REQUIRE(result);
  return std::move(*result);
}

std::string line(const Explained& explained, std::string_view what) {
  for (const auto& line : explained.lines) {
    if (line.what == what) return line.value + " @ " + line.place;
  }
  return "-";
}

TEST_CASE("a request is explained with the place of each answer") {
  const auto said = explained("GET /search?x=1&q=%20Cat&page=2", {{"Host", "Example.COM:80"}});
  CHECK(said.request == "GET example.com/search?x=1&q=%20Cat&page=2");
  CHECK(line(said, "route") == "search @ f:6");
  CHECK(line(said, "match") == "GET /search @ f:7");
  CHECK(line(said, "upstream") == "api @ f:1");
  CHECK(line(said, "server") == "http://a:1 @ f:1");
  CHECK(line(said, "key") == "example.com/search?page=2&q=cat @ f:8");
  CHECK(line(said, "cache") == "ttl @ f:9");
  CHECK(line(said, "cache.ttl") == "10m @ f:9");
  CHECK(line(said, "cache.stale_if_error") == "1h @ f:4");
  CHECK(line(said, "cache.etag") == "false @ default");
  CHECK(line(said, "cache.max_object") == "1MiB @ f:2");
  CHECK(line(said, "tag") == "search @ f:10");
  CHECK(line(said, "looked up") == "yes @ RFC 9111");
  CHECK(line(said, "request.max_body") == "16MiB @ default");
}

TEST_CASE("what a route says of upgrades and time") {
  const auto said = explained("GET /live");
  CHECK(line(said, "upgrade") == "websocket @ f:22");
  CHECK(line(said, "timeouts.idle") == "1m @ f:23");
  CHECK(line(said, "timeouts.total") == "-");
  CHECK(line(explained("GET /search"), "upgrade") == "-");
}

TEST_CASE("the method may be left out, the target be a whole URL") {
  CHECK(line(explained("/feed/1"), "route") == "feed @ f:11");
  CHECK(explained("http://Example.com/feed/1").request == "GET example.com/feed/1");
}

TEST_CASE("of https servers it is said how they are known") {
  const auto said_of = [](std::string_view upstream) {
    const std::string file = "upstreams: { api: { servers: " + std::string(upstream) + " } }\n";
    const auto made = prepare_text("f", file, {}, [](const std::string&) { return std::nullopt; });
    INFO(text_of(made.diagnostics));
    REQUIRE(made.ok());
    return line(explain(*made.config, *made.routes, "/", {}).value(), "server's certificate");
  };
  CHECK(said_of("http://a:1") == "-");
  CHECK(said_of("unix:/run/a.sock") == "-");
  CHECK(said_of("https://a") == "for the server's host, signed by whom the system trusts @ default");
  CHECK(said_of("https://a, tls: { server_name: api.internal }") ==
        "for api.internal, signed by whom the system trusts @ f:1");
  CHECK(said_of("https://a, tls: { verify: false }") == "any: it may be anybody @ f:1");
}

TEST_CASE("who the user is shows as a digest") {
  const auto said = explained("/feed/1", {{"Authorization", "Bearer abc"}});
  CHECK(said.text().find("abc") == std::string::npos);
  CHECK(line(said, "key user").starts_with("authorization (hashed: "));
  CHECK(line(said, "${day}") == "1 @ f:12");
}

TEST_CASE("whether the answer may be kept is said, too") {
  using FieldLines = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    const char* request;
    FieldLines fields;
    const char* looked_up;
    const char* kept;
  };
  const char* const only = "only if public, s-maxage or must-revalidate (Authorization) @ RFC 9111";
  const FieldLines shown{{"Authorization", "x"}}, no_store{{"Cache-Control", "no-store"}};
  const std::vector<Row> rows{
      {"GET /search", {}, "yes @ RFC 9111", "if the answer allows it @ RFC 9111"},
      {"HEAD /search", {}, "yes @ RFC 9111", "if the answer allows it @ RFC 9111"},  // fetched as a GET
      {"GET /search", no_store, "yes @ RFC 9111", "no: no-store @ RFC 9111"},
      {"HEAD /search", {shown[0], no_store[0]}, "yes @ RFC 9111", "no: no-store @ RFC 9111"},
      {"GET /search", shown, "yes @ RFC 9111", only},
      {"HEAD /search", shown, "yes @ RFC 9111", only},
      {"GET /feed/1", shown, "yes @ RFC 9111", "if the answer allows it @ RFC 9111"},
      {"GET /feed/1", {{"Authorization", ""}}, "yes @ RFC 9111", only},
      {"GET /search", {{"If-Match", "*"}}, "no: precondition @ RFC 9111", "no: precondition @ RFC 9111"},
      {"POST /feed/1", {}, "no: method @ RFC 9111", "no: method @ RFC 9111"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.request, row.fields.size());
    const auto said = explained(row.request, row.fields);
    CHECK(line(said, "looked up") == row.looked_up);
    CHECK(line(said, "kept") == row.kept);
  }
}

TEST_CASE("what weir refuses is said with its status, and that nobody else is asked") {
  using FieldLines = std::vector<std::pair<std::string, std::string>>;
  struct Row {
    const char* request;
    FieldLines fields;
    const char* refused;  // null: it isn't
  };
  const FieldLines upgrade{{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
  const FieldLines keyed{upgrade[0], upgrade[1], {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  const char* const not_served = "405: this method is not served here";
  const std::vector<Row> rows{
      {"TRACE /search", {}, not_served},
      {"CONNECT a:443", {}, not_served},
      {"CONNECT /search", {}, "400: CONNECT wants host:port"},
      {"PURGE /search", {}, not_served},
      {"SOFTPURGE /search", {}, not_served},
      {"GET /search", {{"Transfer-Encoding", "gzip"}}, "501: Transfer-Encoding is not chunked"},
      {"GET /search", {{"Expect", "foo"}}, "417: only 100-continue can be expected"},
      {"GET /search", {{"Content-Length", "abc"}}, "400: Content-Length is not one number"},
      {"GET /search", {{"Host", "a"}, {"Host", "b"}}, "400: more than one Host"},
      {"GET /search", {{"X", std::string(9000, 'x')}}, "431: a field line is too long"},
      {"GET /search", FieldLines(200, {"X", "y"}), "431: too many fields"},
      {"GET /search", {{"Content-Length", "5"}}, "400: a GET with a body is not served from a cached route"},
      {"HEAD /search",
       {{"Transfer-Encoding", "chunked"}, {"Expect", "100-continue"}},
       "400: a GET with a body is not served from a cached route"},
      {"GET /search", {{"Content-Length", "0"}}, nullptr},
      {"GET /search", {{"Content-Length", "5"}, {"If-Match", "*"}}, nullptr},  // not looked up
      {"POST /feed/1", {{"Content-Length", "5"}, {"Expect", "100-continue"}}, nullptr},
      {"POST /feed/1", {{"Content-Length", "16777217"}}, "413: the request's body is larger than this route takes"},
      {"GET /live", upgrade, "400: a WebSocket without its one key"},
      {"GET /live", keyed, nullptr},
      {"GET /search", upgrade, nullptr},  // dropped
  };
  for (const auto& row : rows) {
    CAPTURE(row.request, row.fields);
    const auto said = explained(row.request, row.fields);
    const std::string refused = line(said, "refused");
    if (row.refused == nullptr) {
      CHECK(refused == "-");
      CHECK(line(said, "server") == "http://a:1 @ f:1");
    } else {
      CHECK(refused.starts_with(std::string(row.refused) + " @ "));
      CHECK(line(said, "forwarded").starts_with("nothing: no origin is asked @ "));
      CHECK(line(said, "server") == "-");
    }
  }
  CHECK(line(explained("GET /live", keyed), "looked up") == "no: upgrade @ RFC 9111");
  CHECK(line(explained("GET /live", upgrade), "refused").ends_with(" @ f:22"));
}

TEST_CASE("of a PURGE it is said who may send it, and what it drops") {
  const std::string file =
      "admin: { purge_from: [ 10.0.0.0/8, \"::1\" ] }\nupstreams: { api: { servers: http://a:1 } }\n"
      "routes: [ { name: a, match: /, key: { query: [ q ] } } ]\n";
  const auto made = prepare_text("f", file, {}, [](const std::string&) { return std::nullopt; });
  REQUIRE(made.ok());
  const auto hard = explain(*made.config, *made.routes, "PURGE /x?b=1&q=2", {}).value();
  CHECK(line(hard, "drops url") == "localhost/x?q=2 @ f:1");
  CHECK(line(hard, "refused") == "405: this method is not served here, but for clients in [ 10.0.0.0/8, ::1 ] @ f:1");
  CHECK(line(hard, "forwarded") == "nothing: no origin is asked @ f:1");
  const auto soft = explain(*made.config, *made.routes, "SOFTPURGE /x", {}).value();
  CHECK(line(soft, "makes stale url") == "localhost/x @ f:1");
}

// fetch/prepare.cc: only an answer that others may get is asked for with less than the client sent.
TEST_CASE("what reaches the origin hangs on whether the answer may be kept") {
  using FieldLines = std::vector<std::pair<std::string, std::string>>;
  const auto forwarded = [](std::string_view request, const FieldLines& fields = {}) {
    return line(explained(request, fields), "forwarded");
  };
  CHECK(forwarded("GET /search") == "harmless fields, and those in the key @ f:9");
  CHECK(forwarded("HEAD /search") == "harmless fields, and those in the key @ f:9");
  CHECK(forwarded("GET /search", {{"Cache-Control", "no-store"}}) ==
        "the client's fields and query: nothing is kept (no-store) @ f:9");
  CHECK(forwarded("GET /search", {{"If-Match", "*"}}) ==
        "the client's fields and query: nothing is kept (precondition) @ f:9");
  CHECK(forwarded("GET /feed/1") == "harmless fields, and those in the key @ f:14");
  const std::string_view all =
      "upstreams: { api: { servers: http://a:1 } }\nroutes: [ { name: a, match: /, cache: { ttl: 1m } } ]";
  const auto made = prepare_text("f", all, {}, [](const std::string&) { return std::nullopt; });
  REQUIRE(made.ok());
  for (const char* request : {"POST /x", "OPTIONS /x", "DELETE /x"}) {
    CHECK(line(explain(*made.config, *made.routes, request, {}).value(), "forwarded") ==
          "the client's fields and query: nothing is kept (method) @ f:2");
  }
}

TEST_CASE("fields that Connection names don't count") {
  const auto said = explained("/feed/1", {{"Authorization", "Bearer abc"}, {"Connection", "X"}, {"X", "y"}});
  CHECK(line(said, "key user").starts_with("authorization (hashed: "));
  CHECK(line(explained("/search", {{"Connection", "If-Match"}, {"If-Match", "*"}}), "looked up") == "yes @ RFC 9111");
}

TEST_CASE("a write shows what it invalidates, and no secret") {
  const auto said = explained("POST /feed/1");
  CHECK(line(said, "makes stale tag") == "feed:1 @ f:18");
  CHECK(line(said, "looked up").starts_with("no: "));
  CHECK(line(said, "request.headers.set") == "{ X-Key: \"***\" } @ f:19");
  CHECK(said.text().find("s3cret") == std::string::npos);
  CHECK(said.json().find("s3cret") == std::string::npos);
}

TEST_CASE("where no route matches, that is said") {
  CHECK(line(explained("GET /none"), "route") == "none: 404 @ no route matches");
}

TEST_CASE("what can't be a request is an error") {
  const auto made = prepare_text("f", kFile, {}, [](const std::string&) { return std::nullopt; });
  REQUIRE(made.ok());
  for (const char* bad : {"", "GET", "GET nowhere", "G(T /a", "GET /a#b", "GET /%00", "GET /a b", "GET /../.."}) {
    CAPTURE(bad);
    CHECK_FALSE(explain(*made.config, *made.routes, bad, {}));
  }
  CHECK_FALSE(explain(*made.config, *made.routes, "/a", {{"bad name", "x"}}));
  CHECK_FALSE(explain(*made.config, *made.routes, "/a", {{"Host", "a b"}}));
  CHECK_FALSE(explain(*made.config, *made.routes, "/a", {{"X", "a\nb"}}));
}

TEST_CASE("explained as JSON") {
  const auto said = explained("GET /none");
  CHECK(
      said.json() ==
      R"({"request":"GET localhost/none","lines":[{"what":"route","value":"none: 404","place":"no route matches"}]})");
}

}  // namespace
}  // namespace weir
